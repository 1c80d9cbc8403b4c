"""API tokens as supervisors see them: everybody's, and those of services, which they make."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.admin import SupervisorsRead, is_supervisor, shown_once
from accounts.models import SERVICE_DOMAIN, Role, User
from accounts.signin.powers import Powerful
from accounts.tokens import keys
from accounts.tokens.models import ApiToken
from accounts.tokens.scopes import WORDS, Scope


class ServiceTokenForm(forms.ModelForm):
    """A token for a service. People make theirs themselves: nobody acts in another person's name."""

    service = forms.SlugField(
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="Of the program that gets the token, for example crm-sync. A new name makes a new service: an account "
        "without a password, which no one can log in with and which gets no mail.",
    )
    role = forms.ChoiceField(
        choices=[(Role.REQUESTER, "Requester"), (Role.AGENT, "Agent"), (Role.SUPERVISOR, "Supervisor")],
        initial=Role.AGENT,
        widget=UnfoldAdminSelectWidget,
        help_text="What the service is allowed at all. A service that there is keeps the role it has.",
    )
    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, f"{scope.value}: {WORDS[scope]}") for scope in Scope],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label="Ends", coerce=int, choices=list(keys.LIFETIMES.items()), initial=365, widget=UnfoldAdminSelectWidget
    )  # fmt: skip

    class Meta:
        model = ApiToken
        fields = ("name", "networks")
        help_texts = {
            "networks": "Addresses or networks it may come from, such as 203.0.113.0/24. Empty: from anywhere."
        }

    def clean_networks(self) -> str:
        return keys.read_networks(self.cleaned_data["networks"])

    def clean_service(self) -> str:
        name = str(self.cleaned_data["service"]).lower()
        if ApiToken.objects.filter(user__email=f"{name}@{SERVICE_DOMAIN}").live().count() >= keys.MOST:
            raise forms.ValidationError("It has as many tokens as anybody may have. Revoke one first.")
        return name


@admin.register(ApiToken)
class ApiTokenAdmin(Powerful, SupervisorsRead):
    form = ServiceTokenForm
    list_display = ["name", "user", "hint", "scopes", "state", "expires_at", "last_used_at"]
    list_select_related = ["user"]
    search_fields = ["name", "user__email"]
    actions = ["revoke"]
    harmless_actions = ("revoke",)
    fields = ["user", "name", "hint", "scopes", "networks", "made_by", "created_at", "expires_at", "last_used_at",
              "revoked_at"]  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_supervisor(request)

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        return self.fields if obj else ["service", "role", "name", "scopes", "days", "networks"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        return super().get_queryset(request).select_related("user", "made_by")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """The new token is on the next page: there is no way past it."""
        context.update(show_save_and_add_another=False, show_save_and_continue=False)
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description="State", label={"Good": "success", "Ended": "warning", "Revoked": "danger"})
    def state(self, token: ApiToken) -> str:
        if token.revoked_at:
            return "Revoked"
        return "Good" if token.is_live else "Ended"

    @action(description="Revoke")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        ended = sum(keys.revoke(token, by=cast(User, request.user)) for token in queryset)
        self.message_user(request, f"{ended} revoked.", messages.SUCCESS if ended else messages.WARNING)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        chosen = form.cleaned_data
        with transaction.atomic():
            service = User.objects.service(chosen["service"], role=Role(chosen["role"]))
            made, raw = keys.make(
                service, name=chosen["name"], scopes=[Scope(s) for s in chosen["scopes"]], days=chosen["days"],
                networks=chosen["networks"], by=cast(User, request.user),
            )  # fmt: skip
        obj.__dict__.update(made.__dict__)
        obj.raw = raw  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiToken, post_url_continue: Any = None
    ) -> HttpResponse:
        """The token's text stands in this one answer and nowhere else."""
        return shown_once(
            request, f"The token “{obj.name}”", obj.raw, back=reverse("admin:tokens_apitoken_changelist"),  # type: ignore[attr-defined]
        )  # fmt: skip
