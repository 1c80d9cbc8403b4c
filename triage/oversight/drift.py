"""The slower watch: is what comes in still mixed as it was when the evidence was gathered? It warns, and does no more.

Once a day the latest whole weeks are compared with a reference, kind by kind. The reference is the first four weeks
after somebody last said that this is how it is now, or the first ones there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.mail import send_mail
from django.db import models, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from triage.core.deciding import drift
from triage.core.deciding.drift import Comparison
from triage.oversight import incoming, ladder
from triage.oversight.incoming import Kind

if TYPE_CHECKING:
    from accounts.models import User

#: Whole weeks only: a week-end is unlike a Monday.
REFERENCE_DAYS: Final = 28
REFERENCE_AT_LEAST: Final = 14
#: The latest days: as few of these as hold enough tickets.
LATEST_DAYS: Final = (7, 14, 28)
MAILS: Final = 50


class Baseline(models.Model):
    """From which day on the reference is taken; the newest row counts. ``by`` is empty where the worker began it."""

    first = models.DateField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    why = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Reference from {self.first}"


class DriftWarning(models.Model):
    """A kind of which the latest days differ from the reference. It goes when they no longer do, or somebody says so."""

    kind = models.CharField(max_length=8, primary_key=True, choices=Kind.choices)
    since = models.DateField()
    ongoing = models.BooleanField(default=True)
    told_on = models.DateField(null=True)

    def __str__(self) -> str:
        return self.get_kind_display()


@dataclass(frozen=True)
class Window:
    """Days, the first and the last included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Kept:
    """One kind: how it compares (None: too little to tell), and whether it is a warning."""

    kind: Kind
    comparison: Comparison | None
    since: date | None

    @property
    def warns(self) -> bool:
        return self.comparison is not None and self.comparison.warns(len(Kind))


@dataclass(frozen=True)
class Stream:
    """What is compared with what; no windows where there are not enough days yet."""

    reference: Window | None
    latest: Window | None
    kinds: tuple[Kept, ...]

    @property
    def warnings(self) -> list[Kept]:
        return [kept for kept in self.kinds if kept.warns]


def stream() -> Stream:
    """How the latest days compare with the reference, from the counts of finished days alone."""
    windows = _windows()
    if windows is None:
        return Stream(None, None, tuple(Kept(kind, None, None) for kind in Kind))
    reference, latest = windows
    then = incoming.days_between(reference.first, reference.last)
    now = incoming.days_between(latest.first, latest.last)
    since = dict(DriftWarning.objects.filter(ongoing=True).values_list("kind", "since"))
    kinds = tuple(Kept(kind, drift.compare(then[kind], now[kind]), since.get(kind)) for kind in Kind)
    return Stream(reference, latest, kinds)


def _windows() -> tuple[Window, Window] | None:
    """The reference and the latest days, which never overlap."""
    baseline = Baseline.objects.first()
    last = incoming.newest_day()
    if baseline is None or last is None:
        return None
    latest = _latest(baseline.first, last)
    room = (latest.first - baseline.first).days // 7 * 7
    if room < REFERENCE_AT_LEAST:
        return None
    reference = Window(baseline.first, baseline.first + timedelta(days=min(REFERENCE_DAYS, room) - 1))
    return reference, latest


def _latest(first: date, last: date) -> Window:
    """The shortest window with enough tickets that leaves room for a reference; else the longest that does."""
    counts = incoming.tickets_by_day(last - timedelta(days=max(LATEST_DAYS) - 1), last)
    window = Window(last - timedelta(days=LATEST_DAYS[0] - 1), last)
    for days in LATEST_DAYS:
        begin = last - timedelta(days=days - 1)
        if (begin - first).days < REFERENCE_AT_LEAST:
            break
        window = Window(begin, last)
        if sum(n for day, n in counts.items() if day >= begin) >= drift.FEWEST:
            break
    return window


def sweep() -> None:
    """Count the days that are finished since, and look once they all are."""
    if not incoming.count_finished_days():
        return
    if not Baseline.objects.exists():
        _begin()
    look()


def _begin() -> None:
    """The first reference: from the first day that was counted on."""
    if incoming.newest_day() == incoming.last_finished_day():
        first = incoming.Incoming.objects.order_by("day").values_list("day", flat=True)[0]
        Baseline.objects.create(first=first)


@transaction.atomic
def look() -> list[Kept]:
    """Keep which kinds differ, and tell the supervisors of those that newly do. Returns these."""
    today = timezone.localdate()
    warned = {kept.kind for kept in stream().warnings}
    DriftWarning.objects.filter(ongoing=True).exclude(kind__in=warned).update(ongoing=False)
    known = {row.kind: row for row in DriftWarning.objects.select_for_update().filter(kind__in=warned)}
    begun = [kind for kind in Kind if kind in warned and not (kind in known and known[kind].ongoing)]
    for kind in begun:
        DriftWarning.objects.update_or_create(kind=kind, defaults={"ongoing": True, "since": today})
    untold = [kind for kind in begun if kind not in known or known[kind].told_on != today]
    news = [kept for kept in stream().warnings if kept.kind in untold]
    if news:
        DriftWarning.objects.filter(kind__in=untold).update(told_on=today)
        tell_supervisors(news)
    return news


def tell_supervisors(news: list[Kept]) -> None:
    """One mail each, with names of kinds and no number of any ticket."""
    facts = {
        "company": settings.COMPANY_NAME,
        "news": news,
        "url": f"{settings.SITE_URL}{reverse('oversight-drift')}",
    }
    body = render_to_string("oversight/drift.txt", facts)
    for address in ladder.supervisors().order_by("pk").values_list("email", flat=True)[:MAILS]:
        send_mail("What comes in has changed", body, None, [address])


@transaction.atomic
def accept(*, by: User | None, why: str) -> Baseline:
    """This is how it is now: the reference is taken anew, from the first of the latest days on."""
    if not why.strip():
        raise ladder.Refused("Say in writing what has changed and what was done about it.")
    windows = _windows()
    if windows is None:
        raise ladder.Refused("There is nothing to compare yet, so there is nothing to accept.")
    DriftWarning.objects.all().update(ongoing=False)
    return Baseline.objects.create(first=windows[1].first, by=by, why=why.strip()[:400])
