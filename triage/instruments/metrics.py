"""How the helpdesk does in a span of days, returned as frozen values.

Counts come from the daily sums of ``triage.instruments.figures``; only what waits now is looked up. Resolution is told
in its parts (confirmed, assumed from silence, refuted) and never summed. Only people's replies count as responses.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.core.cache import cache
from django.db.models import Count, Min, Q, QuerySet, Sum
from django.utils import timezone

from tickets.models import Status, Ticket
from triage.desk.wording import reason_text
from triage.instruments.figures import counting, spans
from triage.instruments.figures.facts import REFUTED
from triage.instruments.figures.models import Daily
from triage.machines.models import Asking
from triage.models import Action, Intent

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
class MachinesAsked:
    """Questions of machines, which are no tickets and in no other figure. Kept for 90 days."""

    asked: int = 0
    answered: int = 0
    coverage: float | None = None  # share answered
    refusals: tuple[ReasonLine, ...] = ()  # ``tickets`` are questions here


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
    machines: MachinesAsked


@dataclass(frozen=True)
class Span:
    """Whole days, the first and the last included, by the house's clock."""

    first: date
    last: date

    @classmethod
    def latest(cls, days: int) -> Span:
        """The last ``days`` days, today included. Raises ValueError if that is not at least 1."""
        if days < 1:
            raise ValueError("A period has at least one day.")
        today = timezone.localdate()
        return cls(today - timedelta(days=days - 1), today)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def since(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.first, time()), timezone.get_default_timezone())

    @property
    def until(self) -> datetime:
        """The end of the last day, or now."""
        after = datetime.combine(self.last + timedelta(days=1), time())
        return min(timezone.make_aware(after, timezone.get_default_timezone()), timezone.localtime())

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=at) for at in range(self.days))


Sums = Mapping[str, Counter[str]]


