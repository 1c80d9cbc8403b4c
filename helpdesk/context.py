"""What every template may know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import get_language

from tickets.service import due

KEPT_SECONDS: Final = 60


def site(request: HttpRequest) -> dict[str, object]:
    return {
        "company": settings.COMPANY_NAME,
        "support_email": settings.SUPPORT_EMAIL,
        "demo": settings.DEMO,
        "languages": settings.LANGUAGES,  # each by its own name, whatever the page is written in
        "attachment_max_bytes": settings.ATTACHMENT_MAX_BYTES,
        "attachments_per_message": settings.ATTACHMENTS_PER_MESSAGE,
        "response_target_hours": lambda: _kept("usual hours", due.usual_hours),
        "opening_words": lambda: _opening_words((get_language() or "en")[:2]),
    }


def _opening_words(language: str) -> str:
    return str(_kept(f"opening words {language}", lambda: due.opening_words(language)))


def _kept(name: str, ask: Callable[[], object]) -> object:
    """What every page says of the working hours is asked once a minute: the home page needs no database for it."""
    return cache.get_or_set(f"page:{name}".replace(" ", "-"), ask, KEPT_SECONDS)
