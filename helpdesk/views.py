"""Pages that belong to no room: errors, health, the way from the admin's login to the common one."""

from __future__ import annotations

import sys
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.admin.sites import site
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.contract.problems import told
from helpdesk import pulse
from helpdesk.database.outages import Outage, outage_of, what_became_of
from helpdesk.logs import request_id
from helpdesk.middleware import is_api
from tickets.web import held

ERRORS = {
    400: ("bad_request", _("We couldn’t make sense of that request"), _("Go back and try again.")),
    403: (
        "forbidden",
        _("You don’t have access to this"),
        _("Log in with another account, or ask us for help."),
    ),
    404: (
        "not_found",
        _("We can’t find that page"),
        _("The link may be old or incomplete, or the page may belong to another account."),
    ),
}


def error(request: HttpRequest, status: int) -> HttpResponse:
    """The same error as a page for people and as JSON for programs."""
    code, title, advice = ERRORS[status]
    if is_api(request):
        return JsonResponse(told(code, f"{title}. {advice}"), status=status)
    return render(request, "error.html", {"status": status, "title": title, "advice": advice}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 for a bug, 503 for an outage. Both say what became of what was sent, and ask nothing of the database."""
    outage = outage_of(sys.exception())
    return failure(request, outage) if outage else failure(request, BROKEN, status=500)


BROKEN = Outage("server_error", _("Something went wrong on our side"), 0)


def failure(request: HttpRequest, outage: Outage, *, status: int = 503) -> HttpResponse:
    response: HttpResponse
    if is_api(request):
        with translation.override(settings.LANGUAGE_CODE):
            became = what_became_of(request.method).partition(" Your browser")[0]
            message = f"{outage.title}. {became} {_try_again(outage.retry_after)}".strip()
        response = JsonResponse(told(outage.code, message), status=status)
    else:
        advice = f"{what_became_of(request.method)} {_try_again(outage.retry_after)}".strip()
        nonce = getattr(request, "csp_nonce", "")
        facts = {"title": outage.title, "advice": advice, "number": request_id.get(), "nonce": nonce}
        response = HttpResponse(render_to_string("500.html", facts), status=status)
    if outage.retry_after:
        response["Retry-After"] = str(outage.retry_after)
    return response


def _try_again(seconds: int) -> str:
    if not seconds:
        return ""
    if seconds < 60:
        return ngettext("Try again in %(number)d second.", "Try again in %(number)d seconds.", seconds) % {
            "number": seconds
        }
    minutes = seconds // 60
    return ngettext("Try again in %(number)d minute.", "Try again in %(number)d minutes.", minutes) % {
        "number": minutes
    }


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What was written is shown again, ready to be sent from a fresh form; nothing is sent by itself."""
    context = {"fields": held.to_send_again(request, reason), "path": request.path}
    return render(request, "send_again.html", context, status=403)


def health(request: HttpRequest) -> JsonResponse:
    """200 when the database answers at once, 503 when it does not."""
    if pulse.database_answers():
        return JsonResponse({"status": "ok"})
    return JsonResponse({"status": "database unreachable"}, status=503, headers={"Retry-After": "10"})


def admin_login(request: HttpRequest) -> HttpResponse:
    """One login for everybody; who is logged in but may not enter the admin is told so."""
    if request.user.is_authenticated and not site.has_permission(request):
        return error(request, 403)
    target = request.GET.get("next", resolve_url("admin:index"))
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': target})}")
