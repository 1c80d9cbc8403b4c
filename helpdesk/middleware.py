"""What every request must be and what every response carries."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path

from accounts.contract import problems
from helpdesk.logs import request_id

# Customers' pages run the scripts that carry this answer's nonce, and have no inline styles at all. Inline styles on
# the others: the admin theme and Swagger UI set them. The theme's library makes functions of its attributes at run
# time; Swagger UI also starts itself with an inline script.
NONCE = (
    "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; style-src 'self' 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
STRICT = (
    "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; script-src 'self'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
THEMED = STRICT.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'")
RELAXED = STRICT.replace("script-src 'self'", "script-src 'self' 'unsafe-inline' 'unsafe-eval'")
#: The beginning of a path → its policy; the first that fits counts. The agents' pages do without the theme.
POLICIES = (
    ("/admin/tickets/ticket/", STRICT),
    ("/admin/desk/", STRICT),
    ("/admin/next/", STRICT),
    ("/admin", THEMED),
    ("/api/docs", RELAXED),
    ("", NONCE),
)


GIVEN_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}")

LARGEST_KEY: Final = 2**63 - 1


class RequestIdMiddleware:
    """Gives each request an id, or takes over the one that a proxy gave it; answer and log lines carry it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        current = given if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        request_id.set(current)  # it stands until this thread's next request: Django logs after this returns
        response = self.get_response(request)
        response.headers["X-Request-ID"] = current
        return response


class SecurityHeadersMiddleware:
    """Adds the content security policy and the permissions policy unless a view set its own, and how long it is kept.

    Templates write ``request.csp_nonce`` into their script elements; it is another one for each answer.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        nonce = request.csp_nonce = secrets.token_urlsafe(16)  # type: ignore[attr-defined]
        response = self.get_response(request)
        policy = next(policy for beginning, policy in POLICIES if request.path.startswith(beginning))
        if sites := getattr(response, "frame_ancestors", ""):  # a page that is made for others' frames
            policy = policy.replace("frame-ancestors 'none'", f"frame-ancestors {sites}")
        response.headers.setdefault("Content-Security-Policy", policy.format(nonce=nonce))
        microphone = "(self)" if settings.VOICE_MODEL else "()"
        response.headers.setdefault(
            "Permissions-Policy", f"camera=(), microphone={microphone}, geolocation=()"
        )
        response.headers.setdefault("Cache-Control", _kept(request))
        return response


def is_api(request: HttpRequest) -> bool:
    return request.path == "/api" or request.path.startswith("/api/")


class ProblemsMiddleware:
    """Makes one shape of every error below ``/api``, whoever made it: a view, a library, another middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Errors of another protocol, such as JSON-RPC, have a shape of their own.
        if response.status_code < 400 or not is_api(request) or getattr(response, "own_shape", False):
            return response
        said = {} if response.streaming else problems.read(response.content)
        instance = f"{escape_uri_path(request.path)}#{request_id.get()}"
        response.content = problems.written(response.status_code, said, instance)
        response.headers["Content-Type"] = problems.MEDIA_TYPE
        response.headers["Content-Length"] = str(len(response.content))
        return response


def _kept(request: HttpRequest) -> str:
    """Where a view does not say otherwise: what may be somebody's own is kept nowhere, the rest is asked for anew."""
    known = settings.SESSION_COOKIE_NAME in request.COOKIES or "Authorization" in request.headers
    own = known or request.method not in {"GET", "HEAD"}
    return "private, no-store" if own else "private, no-cache"


class NoNulMiddleware:
    """Refuses addresses with a NUL: PostgreSQL takes none, so that looking one up would be a server error."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("The address holds a NUL character.")
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        """A number that no column holds names nothing, whichever view would ask the database for it."""
        if any(isinstance(value, int) and value > LARGEST_KEY for value in kwargs.values()):
            raise Http404("No row has such a number.")