def sums(span: Span, scope: str = Daily.Scope.HOUSE, key: str = "") -> Sums:
    """By figure and value, over the whole span: of the house, of one intent or of one agent."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    rows = _within(span, scope).filter(key=key).values("figure", "value").annotate(total=Sum("n"))
    for row in rows:
        if row["total"]:
            found[row["figure"]][row["value"]] = row["total"]
    return found


def sums_by_key(span: Span, scope: str, figures: Collection[str]) -> dict[str, dict[str, Counter[str]]]:
    """By intent (or agent), figure and value."""
    found: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    rows = _within(span, scope).filter(figure__in=figures)
    for row in rows.values("key", "figure", "value").annotate(total=Sum("n")):
        if row["total"]:
            found[row["key"]][row["figure"]][row["value"]] = row["total"]
    return found


def _within(span: Span, scope: str) -> QuerySet[Daily]:
    return Daily.objects.filter(scope=scope, day__gte=span.first, day__lte=span.last).order_by()


def collect(days: int = 30) -> Metrics:
    """All metrics of the last ``days`` days, today included. Raises ValueError if that is not at least 1."""
    return collect_span(Span.latest(days))


def collect_span(span: Span) -> Metrics:
    """All metrics of a span. What happened since they were last counted is counted first."""
    counting.count_due()
    house = sums(span)
    decided = {tuple(value.split("|", 1)): n for value, n in house["decided"].items()}
    auto_resolved = sum(n for (action, _), n in decided.items() if action == Action.AUTO_RESOLVE)
    triaged = sum(decided.values())
    machine = [(value.split("|", 1), n) for value, n in house["machine"].items()]
    return Metrics(
        days=span.days,
        since=span.since,
        until=span.until,
        created=house["created"].total(),
        triaged=triaged,
        auto_resolved=auto_resolved,
        escalated=triaged - auto_resolved,
        suggested=sum(n for (action, _), n in decided.items() if action == Action.SUGGEST),
        coverage=auto_resolved / triaged if triaged else None,
        by_day=_by_day(span),
        automatic=outcome((part, n) for (part, _), n in machine),
        human=outcome(house["human"].items()),
        feedback=satisfaction(house["feedback"]),
        backlog=_backlog(),
        first_response=response_time(house["first_reply"]),
        by_intent=_by_intent(span),
        reasons=_reasons(
            (reason, n) for (action, reason), n in decided.items() if action != Action.AUTO_RESOLVE
        ),
        returns=_reasons((why, n) for (part, why), n in machine if part == REFUTED),
        machines=_machines(span),
    )


def collect_recent(span: Span) -> Metrics:
    """The same, at most KEPT_SECONDS old: for pages that several people look at."""
    name = f"metrics:{span.first}:{span.last}"
    known: Metrics | None = cache.get(name)
    found = known or collect_span(span)
    if known is None:
        cache.set(name, found, KEPT_SECONDS)
    return found


def outcome(parts: Iterable[tuple[str, int]]) -> Outcome:
    counted: Counter[str] = Counter()
    for part, n in parts:
        counted[part] += n
    return Outcome(answered=counted.total(), **counted)


def response_time(buckets: Mapping[str, int]) -> ResponseTime:
    return ResponseTime(
        count=sum(buckets.values()),
        median_seconds=spans.quantile(buckets, 50),
        p90_seconds=spans.quantile(buckets, 90),
    )


def satisfaction(
    values: Mapping[str, int], of: Collection[str] = ("machine", "human", "nobody")
) -> FeedbackSummary:
    """What requesters said of the answers ``of`` the machine, of people, or where nobody had answered."""
    solved, stars, count = Counter[str](), Counter[str](), 0
    for value, n in values.items():
        who, said, rating = value.split("|")
        if who in of:
            solved[said] += n
            stars[rating] += n
            count += n
    by_rating = (stars["1"], stars["2"], stars["3"], stars["4"], stars["5"])
    ratings = sum(by_rating)
    points = sum(number * n for number, n in enumerate(by_rating, 1))
    return FeedbackSummary(
        count=count,
        solved=solved["yes"],
        not_solved=solved["no"],
        ratings=ratings,
        average_rating=points / ratings if ratings else None,
        by_rating=by_rating,
    )


def _by_day(span: Span) -> tuple[Day, ...]:
    counts: dict[date, Counter[str]] = defaultdict(Counter)
    rows = _within(span, Daily.Scope.HOUSE).filter(figure__in=["created", "decided"])
    for row in rows.values("day", "figure", "value").annotate(total=Sum("n")):
        sent = row["value"].startswith(f"{Action.AUTO_RESOLVE}|")
        kind = "created" if row["figure"] == "created" else "auto_resolved" if sent else "escalated"
        counts[row["day"]][kind] += row["total"]
    return tuple(Day(date=one, **counts[one]) for one in span)


def _backlog() -> Backlog:
    now = timezone.now()
    active = [Status.OPEN, Status.ESCALATED, Status.PENDING]
    waiting = Ticket.objects.all().wanted().filter(status__in=active).order_by()
    free = Count("pk", filter=Q(assignee=None))
    counted = waiting.values("status").annotate(n=Count("pk"), free=free, oldest=Min("escalated_at"))
    rows: dict[str, dict[str, Any]] = {row["status"]: dict(row) for row in counted}
    escalated = rows.get(Status.ESCALATED, {})
    oldest = escalated.get("oldest")
    return Backlog(
        open=rows.get(Status.OPEN, {}).get("n", 0),
        escalated=escalated.get("n", 0),
        unassigned=escalated.get("free", 0),
        pending=rows.get(Status.PENDING, {}).get("n", 0),
        oldest_wait_seconds=int((now - oldest).total_seconds()) if oldest else None,
    )


def _by_intent(span: Span) -> tuple[IntentLine, ...]:
    found = sums_by_key(span, Daily.Scope.INTENT, ["decided", "machine", "corrected"])
    titles = dict(Intent.objects.values_list("slug", "title"))
    lines = [intent_line(slug, titles.get(slug, slug), own) for slug, own in found.items() if own["decided"]]
    lines.sort(key=lambda line: (-line.tickets, line.intent))
    return tuple(lines[:INTENTS_SHOWN])


def intent_line(slug: str, title: str, own: Mapping[str, Counter[str]]) -> IntentLine:
    tickets = own["decided"].total()
    auto_resolved = sum(
        n for value, n in own["decided"].items() if value.startswith(f"{Action.AUTO_RESOLVE}|")
    )
    return IntentLine(
        intent=slug,
        title=title or "No known intent",
        tickets=tickets,
        auto_resolved=auto_resolved,
        coverage=auto_resolved / tickets,
        refuted=sum(n for value, n in own["machine"].items() if value.startswith(f"{REFUTED}|")),
        corrected=own["corrected"].total(),
    )


def _machines(span: Span) -> MachinesAsked:
    after = timezone.make_aware(datetime.combine(span.last + timedelta(days=1), time()))
    within = Asking.objects.filter(at__gte=span.since, at__lt=after)
    rows = list(within.values_list("answered", "reason").annotate(n=Count("pk")))
    answered = sum(n for was, _, n in rows if was)
    asked = sum(n for _, _, n in rows)
    return MachinesAsked(
        asked=asked,
        answered=answered,
        coverage=answered / asked if asked else None,
        refusals=_reasons((reason, n) for was, reason, n in rows if not was),
    )


def _reasons(counted: Iterable[tuple[str, int]]) -> tuple[ReasonLine, ...]:
    counts: Counter[str] = Counter()
    for code, count in counted:
        counts[code] += count
    return tuple(
        ReasonLine(reason=code, text=reason_text(code), tickets=count) for code, count in counts.most_common()
    )
