"""Filters by name, ``status:waiting``: a list that other apps add to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from tickets.access import Viewer
from tickets.search import folding
from tickets.search.query import SearchRefused
from tickets.states import Status

Read = Callable[[str, Viewer], Q]


@dataclass(frozen=True)
class Filter:
    """``read`` turns what stands behind the colon into a condition on tickets, or raises SearchRefused."""

    name: str
    read: Read
    example: str
    words: str
    for_staff: bool = True


FILTERS: dict[str, Filter] = {}


def register_filter(name: str, read: Read, *, example: str, words: str, for_staff: bool = True) -> None:
    """Add a filter. Requesters' lists know only those that are not ``for_staff``."""
    FILTERS[name] = Filter(name, read, example, words, for_staff)


def names(*, staff: bool) -> frozenset[str]:
    return frozenset(one.name for one in FILTERS.values() if staff or not one.for_staff)


def condition(name: str, value: str, viewer: Viewer) -> Q:
    if not value:
        facts = {"name": name, "example": FILTERS[name].example}
        raise SearchRefused(_("Say what to look for behind “%(name)s:”, for instance %(example)s.") % facts)
    return FILTERS[name].read(value, viewer)


# --- those of the ticket domain -------------------------------------------------------------------------

_STATUS_WORDS: Final = {
    "open": (Status.OPEN, Status.ESCALATED, Status.PENDING),
    "new": (Status.OPEN,),
    "team": (Status.ESCALATED,),
    "escalated": (Status.ESCALATED,),
    "waiting": (Status.PENDING,),
    "pending": (Status.PENDING,),
    "auto": (Status.AUTO_RESOLVED,),
    "auto_resolved": (Status.AUTO_RESOLVED,),
    "answered": (Status.AUTO_RESOLVED, Status.RESOLVED),
    "resolved": (Status.RESOLVED,),
    "closed": (Status.CLOSED,),
}


def _by_status(value: str, viewer: Viewer) -> Q:
    wanted: set[Status] = set()
    for word in value.lower().split(","):
        if word not in _STATUS_WORDS:
            facts = {"word": word, "known": ", ".join(_STATUS_WORDS)}
            raise SearchRefused(_("“%(word)s” is no status. Use one of: %(known)s.") % facts)
        wanted |= set(_STATUS_WORDS[word])
    return Q(status__in=sorted(wanted))


def _by_sender(value: str, viewer: Viewer) -> Q:
    """A whole address; parts of a name or address are terms, which the index answers."""
    return Q(requester_email=User.objects.normalize_email(value))


def _by_assignee(value: str, viewer: Viewer) -> Q:
    sought = folding.fold(value)
    if sought in {"none", "nobody", "-"}:
        return Q(assignee=None)
    if sought == "me" and viewer.person is not None:
        return Q(assignee=viewer.person)
    team = User.objects.staff().values_list("pk", "name", "email")
    chosen = [pk for pk, name, email in team if sought in folding.fold(name) or sought in email]
    if not chosen:
        raise SearchRefused(
            f"No agent's name or address holds “{value}”. “assignee:me” and “assignee:nobody” work too."
        )
    return Q(assignee__in=chosen)


_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_AGO = re.compile(r"(\d{1,4})([dhw])")


def day_named(value: str) -> datetime:
    """The moment at which a day, month or year begins, or so many days, hours or weeks ago."""
    now = timezone.localtime()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    word = value.lower()
    if word == "today":
        return midnight
    if word == "yesterday":
        return midnight - timedelta(days=1)
    if ago := _AGO.fullmatch(word):
        unit = {"d": "days", "h": "hours", "w": "weeks"}[ago[2]]
        return now - timedelta(**{unit: int(ago[1])})
    if named := _DATE.fullmatch(word):
        try:
            day = datetime(int(named[1]), int(named[2] or 1), int(named[3] or 1))
            return timezone.make_aware(day)
        except (ValueError, OverflowError):
            pass
    raise SearchRefused(
        _("“%(word)s” is no date. Write 2026-11-30, 2026-11, today, or 7d for a week ago.") % {"word": value}
    )


register_filter("status", _by_status, example="status:waiting", words="where it stands", for_staff=False)
register_filter(
    "from", _by_sender, example="from:rita@example.com", words="part of the sender's name or address"
)
register_filter("assignee", _by_assignee, example="assignee:me", words="who is in charge, or nobody")
register_filter(
    "after", lambda value, viewer: Q(created_at__gte=day_named(value)), example="after:2026-11",
    words="came in on this day or later", for_staff=False,
)  # fmt: skip
register_filter(
    "before", lambda value, viewer: Q(created_at__lt=day_named(value)), example="before:2026-11-30",
    words="came in before this day", for_staff=False,
)  # fmt: skip
