"""The frame of the agents' pages: where one can go from there, and which replies are on their way out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.admin import reads_desk
from accounts.models import User
from triage.admin.desk import expired
from triage.admin.navigation import account_links, sidebar
from triage.desk.glance import OnItsWay, replies_leaving

View = Callable[..., HttpResponse]


def agents_only(view: View) -> View:
    """Pages and calls of the desk: behind the common login, for agents. Auditors read them, and send nothing."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not reads_desk(request):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return admin.site.admin_view(guarded)


def who(request: HttpRequest) -> User:
    return cast(User, request.user)


@dataclass(frozen=True)
class Leaving:
    """A reply that can still be taken back, and for how many seconds."""

    held: OnItsWay
    seconds: int


def leaving(rows: Iterable[OnItsWay]) -> list[Leaving]:
    now = timezone.now()
    return [Leaving(row, max(0, round((row.send_at - now).total_seconds()))) for row in rows]


def show(
    request: HttpRequest,
    template: str,
    title: str,
    *,
    status: int = 200,
    on_their_way: Iterable[OnItsWay] | None = None,
    **context: Any,
) -> HttpResponse:
    """The page in the frame. ``on_their_way`` are the agent's replies, where the page has read them already."""
    frame = {
        "title": title,
        "sections": sidebar(request),
        "account_links": account_links(request),
        "leaving": leaving(replies_leaving(who(request)) if on_their_way is None else on_their_way),
    }
    response = render(request, template, {**frame, **context}, status=status)
    if who(request).is_agent:
        expired.remember(response, who(request))
    response.headers["Cache-Control"] = "no-store"  # "back" shows the ticket as it is, not as it was
    return response
