"""What is an e-mail address here, and which addresses are one mailbox."""

from __future__ import annotations

import re
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

LONGEST: Final = 254
NO_ADDRESS = _("Enter an email address, like name@example.com.")
#: Providers that deliver a.b@ and ab@ to the same person.
DOTS_IGNORED: Final = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
#: A part before the @ in quotes is legal and used by nobody; it may hold blanks, brackets and control characters.
LOCAL_PART: Final = re.compile(r"[!#$%&'*+/=?^_`{|}~.0-9a-z-]+", re.IGNORECASE)


def normalize(email: str | None) -> str:
    """``email`` as it is kept and compared: without blanks around it, in lower case."""
    return (email or "").strip().lower()


def validate_address(email: str) -> None:
    """ValidationError unless mail can be sent to ``email`` as it stands: printable, no quotes, no blanks."""
    address = str(email)
    local = address.rpartition("@")[0]
    if len(address) > LONGEST or not address.isprintable() or not LOCAL_PART.fullmatch(local):
        raise ValidationError(NO_ADDRESS, code="invalid")
    validate_email(address)


def mailbox_of(email: str) -> str:
    """The one name of all spellings that reach the same mailbox; of a text that is no address, the text."""
    local, at, domain = normalize(email).rpartition("@")
    local = local.partition("+")[0] or local
    if domain in DOTS_IGNORED:
        local, domain = local.replace(".", ""), DOTS_IGNORED[domain]
    return f"{local}{at}{domain}"


class AddressFormField(forms.EmailField):
    """For forms. What it gives is checked and normalised."""

    default_validators = [validate_address]

    def to_python(self, value: Any) -> str:
        return normalize(super().to_python(value))


class AddressApiField(serializers.EmailField):
    """For programs. What it gives is checked and normalised."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST, **options)
        self.validators.append(validate_address)

    def to_internal_value(self, data: Any) -> str:
        return normalize(super().to_internal_value(data))
