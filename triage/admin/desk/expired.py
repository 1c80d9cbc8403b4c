"""What an agent sends after their session has ended: it waits in the browser's session until they log in again.

Only a browser in which an agent worked lately may leave something there (a signed cookie tells), and only that
agent gets it back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import User
from tickets.access import at_desk
from tickets.desk import drafts

COOKIE: Final = "desk_agent"
SALT: Final = "triage.admin.desk"
COOKIE_LASTS: Final = timedelta(days=7)
KEPT: Final = "typed_after_the_session"
View = Callable[..., HttpResponse]


def remember(response: HttpResponse, agent: User) -> None:
    """Mark the browser as one in which this agent works."""
    response.set_signed_cookie(
        COOKIE, str(agent.pk), salt=SALT, max_age=COOKIE_LASTS, path="/admin/", httponly=True, samesite="Lax",
        secure=bool(settings.SESSION_COOKIE_SECURE),
    )  # fmt: skip


def keeps_what_was_typed(typed: dict[str, str]) -> Callable[[View], View]:
    """For views that take the page's form: a POST without a session is kept, and the login asked for."""

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, ticket_id: int, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method == "POST" and not request.user.is_authenticated:
                return _kept(request, ticket_id, typed)
            return view(request, ticket_id, *args, **kwargs)

        return guarded

    return wrap


def _kept(request: HttpRequest, ticket_id: int, typed: dict[str, str]) -> HttpResponse:
    agent = request.get_signed_cookie(COOKIE, default=None, salt=SALT, max_age=COOKIE_LASTS)
    if agent is not None:
        texts = {
            name: request.POST[posted][: drafts.TEXTS[name]].replace("\r\n", "\n")
            for posted, name in typed.items()
            if request.POST.get(posted, "").strip()
        }
        if texts:  # of one ticket at a time: a session is no archive
            request.session[KEPT] = {"agent": agent, "ticket": ticket_id, "texts": texts}
    page = reverse("admin:tickets_ticket_change", args=[ticket_id])
    login = f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': page})}"
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"login": login, "message": "Your session has ended."}, status=401)
    return HttpResponse(status=302, headers={"Location": login})


def give_back(request: HttpRequest, agent: User) -> None:
    """After the login: into the agent's draft, below what it holds already."""
    kept = request.session.pop(KEPT, None)
    ticket = at_desk(agent).filter(pk=kept["ticket"]).first() if kept else None
    if ticket is None or kept["agent"] != str(agent.pk):
        return
    draft = drafts.draft_of(agent, ticket)
    texts = {
        name: _joined(getattr(draft, name) if draft else "", text) for name, text in kept["texts"].items()
    }
    drafts.keep(agent, ticket, texts)


def _joined(before: str, later: str) -> str:
    """One text where the later one is the same, grown or edited a little; else both."""
    head = before.strip()[:40]
    return later if not head or head in later else f"{before.rstrip()}\n\n{later}"
