"""How the helpdesk does: pure queries over a period, returned as frozen values.

Resolution is told in its parts (confirmed, assumed from silence, refuted) and never summed. Only people's
replies count as responses. Every query reads an index range of the period, or one row per group.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.core.cache import cache
from django.db.models import (
    Avg,
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.utils import timezone

from tickets.models import Channel, Closure, Event, Feedback, Status, Ticket
from triage.desk.wording import reason_text
from triage.models import Action, Decision, Intent

INTENTS_SHOWN: Final = 200
KEPT_SECONDS: Final = 60


@dataclass(frozen=True, kw_only=True)
class Day:
    date: date
    created: int = 0
    auto_resolved: int = 0
    escalated: int = 0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of answers given in the period. The parts add up to ``answered`` but never to "solved"."""

    answered: int = 0
    confirmed: int = 0  # the requester said it is solved
    assumed: int = 0  # closed after silence: nobody said anything
    refuted: int = 0  # the requester or an agent brought it back
    closed_by_agent: int = 0
    undecided: int = 0  # too early to tell


@dataclass(frozen=True, kw_only=True)
class FeedbackSummary:
    count: int = 0
    solved: int = 0
    not_solved: int = 0
    ratings: int = 0
    average_rating: float | None = None
    by_rating: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """What waits now, whatever the period."""

    open: int = 0
    escalated: int = 0
    unassigned: int = 0
    pending: int = 0
    oldest_wait_seconds: int | None = None  # of an escalated ticket


@dataclass(frozen=True, kw_only=True)
class ResponseTime:
    """From the team's queue to the first human reply, for first replies sent in the period."""

    count: int = 0
    median_seconds: int | None = None
    p90_seconds: int | None = None


@dataclass(frozen=True, kw_only=True)
class IntentLine:
    intent: str
    title: str
    tickets: int
    auto_resolved: int
    coverage: float
    refuted: int
    corrected: int


@dataclass(frozen=True, kw_only=True)
class ReasonLine:
    reason: str
    text: str
    tickets: int


@dataclass(frozen=True, kw_only=True)
class Metrics:
    days: int
    since: datetime
    until: datetime
    created: int
    triaged: int  # ``auto_resolved`` plus ``escalated``
    auto_resolved: int
    escalated: int
    suggested: int  # the part of ``escalated`` that reached the agent with a drafted answer on purpose
    coverage: float | None  # share of triaged tickets answered without an agent
    by_day: tuple[Day, ...]
    automatic: Outcome
    human: Outcome
    feedback: FeedbackSummary
    backlog: Backlog
    first_response: ResponseTime
    by_intent: tuple[IntentLine, ...]
    reasons: tuple[ReasonLine, ...]
    returns: tuple[ReasonLine, ...]  # why automatic answers came back


@dataclass(frozen=True)
class _Period:
    """Whole days up to now; ``edges`` are the local midnights at which they begin."""

    edges: tuple[datetime, ...]
    until: datetime

    @classmethod
    def last(cls, days: int) -> _Period:
        now = timezone.localtime()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        first = midnight.date() - timedelta(days=days - 1)
        starts = (first + timedelta(days=at) for at in range(days))
        edges = tuple(
            timezone.make_aware(datetime(day.year, day.month, day.day), now.tzinfo) for day in starts
        )
        return cls(edges, now)

    @property
    def since(self) -> datetime:
        return self.edges[0]

    def within(self, field: str) -> Q:
        return Q(**{f"{field}__gte": self.since, f"{field}__lte": self.until})

    def day(self, field: str) -> Combinable:
        """SQL for the number of the day that ``field`` falls on.

        A binary search over the midnights: right across clock changes, and done by the database itself,
        while SQLite's date functions would call back into Python for each row.
        """
        return _search(field, self.edges, 0)


def _search(field: str, edges: Sequence[datetime], offset: int) -> Combinable:
    if len(edges) == 1:
        return Value(offset)
    middle = len(edges) // 2
    return Case(
        When(**{f"{field}__lt": edges[middle]}, then=_search(field, edges[:middle], offset)),
        default=_search(field, edges[middle:], offset + middle),
        output_field=IntegerField(),
    )


