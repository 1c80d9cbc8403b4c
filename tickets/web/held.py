"""Nothing that somebody wrote is lost: a form that cannot be taken now waits in the session until it can.

A person who is logged out is sent to the login, whether what they asked for exists or not, and finds their text again
behind it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _

from tickets.access import person

if TYPE_CHECKING:
    from tickets.web.forms import CountedForm

#: What people write and choose, by the names of the forms' fields. Nothing else is ever kept or shown again.
FIELDS: Final = frozenset(
    {"body", "subject", "email", "name", "comment", "rating", "solved", "human_requested", "once", "staged"}
)
SESSION_KEY: Final = "held"
KEPT_AT_MOST: Final = 4  # forms of one session; each at most as long as a message
QUERY: Final = "held"

Held = Mapping[str, list[str]]


def written(request: HttpRequest) -> dict[str, list[str]]:
    """What a request's form says, of the known fields, cut to what any of them takes."""
    longest = settings.MESSAGE_MAX_CHARS
    return {
        name: [value[:longest] for value in request.POST.getlist(name)]
        for name in request.POST
        if name in FIELDS
    }


def hold(request: HttpRequest) -> str:
    """Keep the request's form; returns the key to find it by in this session."""
    key = uuid.uuid4().hex[:12]
    held = dict(list(request.session.get(SESSION_KEY, {}).items())[1 - KEPT_AT_MOST :])
    request.session[SESSION_KEY] = {**held, key: written(request)}
    return key


def held(request: HttpRequest) -> Held:
    """The form that the address names, or an empty one."""
    key = request.GET.get(QUERY, "")
    found: Held = request.session.get(SESSION_KEY, {}).get(key, {}) if key else {}
    return found


def first_values(form: Held) -> dict[str, str]:
    """One value a field, as a form's ``initial``."""
    return {name: values[0] for name, values in form.items() if values and name != "staged"}


def release(request: HttpRequest) -> None:
    """Forget the held form that the address names: it was sent."""
    forms = dict(request.session.get(SESSION_KEY, {}))
    if forms.pop(request.GET.get(QUERY, ""), None) is not None:
        request.session[SESSION_KEY] = forms


def to_login(request: HttpRequest, target: str) -> HttpResponse:
    """The login page, which leads on to ``target``; what a POST says is waiting there."""
    if request.method == "POST" and written(request):
        path, mark, fragment = target.partition("#")
        target = f"{path}{'&' if '?' in path else '?'}{QUERY}={hold(request)}{mark}{fragment}"
        messages.info(request, _("Your text is safe. Log in to send it."))
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': target})}")


def login_if_unknown(target: str = "") -> Callable[..., Callable[..., HttpResponse]]:
    """For views of one ticket: what is not there for somebody who is logged out may be there behind the login.

    ``target`` names the page to go on to, by the view's arguments; without it, it is the same page.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                return view(request, *args, **kwargs)
            except Http404:
                if person(request) is not None:
                    raise
                page = reverse(target, args=args, kwargs=kwargs) if target else request.get_full_path()
                return to_login(request, page)

        return guarded

    return decorate


def shown_again(
    request: HttpRequest, template: str, context: dict[str, Any], form: CountedForm, *, sent: bool
) -> HttpResponse:
    """The page with its form: what was typed stays there, whatever it was refused for."""
    page = render(request, template, context, status=429 if form.wait else 422 if sent else 200)
    if form.wait:
        page["Retry-After"] = str(form.wait)
    return page


def to_send_again(request: HttpRequest, reason: str) -> list[tuple[str, str]]:
    """The fields of a form whose token was refused, to be sent from a page of ours by a click.

    Nothing where the form did not come from our own pages, and nothing of forms that hold a password.
    """
    foreign = (
        "checking failed" in reason or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin"
    )
    if foreign or any("password" in name for name in request.POST):
        return []
    return [(name, value) for name, values in written(request).items() for value in values]
