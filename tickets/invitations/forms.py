"""What is asked of who joins."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.entrance import HINT
from accounts.models import User
from accounts.names import validate_name


class JoinForm(forms.Form):
    """For the address ``email``, which the link has proved."""

    name = forms.CharField(
        max_length=120, label="Your name", validators=[validate_name],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )  # fmt: skip
    password1 = forms.CharField(
        max_length=128, strip=False, label="Password", help_text=HINT,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    password2 = forms.CharField(
        max_length=128, strip=False, label="Password again",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        first, again = said.get("password1"), said.get("password2")
        if first and again and first != again:
            self.add_error("password2", "The two passwords differ.")
        elif first and again:
            try:
                validate_password(first, User(email=self.email, name=said.get("name", "")))
            except ValidationError as error:
                self.add_error("password1", error)
        return said