def collect(days: int = 30) -> Metrics:
    """All metrics of the last ``days`` days, today included.

    Raises
    ------
    ValueError
        If ``days`` is not at least 1.
    """
    if days < 1:
        raise ValueError("A period has at least one day.")
    period = _Period.last(days)
    decided = _decided(period)
    answers = _automatic_answers(period)
    by_day = _by_day(period, decided)
    escalated = sum(day.escalated for day in by_day)
    auto_resolved = sum(day.auto_resolved for day in by_day)
    triaged = auto_resolved + escalated
    return Metrics(
        days=days,
        since=period.since,
        until=period.until,
        created=sum(day.created for day in by_day),
        triaged=triaged,
        auto_resolved=auto_resolved,
        escalated=escalated,
        suggested=sum(row["n"] for row in decided if row["action"] == Action.SUGGEST),
        coverage=auto_resolved / triaged if triaged else None,
        by_day=by_day,
        automatic=_outcome(answers),
        human=_human_outcome(period),
        feedback=_feedback(period),
        backlog=_backlog(period.until),
        first_response=_first_response(period),
        by_intent=_by_intent(period, answers),
        reasons=_reasons(
            (row["reason"], row["n"]) for row in decided if row["action"] != Action.AUTO_RESOLVE
        ),
        returns=_reasons((row["why"], row["n"]) for row in answers if row["part"] == "refuted"),
    )


def collect_recent(days: int = 30) -> Metrics:
    """The same, at most KEPT_SECONDS old: for pages that several people look at."""
    known: Metrics | None = cache.get(f"metrics:{days}")
    found = known or collect(days)
    if known is None:
        cache.set(f"metrics:{days}", found, KEPT_SECONDS)
    return found


Rows = list[dict[str, Any]]


def _quarantined() -> QuerySet[Any]:
    """What counts nowhere. A small set with an index of its own, so that the indexes of the rest still suffice."""
    return Ticket.objects.all().in_quarantine().order_by().values("pk")


def _applied(period: _Period) -> QuerySet[Decision]:
    decisions = Decision.objects.filter(period.within("created_at"), applied=True).order_by()
    return decisions.exclude(ticket__in=_quarantined())


def _decided(period: _Period) -> Rows:
    keys = {"day": period.day("created_at")}
    return _rows(_applied(period).values("action", "reason", **keys).annotate(n=Count("pk")))


def _rows(grouped: Iterable[Any]) -> Rows:
    return list(grouped)


def _automatic_answers(period: _Period) -> Rows:
    """Answers that the machine sent in the period, grouped by what became of their tickets."""
    returned = Q(ticket__reopen_count__gt=0)
    denied = Q(ticket__feedback__solved=False)  # said after the ticket was closed
    part = Case(
        When(returned | denied, then=Value("refuted")),
        *(When(ticket__closure=closure, then=Value(name)) for closure, name in PARTS.items()),
        default=Value("undecided"),
    )
    why = Case(
        When(returned, then=F("ticket__escalation_reason")),
        When(denied, then=Value("not_solved")),
        default=Value(""),
    )
    sent = _applied(period).filter(action=Action.AUTO_RESOLVE)
    return _rows(sent.values("intent_slug", part=part, why=why).annotate(n=Count("pk")))


PARTS: Final = {Closure.CONFIRMED: "confirmed", Closure.SILENCE: "assumed", Closure.AGENT: "closed_by_agent"}


def _outcome(rows: Rows) -> Outcome:
    parts: Counter[str] = Counter()
    for row in rows:
        parts[row["part"]] += row["n"]
    return Outcome(answered=parts.total(), **parts)


def _human_outcome(period: _Period) -> Outcome:
    """Tickets that a person first replied to in the period, grouped by what became of them.

    Refuted by the same rule as the machine's: it came back after it was settled, or the requester said "not solved",
    and both only after that reply. Imported history has a reply but no measured wait: nobody answered it here.
    """
    later = Event.objects.filter(ticket=OuterRef("pk"), at__gt=OuterRef("first_human_reply_at")).order_by()
    part = Case(
        When(Exists(later.filter(kind=Event.Kind.FEEDBACK, facts__solved=False)), then=Value("refuted")),
        When(Exists(later.filter(before=Status.RESOLVED, after=Status.ESCALATED)), then=Value("refuted")),
        *(When(closure=closure, then=Value(name)) for closure, name in PARTS.items()),
        default=Value("undecided"),
    )
    replied = Ticket.objects.filter(
        period.within("first_human_reply_at"), first_reply_seconds__isnull=False
    ).order_by()
    replied = replied.exclude(pk__in=_quarantined())
    return _outcome(_rows(replied.values(part=part).annotate(n=Count("pk"))))


def _by_day(period: _Period, decided: Rows) -> tuple[Day, ...]:
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    wanted = Ticket.objects.all().wanted().filter(period.within("created_at"))
    arrived = wanted.exclude(channel=Channel.IMPORT).order_by()
    for row in _rows(arrived.values(day=period.day("created_at")).annotate(n=Count("pk"))):
        counts[row["day"]]["created"] += row["n"]
    for row in decided:
        kind = "auto_resolved" if row["action"] == Action.AUTO_RESOLVE else "escalated"
        counts[row["day"]][kind] += row["n"]
    return tuple(Day(date=edge.date(), **counts[at]) for at, edge in enumerate(period.edges))


