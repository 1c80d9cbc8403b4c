"""What people tell about themselves."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.names import validate_name
from accounts.signatures import LONGEST, VARIABLES, check, signature_of


class SignupDetailsForm(forms.Form):
    """Adds the name to the sign-up form."""

    name = forms.CharField(
        max_length=120,
        label=_("Your name"),
        validators=[validate_name],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ["name", "email", "password1", "password2"]

    def signup(self, request: HttpRequest, user: User) -> None:
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])


class ProfileForm(forms.ModelForm):
    """The name, and an agent's signature. Address and password have pages of their own that ask for proof."""

    signature = forms.CharField(
        max_length=LONGEST, required=False, validators=[check], widget=forms.Textarea({"rows": 4}),
        label="Your signature",
        help_text="Added below each reply you write to a customer. You can use "
        + " and ".join(f"{{{name}}} ({words})" for name, words in VARIABLES.items()) + ".",
    )  # fmt: skip

    class Meta:
        model = User
        fields = ["name", "signature"]
        labels = {"name": _("Your name")}
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}
        help_texts = {"name": _("What should we call you?")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.is_agent:  # nobody else's words are signed
            del self.fields["signature"]
            return
        if not self.instance.signature and (house := signature_of(self.instance)):
            self.fields["signature"].help_text += f" Left empty, it is the house’s: “{escape(house)}”."

    def clean_signature(self) -> str:
        return str(self.cleaned_data["signature"]).replace("\r\n", "\n").strip()
