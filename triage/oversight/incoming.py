"""What comes in, counted by day: how many tickets were in which language, how long, in scope or not, of which intent.

A finished day is counted once, by the worker, from the decisions on it. Only numbers are kept, so they outlive the
tickets and say nothing of anybody.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import ClassVar, Final

from django.db import models, transaction
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Length
from django.utils import timezone

from tickets.models import Message
from triage.core.deciding.drift import Counts
from triage.models import FIRST_RUN, Decision
from triage.modes import base

#: Where a house has a history already, so many days of it are counted.
HISTORY: Final = 35
#: Days that are counted in one sweep, so that it stays short.
AT_ONCE: Final = 8
#: A day is finished for good some time after midnight: what was decided before it is committed by then.
SETTLED_AFTER: Final = timedelta(hours=1)
#: Upper limits of the lengths told apart, in characters of the first message.
LENGTHS: Final = (50, 150, 500, 1_500, 5_000)
LONGER: Final = "more"


class Kind(models.TextChoices):
    """What is told apart."""

    LANGUAGE = "language", "Languages"
    LENGTH = "length", "Length"
    SCOPE = "scope", "Known or not"
    INTENT = "intent", "Intents"


class Incoming(models.Model):
    """How many tickets that were decided on one day had one value of a kind."""

    DAY: ClassVar = ""  # the kind of the row that says that the day was counted, however little came in

    day = models.DateField()
    kind = models.CharField(max_length=8, blank=True, choices=Kind.choices)
    value = models.CharField(max_length=80, blank=True)
    n = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["day", "kind", "value"], name="incoming_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.value}: {self.n}"


def last_finished_day() -> date:
    return timezone.localdate(timezone.now() - SETTLED_AFTER) - timedelta(days=1)


def newest_day() -> date | None:
    """The latest day that was counted: read from the end of the index, however long the table is."""
    days = Incoming.objects.filter(kind=Incoming.DAY).order_by("-day").values_list("day", flat=True)
    found: date | None = days.first()
    return found


def count_finished_days() -> bool:
    """Count some of the days that are still to be counted. Whether any was."""
    last = last_finished_day()
    newest = newest_day()
    day = newest + timedelta(days=1) if newest else _first_day(last)
    if day is None or day > last:
        return False
    for at in range(min(AT_ONCE, (last - day).days + 1)):
        count_day(day + timedelta(days=at))
    return True


def _first_day(last: date) -> date | None:
    """The first day that anything was decided on, but not further back than HISTORY; None: nothing yet."""
    begin = last - timedelta(days=HISTORY - 1)
    first = _decided().filter(created_at__gte=_midnight(begin)).order_by("created_at").first()
    return timezone.localdate(first.created_at) if first else None


@transaction.atomic
def count_day(day: date) -> None:
    """Keep the counts of one day. Who counts it at the same time keeps the same ones."""
    counts: Counter[tuple[str, str]] = Counter()
    for values in _values(day):
        counts.update(values)
    rows = [Incoming(day=day, kind=kind, value=value, n=n) for (kind, value), n in sorted(counts.items())]
    total = sum(n for (kind, _), n in counts.items() if kind == Kind.SCOPE)
    rows.append(Incoming(day=day, kind=Incoming.DAY, n=total))
    Incoming.objects.bulk_create(rows, ignore_conflicts=True)


def _values(day: date) -> Iterator[list[tuple[str, str]]]:
    """Of each ticket decided on this day its value of every kind."""
    written = Message.objects.filter(ticket=OuterRef("ticket")).order_by("pk").annotate(size=Length("body"))
    rows = _decided().filter(
        created_at__gte=_midnight(day), created_at__lt=_midnight(day + timedelta(days=1))
    )
    rows = rows.filter(ticket__quarantined_at=None).annotate(size=Subquery(written.values("size")[:1]))
    for language, intent, reason, size in rows.order_by().values_list(
        "language", "intent_slug", "reason", "size"
    ):
        yield [
            (Kind.LANGUAGE, base(language) if language else ""),
            (Kind.LENGTH, length(size or 0)),
            (Kind.SCOPE, scope(intent, reason)),
            (Kind.INTENT, intent),
        ]


def _decided() -> models.QuerySet[Decision]:
    return Decision.objects.filter(applied=True, run=FIRST_RUN)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()), timezone.get_default_timezone())


def length(characters: int) -> str:
    """The part of LENGTHS that a text falls into, by its upper limit."""
    return next((str(limit) for limit in LENGTHS if characters <= limit), LONGER)


def scope(intent: str, reason: str) -> str:
    return "out_of_scope" if reason == "out_of_scope" else "known" if intent else "unknown"


def days_between(first: date, last: date) -> dict[str, list[Counts]]:
    """By kind the counts of each day from ``first`` to ``last``, both included."""
    found: dict[str, dict[date, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    rows = Incoming.objects.filter(day__gte=first, day__lte=last).exclude(kind=Incoming.DAY)
    for kind, day, value, n in rows.values_list("kind", "day", "value", "n"):
        found[kind][day][value] = n
    days = [first + timedelta(days=at) for at in range((last - first).days + 1)]
    return {kind: [found[kind][day] for day in days] for kind in Kind.values}


def tickets_by_day(first: date, last: date) -> dict[date, int]:
    """How many tickets were counted on each day that was counted."""
    rows = Incoming.objects.filter(kind=Incoming.DAY, day__gte=first, day__lte=last)
    return dict(rows.values_list("day", "n"))