def _feedback(period: _Period) -> FeedbackSummary:
    given = Feedback.objects.filter(period.within("updated_at")).order_by()
    given = given.exclude(ticket__channel=Channel.IMPORT).filter(ticket__quarantined_at=None)
    rows = list(given.values("solved", "rating").annotate(n=Count("pk")))
    solved, stars = Counter[Any](), Counter[Any]()
    for row in rows:
        solved[row["solved"]] += row["n"]
        stars[row["rating"]] += row["n"]
    average = given.aggregate(average=Avg("rating"))["average"]
    ratings = (stars[1], stars[2], stars[3], stars[4], stars[5])
    return FeedbackSummary(
        count=solved.total(),
        solved=solved[True],
        not_solved=solved[False],
        ratings=sum(ratings),
        average_rating=average,
        by_rating=ratings,
    )


def _backlog(now: datetime) -> Backlog:
    active = [Status.OPEN, Status.ESCALATED, Status.PENDING]
    waiting = Ticket.objects.all().wanted().filter(status__in=active).order_by()
    free = Count("pk", filter=Q(assignee=None))
    counted = waiting.values("status").annotate(n=Count("pk"), free=free, oldest=Min("escalated_at"))
    rows = {row["status"]: row for row in _rows(counted)}
    escalated: dict[str, Any] = rows.get(Status.ESCALATED, {})
    oldest = escalated.get("oldest")
    return Backlog(
        open=rows.get(Status.OPEN, {}).get("n", 0),
        escalated=escalated.get("n", 0),
        unassigned=escalated.get("free", 0),
        pending=rows.get(Status.PENDING, {}).get("n", 0),
        oldest_wait_seconds=int((now - oldest).total_seconds()) if oldest else None,
    )


def _first_response(period: _Period) -> ResponseTime:
    waits = (
        Ticket.objects.filter(period.within("first_human_reply_at"), first_reply_seconds__isnull=False)
        .exclude(pk__in=_quarantined())
        .order_by("first_reply_seconds")
        .values_list("first_reply_seconds", flat=True)
    )
    count = waits.count()
    if not count:
        return ResponseTime()
    return ResponseTime(count=count, median_seconds=_at(waits, count, 50), p90_seconds=_at(waits, count, 90))


def _at(ordered: Any, count: int, percent: int) -> int:
    """The nearest-rank percentile: the smallest value that ``percent`` of all do not exceed."""
    rank = -(-count * percent // 100) - 1
    return int(ordered[rank])


def _by_intent(period: _Period, answers: Rows) -> tuple[IntentLine, ...]:
    volume = list(
        _applied(period)
        .values("intent_slug")
        .annotate(n=Count("pk"))
        .order_by("-n", "intent_slug")[:INTENTS_SHOWN]
    )
    automatic, refuted = Counter[str](), Counter[str]()
    for row in answers:
        automatic[row["intent_slug"]] += row["n"]
        refuted[row["intent_slug"]] += row["n"] if row["part"] == "refuted" else 0
    corrected = _corrected(period)
    titles = dict(Intent.objects.values_list("slug", "title"))
    return tuple(
        IntentLine(
            intent=slug,
            title=titles.get(slug, slug) or "No known intent",
            tickets=tickets,
            auto_resolved=automatic[slug],
            coverage=automatic[slug] / tickets,
            refuted=refuted[slug],
            corrected=corrected[slug],
        )
        for slug, tickets in ((row["intent_slug"], row["n"]) for row in volume)
    )


def _corrected(period: _Period) -> Counter[str]:
    """How often agents named another intent than the decision's, by the decided one."""
    rows = (
        Decision.objects.filter(period.within("created_at"), corrected_at__isnull=False)
        .exclude(ticket__in=_quarantined())
        .exclude(corrected_intent=F("intent"))
        .exclude(corrected_intent=None, intent=None)
        .order_by()
        .values("intent_slug")
        .annotate(n=Count("pk"))
    )
    return Counter({row["intent_slug"]: row["n"] for row in rows})


def _reasons(counted: Iterable[tuple[str, int]]) -> tuple[ReasonLine, ...]:
    counts: Counter[str] = Counter()
    for code, count in counted:
        counts[code] += count
    return tuple(
        ReasonLine(reason=code, text=reason_text(code), tickets=count) for code, count in counts.most_common()
    )
