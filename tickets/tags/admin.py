"""The team's tags: supervisors rename what was misspelt and delete what nobody needs."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from accounts.admin import SupervisorsEdit
from tickets.tags.models import Tag


@admin.register(Tag)
class TagAdmin(SupervisorsEdit):
    auditors_read = True
    list_display = ["name", "tickets", "created_at"]
    search_fields = ["name"]
    fields = ["name"]
    ordering = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        return super().get_queryset(request).annotate(borne=Count("taggings"))

    @display(description="Tickets", ordering="borne")
    def tickets(self, tag: Tag) -> int:
        borne: int = tag.borne  # type: ignore[attr-defined]
        return borne
