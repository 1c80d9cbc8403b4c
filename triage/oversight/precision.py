"""The published precision: estimates from the audit, by intent, language and week, in two units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.utils import timezone

from tickets.models import Channel, Ticket
from triage.core.deciding.estimate import Estimate, Reviewed, estimate
from triage.models import Intent
from triage.oversight.evidence import WRONG, Audit


@dataclass(frozen=True)
class Row:
    """One answer of the period with what the audit knows of it."""

    intent: str
    language: str
    at: datetime
    probability: float
    drawn: bool
    refused: bool
    verdict: str


@dataclass(frozen=True)
class Line:
    name: str
    estimate: Estimate


@dataclass(frozen=True)
class Precision:
    """``house`` is per answer given; ``incoming`` how many tickets came in, whoever answered them."""

    since: datetime
    until: datetime
    house: Estimate
    incoming: int
    by_intent: tuple[Line, ...]
    by_language: tuple[Line, ...]
    by_week: tuple[Line, ...]
    escalated: Estimate
    partly: int
    harmful: int

    @property
    def per_incoming(self) -> float | None:
        """Wrong answers per ticket that came in."""
        if self.house.share is None or not self.incoming:
            return None
        return self.house.share * self.house.total / self.incoming


FIELDS: Final = (
    "intent_slug", "language", "at", "probability", "drawn", "refused_at", "verdict", "part",
)  # fmt: skip


def precision(days: int = 30) -> Precision:
    """Of the answers of the last ``days`` days, 1 and more."""
    until = timezone.now()
    return precision_of(until - timedelta(days=days), until)


def precision_of(since: datetime, until: datetime) -> Precision:
    """Of the answers sent in this span."""
    rows: list[Row] = []
    escalated: list[Row] = []
    for slug, language, at, chance, drawn, refused, verdict, part in Audit.objects.filter(
        at__gte=since, at__lte=until
    ).values_list(*FIELDS):
        row = Row(slug, language, at, chance, drawn, refused is not None, verdict)
        (rows if part == Audit.Part.ANSWERED else escalated).append(row)
    titles = dict(Intent.objects.values_list("slug", "title"))
    arrived = Ticket.objects.all().wanted().filter(created_at__gte=since, created_at__lte=until)
    arrived = arrived.exclude(channel=Channel.IMPORT)
    return Precision(
        since=since,
        until=until,
        house=of(rows),
        incoming=arrived.count(),
        by_intent=_by(rows, lambda row: titles.get(row.intent, row.intent)),
        by_language=_by(rows, lambda row: row.language or "unknown"),
        by_week=tuple(
            Line(f"{monday.day} {monday:%b %Y}", of(found)) for monday, found in sorted(_weeks(rows).items())
        ),
        escalated=of(escalated),
        partly=sum(row.verdict == Audit.Verdict.PARTLY for row in rows),
        harmful=sum(row.verdict == Audit.Verdict.HARMFUL for row in rows),
    )


def of(rows: Iterable[Row]) -> Estimate:
    """The estimate for some of the answers."""
    known = list(rows)
    return estimate(
        [Reviewed(row.verdict in WRONG, row.probability) for row in known if row.verdict and not row.refused],
        [Reviewed(row.verdict in WRONG, 1.0) for row in known if row.verdict and row.refused],
        total=len(known),
        refused=sum(row.refused for row in known),
    )


def _by(rows: Iterable[Row], name: Callable[[Row], str]) -> tuple[Line, ...]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[name(row)].append(row)
    lines = [Line(title, of(found)) for title, found in groups.items()]
    return tuple(sorted(lines, key=lambda line: (-line.estimate.total, line.name)))


def _weeks(rows: Iterable[Row]) -> dict[date, list[Row]]:
    weeks: dict[date, list[Row]] = defaultdict(list)
    for row in rows:
        day = timezone.localtime(row.at).date()
        weeks[day - timedelta(days=day.weekday())].append(row)
    return weeks
