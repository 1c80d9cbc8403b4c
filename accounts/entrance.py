"""django-allauth's forms in our words. Apart from ``accounts.forms``, which allauth loads while it starts."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as library
from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.mailboxes import validate_address

LABELS = {
    "login": _("Email address"),
    "email": _("Email address"),
    "password": _("Password"),
    "oldpassword": _("Current password"),
    "password1": _("New password"),
    "password2": _("New password again"),
    "remember": _("Keep me logged in"),
}
HINT = _("At least 8 characters. Avoid your name, common passwords and digits only.")


class OurWords:
    """Labels, one short hint, and no text inside the fields that repeats the label."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = LABELS.get(name, field.label)
            field.widget.attrs.pop("placeholder", None)
            if isinstance(field, forms.EmailField):
                field.validators = [validate_address]
        if "password1" in self.fields:
            self.fields["password1"].help_text = HINT


class LoginForm(OurWords, library.LoginForm):
    pass


class SignupForm(OurWords, library.SignupForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = _("Password")
        self.fields["password2"].label = _("Password again")

    def try_save(self, request: HttpRequest) -> tuple[Any, Any]:
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])  # a known address must not answer sooner
        return super().try_save(request)


class ResetPasswordForm(OurWords, library.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(OurWords, library.ResetPasswordKeyForm):
    pass


class ChangePasswordForm(OurWords, library.ChangePasswordForm):
    pass


class ReauthenticateForm(OurWords, library.ReauthenticateForm):
    pass


class AddEmailForm(OurWords, library.AddEmailForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New email address")
