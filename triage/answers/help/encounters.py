"""Did answers beside the form save tickets? A random share of forms gets none, so that the difference is the cause.

Counted by form, whether anything was read or not: the share that ended in a ticket where answers were held back, less
the share where they were shown. Loads nothing of the engine: a form that was sent is told here.

An encounter is known by a cookie of its own. It is never kept in the session: the answers are asked for in the
background, and a session cookie that came with one of them late would take the place of the one that came with the
ticket, and with it the guest's way to it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from tickets.web.views import form_sent
from triage.answers.help.models import Encounter
from triage.core.deciding.bounds import difference_limits

COOKIE: Final = "suggested"
SALT: Final = "help.encounter"
OPEN_FOR: Final = timedelta(minutes=30)  # a form that is still being written
SETTLED_AFTER: Final = timedelta(hours=2)  # then nobody is writing it any more: it counts
MOST_OFFERED: Final = 12


def _unsent(request: HttpRequest) -> QuerySet[Encounter]:
    """The encounter that this browser has last met, as long as it led neither to a ticket nor to an answer."""
    number = request.get_signed_cookie(COOKIE, default="0", salt=SALT, max_age=SETTLED_AFTER) or "0"
    return Encounter.objects.filter(pk=number, asked=False, solved="")


def current(request: HttpRequest) -> Encounter | None:
    """The encounter of the form that this browser is writing."""
    return _unsent(request).filter(at__gte=timezone.now() - OPEN_FOR).first()


def meet(request: HttpRequest, slugs: Sequence[str]) -> Encounter:
    """Answers fit what is being written: the encounter, drawn by lot at its beginning, with what was offered."""
    found = current(request)
    if found is None:
        shown = random.random() >= settings.HELP_HELD_BACK_SHARE  # noqa: S311  # a lot, no secret
        return Encounter.objects.create(shown=shown, offered=list(slugs))
    if new := [slug for slug in slugs if slug not in found.offered]:
        found.offered = [*found.offered, *new][:MOST_OFFERED]
        found.save(update_fields=["offered"])
    return found


def remember(response: HttpResponse, encounter: Encounter) -> None:
    """Let the browser bring the encounter along with what it asks next."""
    response.set_signed_cookie(
        COOKIE,
        str(encounter.pk),
        salt=SALT,
        max_age=SETTLED_AFTER,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def solve(request: HttpRequest, slug: str) -> bool:
    """Its reader says that an answer was enough; whether there was such an encounter."""
    found = current(request)
    if found is None or not found.shown or slug not in found.offered:
        return False
    return bool(_unsent(request).update(solved=slug))


def note_sent(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    """The form ended in a ticket."""
    if COOKIE in request.COOKIES:
        _unsent(request).update(asked=True)


form_sent.connect(note_sent, dispatch_uid="help encounters")


@dataclass(frozen=True)
class Saving:
    """Forms with answers shown and held back, and how many of each became tickets.

    ``saved`` is the share of forms that answers kept from becoming one, from ``low`` to ``high`` with 95 %; None while
    one of the two groups is empty.
    """

    shown: int
    shown_asked: int
    held: int
    held_asked: int
    said_solved: int
    saved: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def tickets(self) -> tuple[int, int, int] | None:
        """Tickets saved so far: estimate, least and most."""
        if self.saved is None or self.low is None or self.high is None:
            return None
        return (round(self.saved * self.shown), round(self.low * self.shown), round(self.high * self.shown))


def saving(days: int) -> Saving:
    """What the last ``days`` tell, without forms that may still be being written."""
    now = timezone.now()
    rows = Encounter.objects.filter(at__gte=now - timedelta(days=days), at__lt=now - SETTLED_AFTER)
    shown, held = rows.filter(shown=True), rows.filter(shown=False)
    counts = (shown.count(), shown.filter(asked=True).count(), held.count(), held.filter(asked=True).count())
    said = shown.exclude(solved="").count()
    if not counts[0] or not counts[2]:
        return Saving(*counts, said)
    limits = difference_limits(counts[3], counts[2], counts[1], counts[0])
    return Saving(*counts, said, *limits)
