"""What one ticket adds to the figures, read from its rows alone: the same rows, the same facts, in whatever order they came.

An answer is *refuted* where the ticket came back after it, or the requester said that it is not solved. The rule is the
same for people and for the machine; what was said before a person replied is held against the machine, what was said
after against that person. Thanks close a ticket and refute nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, NamedTuple

from django.utils import timezone

from tickets.models import Channel, Closure, Event, Feedback, Status, Ticket
from tickets.service.clocks import OVERDUE
from triage.instruments.figures import spans
from triage.models import Action, Decision

PARTS: Final = {Closure.CONFIRMED: "confirmed", Closure.SILENCE: "assumed", Closure.AGENT: "closed_by_agent"}
REFUTED: Final = "refuted"
UNDECIDED: Final = "undecided"
#: Events that tell of an answer, of its coming back, or of a promise broken.
READ: Final = (
    Event.Kind.REPLIED, Event.Kind.REOPENED, Event.Kind.ESCALATED, Event.Kind.PERSON_REQUESTED, Event.Kind.FEEDBACK,
    Event.Kind.RESOLVED, OVERDUE,
)  # fmt: skip


class Added(NamedTuple):
    """A fact without its ticket."""

    figure: str
    value: str
    day: date
    intent: str
    agent: int | None


@dataclass(frozen=True)
class Rows:
    """All rows of one ticket that any figure looks at."""

    ticket: Ticket
    decision: Decision | None = None  # the one that was applied
    corrected: Sequence[tuple[str, str | None, datetime]] = ()  # decided, named by an agent, decided at
    feedback: Feedback | None = None
    events: Sequence[Event] = field(default_factory=list)


def read(tickets: Collection[int]) -> list[Rows]:
    """The rows of these tickets, in five queries."""
    events: dict[int, list[Event]] = defaultdict(list)
    for event in Event.objects.filter(ticket__in=tickets, kind__in=READ).order_by("id"):
        events[event.ticket_id].append(event)
    decided: dict[int, Decision] = {}
    corrected: dict[int, list[tuple[str, str | None, datetime]]] = defaultdict(list)
    columns = (
        "ticket",
        "action",
        "reason",
        "intent_slug",
        "created_at",
        "applied",
        "corrected_at",
        "corrected_intent",
        "intent",
    )
    rows = Decision.objects.filter(ticket__in=tickets).order_by("run").select_related("corrected_intent")
    for one in rows.only(*columns, "corrected_intent__slug"):
        if one.applied:
            decided[one.ticket_id] = one
        if one.corrected_at:
            named = one.corrected_intent.slug if one.corrected_intent else None
            corrected[one.ticket_id].append((one.intent_slug, named, one.created_at))
    said = {one.ticket_id: one for one in Feedback.objects.filter(ticket__in=tickets)}
    return [
        Rows(one, decided.get(one.pk), corrected[one.pk], said.get(one.pk), events[one.pk])
        for one in Ticket.objects.filter(pk__in=tickets)
    ]  # fmt: skip


def facts(rows: Rows) -> list[Added]:
    """What this ticket adds. Nothing while it is in quarantine."""
    return [] if rows.ticket.is_quarantined else list(_facts(rows))


def _facts(rows: Rows) -> Iterator[Added]:
    ticket, decision = rows.ticket, rows.decision
    intent = decision.intent_slug if decision else ""
    is_ours = ticket.channel != Channel.IMPORT
    if is_ours:
        yield Added("created", ticket.channel, day(ticket.created_at), intent, None)
    if decision is not None:
        when = day(decision.created_at)
        yield Added("decided", f"{decision.action}|{decision.reason}", when, intent, None)
        if decision.action == Action.AUTO_RESOLVE:
            yield Added("machine", "|".join(machine_part(rows)), when, intent, None)
            taken = decision.created_at - ticket.created_at
            yield Added("first_auto", spans.bucket(taken.total_seconds()), when, intent, None)
    for guess, named, at in rows.corrected:
        if (named or "") != guess:
            yield Added("corrected", "", day(at), guess, None)
    yield from _of_people(rows, _final_intent(rows))
    if is_ours and rows.feedback is not None:
        yield _satisfaction(rows, rows.feedback)
    for event in rows.events:
        if event.kind == OVERDUE:
            yield Added("overdue", "", day(event.at), _final_intent(rows), ticket.assignee_id)


def _of_people(rows: Rows, intent: str) -> Iterator[Added]:
    ticket, author = rows.ticket, first_author(rows)
    if ticket.first_human_reply_at is not None and ticket.first_reply_seconds is not None:
        when = day(ticket.first_human_reply_at)
        yield Added("human", human_part(rows), when, intent, author)
        yield Added("first_reply", spans.bucket(ticket.first_reply_seconds), when, intent, author)
    settled = settled_at(ticket)
    if settled is None:
        return
    taken = spans.bucket((settled - ticket.created_at).total_seconds())
    if _answered_by_machine(rows):
        yield Added("resolved_auto", taken, day(settled), intent, None)
    elif settler := _settler(rows, author):
        yield Added("resolved_human", taken, day(settled), intent, settler)


def settled_at(ticket: Ticket) -> datetime | None:
    """When it was settled as it now stands; None while it is not."""
    if ticket.state not in {Status.AUTO_RESOLVED, Status.RESOLVED, Status.CLOSED} or ticket.merged_into_id:
        return None
    return ticket.resolved_at or ticket.closed_at


def _answered_by_machine(rows: Rows) -> bool:
    sent = rows.decision is not None and rows.decision.action == Action.AUTO_RESOLVE
    return (
        sent and rows.ticket.first_human_reply_at is None and _left(rows.events, Status.AUTO_RESOLVED) is None
    )


def _settler(rows: Rows, author: int | None) -> int | None:
    """The agent who resolved it last, else who answered first; None where its requester needed neither."""
    done = [event.actor_id for event in rows.events if event.kind == Event.Kind.RESOLVED]
    return done[-1] if done else author


def first_author(rows: Rows) -> int | None:
    """The agent who replied first."""
    replies = (
        event.actor_id for event in rows.events if event.kind == Event.Kind.REPLIED and event.after == Status.PENDING
    )  # fmt: skip
    return next(replies, None) if rows.ticket.first_human_reply_at else None


def _final_intent(rows: Rows) -> str:
    if rows.corrected:
        return rows.corrected[-1][1] or ""
    return rows.decision.intent_slug if rows.decision else ""


# --- what became of an answer ------------------------------------------------------------------------------


def machine_part(rows: Rows) -> tuple[str, str]:
    """What became of the automatic answer, and why it came back where it did."""
    left = _left(rows.events, Status.AUTO_RESOLVED)
    denied = _denied(rows.events, until=rows.ticket.first_human_reply_at)
    if denied is not None and (left is None or denied.pk < left.pk):
        return REFUTED, "not_solved"
    if left is not None:
        return REFUTED, _why(left)
    return PARTS.get(Closure(rows.ticket.closure), UNDECIDED) if rows.ticket.closure else UNDECIDED, ""


def human_part(rows: Rows) -> str:
    """What became of the first person's reply, and of all that people did after it."""
    since = rows.ticket.first_human_reply_at
    if _denied(rows.events, since=since) or _left(rows.events, Status.RESOLVED, since=since):
        return REFUTED
    return PARTS.get(Closure(rows.ticket.closure), UNDECIDED) if rows.ticket.closure else UNDECIDED


