"""What is asked of who makes an API token."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.tokens import keys
from accounts.tokens.models import ApiToken
from accounts.tokens.scopes import WORDS, Scope, offered_to


class TokenForm(forms.Form):
    """For ``user``, who is offered only scopes that open something to them."""

    name = forms.CharField(
        max_length=80, label=_("Name"), help_text=_("What is it for?"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(
        label=_("It may"), widget=forms.CheckboxSelectMultiple(), error_messages={"required": _("Choose at least one.")}
    )  # fmt: skip
    days = forms.TypedChoiceField(
        label=_("It ends"), coerce=int, choices=list(keys.LIFETIMES.items()), initial=90
    )
    networks = forms.CharField(
        label=_("Only from"), required=False, max_length=1000,
        help_text=_("Addresses or networks, like 203.0.113.7 or 203.0.113.0/24. Empty: from anywhere."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(scope.value, WORDS[scope]) for scope in offered_to(user)]
        self.fields["scopes"].choices = choices  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_networks(self) -> str:
        return keys.read_networks(self.cleaned_data["networks"])

    def make(self, user: User, *, by: User) -> tuple[ApiToken, str]:
        """The token and its text. ValidationError where they have as many as anybody may have."""
        chosen = self.cleaned_data
        return keys.make(
            user, name=chosen["name"], scopes=[Scope(scope) for scope in chosen["scopes"]], days=chosen["days"],
            networks=chosen["networks"], by=by,
        )  # fmt: skip
