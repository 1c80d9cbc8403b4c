"""django-allauth's forms of second factors in our words, with our limits."""

from __future__ import annotations

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.signin import codes


class CodeField:
    """The one field for a code: of the app or a recovery code."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.label = _("Code")
        field.widget.attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}


class TriesCode(CodeField):
    """Counts each try; what is right is used up."""

    user: Any
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        try:
            found = codes.try_code(context.request, self.user, code)
        except codes.LockedOut:
            found = None  # axes' middleware answers in the form's place
        if found is None:
            raise get_adapter().validation_error("incorrect_code")
        self.authenticator = found
        return code


class AuthenticateForm(TriesCode, base.AuthenticateForm):
    pass


class ReauthenticateForm(TriesCode, base.ReauthenticateForm):
    pass


class ActivateTOTPForm(CodeField, totp.ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code from the app")


class AddWebAuthnForm(webauthn.AddWebAuthnForm):
    """A key may always be used to log in alone where it can: one kind for people to understand."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = _name_field(required=False)
        passwordless = self.fields["passwordless"]
        passwordless.label = _("Log in with it, without a password")
        passwordless.help_text = _("Your device asks for your finger, face or PIN.")
        passwordless.initial = True


class EditWebAuthnForm(webauthn.EditWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"] = _name_field(required=True)


def _name_field(*, required: bool) -> forms.CharField:
    return forms.CharField(
        label=_("Name"), max_length=60, required=required, help_text=_("So that you can tell it from others.")
    )