def _left(events: Sequence[Event], settled: Status, *, since: datetime | None = None) -> Event | None:
    """The first Event by which the ticket came back from where it was settled."""
    back = {Status.ESCALATED, Status.PENDING}
    later = (event for event in events if since is None or event.at > since)
    return next((event for event in later if event.before == settled and event.after in back), None)


def _denied(
    events: Sequence[Event], *, since: datetime | None = None, until: datetime | None = None
) -> Event | None:
    """The first "not solved" after ``since`` and not after ``until``."""
    said = (
        event for event in events if event.kind == Event.Kind.FEEDBACK and event.facts.get("solved") is False
    )
    return next(
        (one for one in said if (since is None or one.at > since) and (until is None or one.at <= until)),
        None,
    )


_WHY: Final[dict[str, str]] = {
    Event.Kind.PERSON_REQUESTED: "asked_for_person",
    Event.Kind.REOPENED: "reopened",
}


def _why(left: Event) -> str:
    if left.facts.get("reason"):
        return str(left.facts["reason"])
    if left.kind == Event.Kind.REPLIED:
        return "recalled" if left.after == Status.PENDING else "requester_replied"
    return _WHY.get(left.kind, "reopened")


def _satisfaction(rows: Rows, feedback: Feedback) -> Added:
    """Of the machine where it was said before any person replied, else of that person."""
    replied = rows.ticket.first_human_reply_at
    sent = rows.decision is not None and rows.decision.action == Action.AUTO_RESOLVE
    if replied is not None and (feedback.updated_at > replied or not sent):
        who, agent = "human", first_author(rows)
    else:
        who, agent = ("machine" if sent else "nobody"), None
    solved = {True: "yes", False: "no", None: ""}[feedback.solved]
    value = f"{who}|{solved}|{feedback.rating or ''}"
    return Added("feedback", value, day(feedback.updated_at), _final_intent(rows), agent)


def day(moment: datetime) -> date:
    """The house's own day."""
    return timezone.localtime(moment).date()
