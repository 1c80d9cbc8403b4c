"""Passwords of mailboxes, encrypted at rest."""

from __future__ import annotations

from typing import Final

from accounts import sealing
from accounts.sealing import Unsealable

PURPOSE: Final = "mailbox password"
__all__ = ["Unsealable", "opened", "sealed"]


def sealed(plain: str) -> str:
    return sealing.sealed(plain, PURPOSE) if plain else ""


def opened(kept: str) -> str:
    """The password. Raises Unsealable where SECRET_KEY changed since it was kept."""
    if not kept:
        return ""
    try:
        return sealing.opened(kept, PURPOSE)
    except Unsealable:
        raise Unsealable("SECRET_KEY changed. Enter the mailbox's password again.") from None
