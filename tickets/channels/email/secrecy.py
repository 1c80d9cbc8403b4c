"""Passwords of mailboxes, encrypted at rest with a key that is made from SECRET_KEY."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class Unsealable(Exception):
    """The password was sealed with another SECRET_KEY."""


def _box() -> Fernet:
    key = hashlib.sha256(b"mailbox password\0" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def sealed(plain: str) -> str:
    return _box().encrypt(plain.encode()).decode() if plain else ""


def opened(kept: str) -> str:
    """The password. Raises Unsealable where SECRET_KEY changed since it was kept."""
    if not kept:
        return ""
    try:
        return _box().decrypt(kept.encode()).decode()
    except InvalidToken:
        raise Unsealable("SECRET_KEY changed. Enter the mailbox's password again.") from None
