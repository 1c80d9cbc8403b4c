"""The figures beyond the endpoint's: times, satisfaction and work, apart for people and machine, per agent and intent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import User
from tickets.models import Status, Ticket
from triage.instruments import curves, metrics
from triage.instruments.curves import Known
from triage.instruments.figures import spans
from triage.instruments.figures.models import Daily
from triage.instruments.metrics import FeedbackSummary, IntentLine, Metrics, Outcome, Span
from triage.models import Intent
from triage.oversight.evidence import AGREEING, WRONG, Audit, Trial
from triage.oversight.precision import Precision, precision_of

HOUR: Final = timedelta(hours=1)
AGES: Final = (
    ("under 1 h", None, HOUR),
    ("1 to 4 h", HOUR, 4 * HOUR),
    ("4 to 24 h", 4 * HOUR, 24 * HOUR),
    ("1 to 3 days", 24 * HOUR, 72 * HOUR),
    ("over 3 days", 72 * HOUR, None),
)
JUDGED: Final = 50_000  # cases behind the curves, at most: the latest


@dataclass(frozen=True, kw_only=True)
class Times:
    """A span's quantiles, in seconds; None of none."""

    count: int
    median: int | None
    p95: int | None

    @classmethod
    def of(cls, buckets: Mapping[str, int]) -> Times:
        return cls(
            count=sum(buckets.values()),
            median=spans.quantile(buckets, 50),
            p95=spans.quantile(buckets, 95),
        )


@dataclass(frozen=True, kw_only=True)
class AgentLine:
    agent: int
    name: str
    outcome: Outcome
    first_reply: Times
    resolution: Times
    feedback: FeedbackSummary
    overdue: int


@dataclass(frozen=True, kw_only=True)
class IntentRow:
    """An intent's line with what became of its answers, and how content its requesters are."""

    line: IntentLine
    automatic: Outcome
    human: Outcome
    feedback: FeedbackSummary


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Of the answers of which it is known whether they were right: reviewed draws, and what people answered instead."""

    cases: int
    bins: tuple[curves.Bin, ...]
    points: tuple[curves.Point, ...]
    calibration_error: float | None
    precision: Precision


@dataclass(frozen=True, kw_only=True)
class Report:
    span: Span
    metrics: Metrics
    first_auto: Times
    first_reply: Times
    resolved_auto: Times
    resolved_human: Times
    of_machine: FeedbackSummary
    of_people: FeedbackSummary
    overdue: int
    ages: tuple[tuple[str, int], ...]
    agents: tuple[AgentLine, ...]
    intents: tuple[IntentRow, ...]
    trust: Trust
    uncounted: int


def report(span: Span) -> Report:
    """Everything that the page shows."""
    known = metrics.collect_recent(span)
    house = metrics.sums(span)
    return Report(
        span=span,
        metrics=known,
        first_auto=Times.of(house["first_auto"]),
        first_reply=Times.of(house["first_reply"]),
        resolved_auto=Times.of(house["resolved_auto"]),
        resolved_human=Times.of(house["resolved_human"]),
        of_machine=metrics.satisfaction(house["feedback"], ["machine"]),
        of_people=metrics.satisfaction(house["feedback"], ["human"]),
        overdue=house["overdue"].total(),
        ages=backlog_ages(),
        agents=agents(span),
        intents=intents(span),
        trust=trust(span),
        uncounted=metrics.counting.waiting(),
    )


def backlog_ages() -> tuple[tuple[str, int], ...]:
    """How long the tickets that wait for a person have waited, now."""
    now = timezone.now()
    counts = {}
    for at, (_, least, most) in enumerate(AGES):
        within = Q()
        if least is not None:
            within &= Q(escalated_at__lte=now - least)
        if most is not None:
            within &= Q(escalated_at__gt=now - most)
        counts[f"age{at}"] = Count("pk", filter=within)
    waiting = Ticket.objects.all().wanted().filter(status=Status.ESCALATED).order_by()
    found = waiting.aggregate(**counts)
    return tuple((name, found[f"age{at}"]) for at, (name, _, _) in enumerate(AGES))


def agents(span: Span) -> tuple[AgentLine, ...]:
    wanted = ["human", "first_reply", "resolved_human", "feedback", "overdue"]
    found = metrics.sums_by_key(span, Daily.Scope.AGENT, wanted)
    names = User.objects.in_bulk([int(key) for key in found])
    lines = [
        AgentLine(
            agent=int(key),
            name=str(names[int(key)]) if int(key) in names else f"Account {key}",
            outcome=metrics.outcome(own["human"].items()),
            first_reply=Times.of(own["first_reply"]),
            resolution=Times.of(own["resolved_human"]),
            feedback=metrics.satisfaction(own["feedback"], ["human"]),
            overdue=own["overdue"].total(),
        )
        for key, own in found.items()
    ]
    return tuple(sorted(lines, key=lambda line: (-line.outcome.answered, line.name)))


def intents(span: Span) -> tuple[IntentRow, ...]:
    wanted = ["decided", "machine", "human", "feedback", "corrected"]
    found = metrics.sums_by_key(span, Daily.Scope.INTENT, wanted)
    titles = dict(Intent.objects.values_list("slug", "title"))
    rows = [
        IntentRow(
            line=metrics.intent_line(slug, titles.get(slug, slug), own),
            automatic=metrics.outcome(_parts(own["machine"])),
            human=metrics.outcome(own["human"].items()),
            feedback=metrics.satisfaction(own["feedback"]),
        )
        for slug, own in found.items()
        if own["decided"]
    ]
    rows.sort(key=lambda row: (-row.line.tickets, row.line.intent))
    return tuple(rows[: metrics.INTENTS_SHOWN])


def _parts(machine: Counter[str]) -> list[tuple[str, int]]:
    return [(value.partition("|")[0], n) for value, n in machine.items()]


def trust(span: Span) -> Trust:
    cases = judged(span)
    return Trust(
        cases=len(cases),
        bins=tuple(curves.reliability(cases)),
        points=tuple(curves.risk_coverage(cases)),
        calibration_error=curves.calibration_error(cases),
        precision=precision_of(span.since, span.until),
    )


def judged(span: Span) -> list[Known]:
    """Reviewed answers, each for as many as it stands for; and ready answers in whose place a person replied."""
    audits = Audit.objects.filter(at__gte=span.since, at__lte=span.until).exclude(verdict="")
    trials = Trial.objects.filter(at__gte=span.since, at__lte=span.until)
    found = [
        Known(confidence, verdict not in WRONG, 1.0 if refused else 1.0 / probability)
        for confidence, verdict, refused, probability in audits.order_by("-at").values_list(
            "decision__confidence", "verdict", "refused_at", "probability"
        )[:JUDGED]
    ]
    return found + [
        Known(confidence, result in AGREEING)
        for confidence, result in trials.order_by("-at").values_list("decision__confidence", "result")[
            :JUDGED
        ]
    ]


__all__ = ["AgentLine", "IntentRow", "Report", "Times", "Trust", "report"]
