"""Signed links that let a guest see one ticket without an account."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.urls import reverse

if TYPE_CHECKING:
    from tickets.models import Ticket

SALT = "tickets.guest_link"


def token_for(ticket: Ticket) -> str:
    return signing.dumps(ticket.reference, salt=SALT)


def url_for(ticket: Ticket) -> str:
    return f"{settings.SITE_URL}{reverse('guest-link', args=[token_for(ticket)])}"


def reference_in(token: str) -> str:
    """The reference that a token was signed for; ``signing.BadSignature`` if forged or expired."""
    return str(signing.loads(token, salt=SALT, max_age=timedelta(days=settings.GUEST_LINK_DAYS)))


def expired_reference_in(token: str) -> str | None:
    """The reference of a genuine but expired token, so that a fresh link can be mailed; else None."""
    try:
        return str(signing.loads(token, salt=SALT))
    except signing.BadSignature:
        return None
