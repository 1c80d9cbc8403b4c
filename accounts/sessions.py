"""A late answer takes no session away.

Pages ask in the background: answers that fit, what is new, files that go up. Such a request may still be on its way when
a sent form or a log-in gives the browser a new session, and finds that the key it came with is gone. Django then tells
the browser to forget its session cookie, which is by now the new one: whoever just logged in is logged out, a guest
loses the ticket just sent.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware as DjangosMiddleware
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers


class SessionMiddleware(DjangosMiddleware):
    """Django's, but that only a request that emptied the session itself (a log-out) takes the cookie back."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if _came_with_a_dead_key(request):
            patch_vary_headers(response, ("Cookie",))
            return response
        return super().process_response(request, response)


def _came_with_a_dead_key(request: HttpRequest) -> bool:
    session = getattr(request, "session", None)
    if session is None or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    return bool(session.is_empty() and not session.modified)
