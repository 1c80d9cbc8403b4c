"""Agents keep macros of their own; supervisors also those that are everybody's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldBooleanSwitchWidget

from accounts.admin import BoundedAdmin, is_agent, is_supervisor
from tickets.macros.models import Macro
from tickets.macros.variables import VARIABLES

HINT = "You may write " + ", ".join(f"{{{name}}} ({words})" for name, (words, _) in VARIABLES.items()) + "."


class MacroForm(forms.ModelForm):
    shared = forms.BooleanField(
        required=False, label="For everybody", widget=UnfoldBooleanSwitchWidget,
        help_text="Else only you see it.",
    )  # fmt: skip

    class Meta:
        model = Macro
        fields = ("name", "reply", "note", "then", "urgency", "tags", "takes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "shared" in self.fields:
            self.fields["shared"].initial = self.instance.owner_id is None if self.instance.pk else False

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())


@admin.register(Macro)
class MacroAdmin(BoundedAdmin):
    """What agents write and do again and again."""

    form = MacroForm
    list_display = ["name", "does_what", "for_whom", "used", "used_at"]
    list_display_links = ["name"]
    list_select_related = ["owner"]
    search_fields = ["name"]
    ordering = ["name"]

    def get_fieldsets(self, request: HttpRequest, obj: Macro | None = None) -> Any:
        whose = ("name", "shared") if is_supervisor(request) else ("name",)
        return (
            (None, {"fields": whose}),
            ("Texts", {"fields": ("reply", "note"), "description": HINT}),
            ("Steps", {"fields": ("then", "urgency", "tags", "takes")}),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Macro]:
        rows = super().get_queryset(request)
        return rows.filter(Q(owner=None) | Q(owner=request.user.pk))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_agent(request)

    has_add_permission = has_module_permission

    def has_view_permission(self, request: HttpRequest, obj: Macro | None = None) -> bool:
        return is_agent(request)

    def has_change_permission(self, request: HttpRequest, obj: Macro | None = None) -> bool:
        if obj is None:
            return is_agent(request)
        return is_supervisor(request) if obj.owner_id is None else obj.owner_id == request.user.pk

    has_delete_permission = has_change_permission

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One by one: what is chosen from a list may hold what one must not delete."""
        return {}

    @display(description="Does")
    def does_what(self, macro: Macro) -> str:
        return macro.does()

    @display(description="For", label={"Everybody": "info", "You": "success"})
    def for_whom(self, macro: Macro) -> str:
        return "Everybody" if macro.owner_id is None else "You"

    def get_form(
        self, request: HttpRequest, obj: Macro | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        base = super().get_form(request, obj, change=change, **kwargs)
        whose = request.user

        class Bound(base):  # type: ignore[misc, valid-type]
            """Knows whose it will be, so that a name that is taken is said beside the field."""

            def clean(self) -> dict[str, Any]:
                said = super().clean() or {}
                if obj is None or is_supervisor(request):
                    shared = is_supervisor(request) and said.get("shared")
                    self.instance.owner = None if shared else whose
                taken = Macro.objects.filter(owner=self.instance.owner, name__iexact=said.get("name", ""))
                if taken.exclude(pk=self.instance.pk).exists():
                    self.add_error("name", ValidationError("There is a macro of this name.", code="taken"))
                return said

        return Bound
