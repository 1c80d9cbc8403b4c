"""What the frame asks for: the guest's form without a subject, which has room on our own page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.web.forms import GuestTicketForm, text_area


class WidgetForm(GuestTicketForm):
    subject = None  # type: ignore[assignment]
    field_order = ("body", "attachments", "email", "name", "human_requested")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"].label = _("Your question")
        self.fields["body"].widget = text_area(4)
        self.fields["body"].help_text = _("Please leave out passwords and card numbers.")
        self.fields["email"].help_text = _("Our answer goes there, too.")
        self.fields["name"].help_text = ""
        self.fields["name"].widget = forms.TextInput(attrs={"autocomplete": "name"})
        self.fields["human_requested"].help_text = ""

    def once_key(self, sender: str) -> str:
        self.cleaned_data.setdefault("subject", "")
        return super().once_key(sender)
