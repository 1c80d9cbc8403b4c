"""The house's own fields: supervisors make them."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin import SupervisorsEdit
from tickets.fields.models import Field


@admin.register(Field)
class FieldAdmin(SupervisorsEdit):
    auditors_read = True
    list_display = ["name", "kind", "is_active"]
    search_fields = ["name"]
    fields = ["name", "kind", "choices", "is_active"]
    ordering = ["name"]
