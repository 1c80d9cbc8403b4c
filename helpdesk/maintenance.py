"""What everybody gets while the house is closed: a page in their language, JSON for programs. Asks no database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.contract.problems import told
from helpdesk.language import ENGLISH_PREFIXES, zone_said
from helpdesk.middleware import is_api
from tickets.watch.maintenance import Maintenance, state

#: Asked by who watches over the house; each answers for itself.
ALWAYS: Final = ("/healthz", "/readyz", "/metrics")
#: What staff need, where the desk is left open.
DESK: Final = ("/admin", "/accounts/", "/attachments/")
FRAMED: Final = "/widget/"


class MaintenanceMiddleware:
    """Answers 503 to everybody; health checks pass, and log-in and the admin where the desk is left open."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        now = state()
        if now is None or request.path in ALWAYS or (now.desk_open and request.path.startswith(DESK)):
            return self.get_response(request)
        return closed(request, now)


def closed(request: HttpRequest, now: Maintenance) -> HttpResponse:
    """503 with the page or the problem, and after how many seconds to come again."""
    english = request.path.startswith(ENGLISH_PREFIXES)
    language_tag = settings.LANGUAGE_CODE if english else translation.get_language_from_request(request)
    zone = zone_said(request) or timezone.get_default_timezone()
    response: HttpResponse
    with translation.override(language_tag), timezone.override(zone):
        if is_api(request):
            words = (
                "This helpdesk is closed for maintenance. What you sent was not saved; what is here is kept."
            )
            response = JsonResponse(told("maintenance", words), status=503)
        else:
            facts = {
                "company": settings.COMPANY_NAME,
                "sent": request.method not in {"GET", "HEAD"},
                "again": request.get_full_path() if request.method == "GET" else "",
                "until": now.announced,
                "nonce": getattr(request, "csp_nonce", ""),
            }
            response = HttpResponse(render_to_string("maintenance.html", facts), status=503)
            response.headers["Content-Language"] = translation.get_language() or language_tag
    response.headers["Retry-After"] = str(now.retry_after)
    response.headers["Cache-Control"] = "no-store"
    if request.path.startswith(
        FRAMED
    ):  # whose sites may show it, only the database knows; there is nothing to click
        response.frame_ancestors = "*"  # type: ignore[attr-defined]
    return response
