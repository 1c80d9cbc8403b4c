"""In which language and time zone a page is made.

Language: what the person chose (account, else the switch's cookie), else the browser's. A ticket's own language comes
between the two, see ``tickets.words.languages``. Time zone: the account's, else the browser's by its cookie.
Programs and staff get English: the desk, the admin, invitations to it and the API are written in it.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from functools import cache
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers

from tickets.words import languages

ENGLISH_PREFIXES: Final = ("/admin", "/api", "/docs", "/healthz", "/join/")
ZONE_COOKIE: Final = "time_zone"
MAX_ZONE_CHARS: Final = 40


class LanguageMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(ENGLISH_PREFIXES):
            with translation.override(settings.LANGUAGE_CODE):
                return self.get_response(request)
        chosen = languages.chosen(request)
        language_tag = chosen or translation.get_language_from_request(request)
        zone = time_zone(request)
        with translation.override(language_tag), timezone.override(zone or timezone.get_default_timezone()):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or language_tag)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response


def time_zone(request: HttpRequest) -> zoneinfo.ZoneInfo | None:
    """The account's zone, else the one that the browser says; None where neither is known."""
    return _zone(str(getattr(request.user, "time_zone", ""))) or zone_said(request)


def zone_said(request: HttpRequest) -> zoneinfo.ZoneInfo | None:
    """The zone that the browser says."""
    return _zone(request.COOKIES.get(ZONE_COOKIE, ""))


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    known = len(name) <= MAX_ZONE_CHARS and name in _known_zones()
    return zoneinfo.ZoneInfo(name) if known else None
