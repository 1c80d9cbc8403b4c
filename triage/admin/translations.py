"""What is missing in which language, and what was translated from a text that has changed since: filters of lists."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.admin import SimpleListFilter
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from triage.answers import language_tags
from triage.models import Answer, Intent

APPROVED = Answer.State.APPROVED


class MissingAnswerFilter(SimpleListFilter):
    """Intents without an approved answer in a language: what there is to translate."""

    title = "answer missing in"
    parameter_name = "missing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The house's language, those of its pages, and every one that has an answer already."""
        tags = {settings.TRIAGE_LANGUAGE, *(tag for tag, _name in settings.LANGUAGES)}
        tags |= set(Answer.objects.order_by().values_list("language", flat=True).distinct())
        return [(tag, tag) for tag in sorted({language_tags.base(tag) for tag in tags})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Intent]) -> QuerySet[Intent]:
        wanted = self.value()
        if wanted not in dict(self.lookup_choices):  # it goes into a pattern
            return queryset
        there = Answer.objects.filter(intent=OuterRef("pk"), state=APPROVED)
        return queryset.exclude(Exists(there.filter(language__regex=f"^{wanted}(-|$)")))


class OriginalChangedFilter(SimpleListFilter):
    """Approved translations that are older than what is approved in the house's language."""

    title = "translation"
    parameter_name = "translation"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("outdated", "The original changed since")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Answer]) -> QuerySet[Answer]:
        if self.value() != "outdated":
            return queryset
        return queryset.filter(pk__in=Answer.objects.outdated().values("pk"))
