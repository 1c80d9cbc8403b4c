"""Secrets that must be kept readable, encrypted at rest with keys that are made from SECRET_KEY."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class Unsealable(Exception):
    """The secret was sealed with another SECRET_KEY, or for another purpose."""


def _box(purpose: str) -> Fernet:
    """Each purpose has a key of its own, so that what is sealed for one cannot be passed off as another."""
    key = hashlib.sha256(purpose.encode() + b"\0" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def sealed(plain: str, purpose: str) -> str:
    return _box(purpose).encrypt(plain.encode()).decode()


def opened(kept: str, purpose: str) -> str:
    """What was sealed. Raises Unsealable where SECRET_KEY changed since."""
    try:
        return _box(purpose).decrypt(kept.encode()).decode()
    except InvalidToken:
        raise Unsealable("SECRET_KEY changed since this was kept.") from None
