"""Pages that belong to no room: errors, health, the way from the admin's login to the common one."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.admin.sites import site
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render, resolve_url

ERRORS = {
    400: ("bad_request", "That request could not be understood", "Go back and try again."),
    403: ("forbidden", "You may not do that", "Log in with another account or ask a colleague who may."),
    404: ("not_found", "There is nothing here", "The address is wrong, or you may not see what it names."),
    500: ("server_error", "Something broke on our side", "Nothing you sent is lost. Try again in a minute."),
}


def error(request: HttpRequest, status: int) -> HttpResponse:
    """The same error as a page for people and as JSON for programs."""
    code, title, advice = ERRORS[status]
    if request.path == "/api" or request.path.startswith("/api/"):
        return JsonResponse({"code": code, "message": f"{title}. {advice}", "errors": {}}, status=status)
    template = "500.html" if status == 500 else "error.html"
    return render(request, template, {"status": status, "title": title, "advice": advice}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return error(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    context = {
        "status": 403,
        "title": "This form has expired",
        "advice": "Go back, reload the page and send it again. Your browser must accept cookies from this site.",
    }
    return render(request, "error.html", context, status=403)


def health(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, 503 when it does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "database unreachable"}, status=503)
    return JsonResponse({"status": "ok"})


def admin_login(request: HttpRequest) -> HttpResponse:
    """One login for everybody; who is logged in but may not enter the admin is told so."""
    if request.user.is_authenticated and not site.has_permission(request):
        return error(request, 403)
    target = request.GET.get("next", resolve_url("admin:index"))
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': target})}")
