"""What is asked of a person again before they use a power: the second factor, if theirs is not fresh.

A power is what changes what customers get without a person, or who may do so. Who has no second factor is not asked;
REQUIRE_SECOND_FACTOR says who must have one. Taking power away (a stop, a mode further down) is never held up.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, cast

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import urlencode

from accounts.models import User
from accounts.signin.factors import has_factor

View = Callable[..., HttpResponseBase]
When = Callable[[HttpRequest], bool]
#: What of a request's surroundings is kept while the factor is asked for. Never cookies: they are in the new request.
KEPT: Final = {"REQUEST_METHOD", "CONTENT_TYPE", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "REMOTE_ADDR",
               "HTTP_HOST", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_USER_AGENT", "HTTP_ACCEPT",
               "HTTP_REFERER", "HTTP_ORIGIN"}  # fmt: skip

#: Fields that no session may hold, not even for a minute: with them the form is shown again, empty of them.
SECRETS: Final = ("password",)


def demand(request: HttpRequest) -> None:
    """Return where the person may go on. Otherwise raise what leads to the second factor and then, by itself, on."""
    user = cast(User, request.user)
    if not user.is_authenticated or not has_factor(user) or _is_fresh(request, user):
        return
    raise ImmediateHttpResponse(_ask(request, user))


def _is_fresh(request: HttpRequest, user: User) -> bool:
    given = [
        record["at"] for record in get_authentication_records(request, user) if record.get("method") == "mfa"
    ]
    return bool(given) and time.time() - max(given) < settings.SECOND_FACTOR_MINUTES * 60


def _ask(request: HttpRequest, user: User) -> HttpResponse:
    if request.method == "POST" and not any(request.POST.get(name) for name in SECRETS):
        request.session[STATE_SESSION_KEY] = {"request": _kept(request)}
    methods = get_adapter().get_reauthentication_methods(user)
    # A kept request is taken up again at its path; its query is kept with it.
    back = request.path if request.method == "POST" else request.get_full_path()
    answer = redirect(f"{methods[0]['url']}?{urlencode({'next': back})}")
    answer["Cache-Control"] = "no-store"
    return answer


def _kept(request: HttpRequest) -> str:
    """The request as django-allauth takes it up again; files cannot be kept, and no power takes any."""
    return json.dumps(
        {
            "path": request.path,
            "path_info": request.path_info,
            "META": {name: value for name, value in request.META.items() if name in KEPT},
            "GET": request.GET.urlencode(),
            "POST": request.POST.urlencode(),
            "method": request.method,
            "scheme": request.scheme,
        }
    )


def is_post(request: HttpRequest) -> bool:
    return request.method == "POST"


def always(request: HttpRequest) -> bool:
    """For what is carried out of the house."""
    return True


def power(when: When = is_post) -> Callable[[View], View]:
    """Put a view under ``demand``, for the requests that ``when`` says."""

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if when(request):
                demand(request)
            return view(request, *args, **kwargs)

        guarded.is_power = True  # type: ignore[attr-defined]
        return guarded

    return wrap


class Powerful:
    """For admins of tables: saving, adding, deleting and the list's actions are powers."""

    #: Actions of the list that only take power away.
    harmless_actions: tuple[str, ...] = ()

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_post(request):
            demand(request)
        return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_post(request):
            demand(request)
        return super().delete_view(request, *args, **kwargs)  # type: ignore[misc]

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_post(request) and request.POST.get("action", "") not in self.harmless_actions:
            demand(request)
        return super().changelist_view(request, *args, **kwargs)  # type: ignore[misc]
