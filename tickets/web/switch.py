"""The language switch: a choice is kept in the browser, and with the account where there is one."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from tickets.access import person
from tickets.words import languages


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    language_tag = languages.supported(request.POST.get("language", ""))
    user = person(request)
    if user is not None and language_tag:
        user.language = language_tag
        user.save(update_fields=["language"])
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    if not (ours and target.startswith("/")):
        target = "/"
    response = HttpResponseRedirect(target)  # an address, never the name of a view
    if language_tag:
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language_tag,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response
