"""The agent's desk: which ticket comes next, all that its page shows, and sending without talking past others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.db.models import Case, F, IntegerField, OuterRef, Q, Subquery, When

from accounts.models import User
from tickets.errors import TicketError
from tickets.intake import replies
from tickets.models import Closure, Event, Message, Status, Ticket, TicketQuerySet, Urgency
from triage.answers.house import Fact
from triage.answers.variables import gaps_in
from triage.desk.evidence import StanceShown, asked, stance_shown
from triage.desk.wording import reason_text
from triage.models import INTENT_CORRECTED, Answer, Decision

MESSAGES_SHOWN = 100
EVENTS_SHOWN = 100
OTHERS_SHOWN = 5
OTHERS_COUNTED = 100
ACTIVE = [status for status in Status if status.is_active]


class Unread(TicketError):
    """Somebody else wrote since the page was loaded; the agent should read it before sending."""

    code = "unread"

    def __init__(self, newer: Sequence[Message]) -> None:
        self.newer = newer
        super().__init__(
            "Somebody wrote since this page was loaded. Read it below, then go on if it still fits."
        )


# --- Which ticket comes next -------------------------------------------------------------------------


def queue_rank(agent: User) -> Case:
    """0 for the agent's own tickets, 1 for nobody's, 2 for a colleague's."""
    return Case(
        When(assignee=agent.pk, then=0), When(assignee=None, then=1), default=2, output_field=IntegerField()
    )


def own_queue(agent: User) -> TicketQuerySet:
    """What waits for this agent: own tickets and those of nobody."""
    waiting: TicketQuerySet = Ticket.objects.awaiting_agent()
    return waiting.filter(Q(assignee=agent.pk) | Q(assignee=None))


@transaction.atomic
def take_next(agent: User, *, after: int | None = None) -> Ticket | None:
    """The agent's own ticket that waits longest, else the longest waiting of nobody's, now assigned to them.

    The urgent come first: one of nobody's goes before the agent's own that are less so. ``after`` is the ticket just left, which is not offered again. Two agents who ask in the same moment get
    different tickets: each row is locked before it is taken, and a locked one is passed over.
    """
    waiting = Ticket.objects.awaiting_agent().order_by("-urgency", "escalated_at", "id")
    if after is not None:
        waiting = waiting.exclude(pk=after)
    own: Ticket | None = waiting.filter(assignee=agent).first()
    if own is not None and own.urgency == Urgency.URGENT:
        return own
    unowned = waiting.filter(assignee=None, urgency__gt=own.urgency if own is not None else -1)
    skip = connection.features.has_select_for_update_skip_locked
    free: Ticket | None = unowned.select_for_update(skip_locked=skip).first()
    if free is None:
        return own
    free.assign(agent, actor=agent)
    return free


# --- Writing -------------------------------------------------------------------------------------------


@transaction.atomic
def send_reply(
    ticket: Ticket,
    *,
    author: User,
    body: str,
    seen: int,
    files: Sequence[UploadedFile] = (),
    resolve: bool = False,
) -> Message:
    """Send the reply with its files and, if asked, settle the ticket: all or nothing.

    Raises Unread if somebody else wrote after message ``seen``, InvalidTransition if the ticket is closed.
    """
    _refuse_unread(ticket, author, seen)
    message = replies.send_reply(ticket, author, body, files)
    if resolve:
        ticket.resolve(actor=author)
    return message


@transaction.atomic
def settle(ticket: Ticket, *, agent: User, seen: int) -> None:
    """Resolve without a reply. Raises as ``send_reply`` does: what came after ``seen`` wants an answer."""
    _refuse_unread(ticket, agent, seen)
    ticket.resolve(actor=agent)


def _refuse_unread(ticket: Ticket, author: User, seen: int) -> None:
    """Under the ticket's lock, so that nothing can be written between this look and the reply."""
    Ticket.objects.select_for_update().get(pk=ticket.pk)
    newer = list(ticket.messages.filter(pk__gt=seen).exclude(author=author).select_related("author"))
    if newer:
        raise Unread(newer)


# --- What the page shows -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weight:
    """A term and how far its bar reaches, in percent of the heaviest."""

    text: str
    weight: float
    width: int


@dataclass(frozen=True)
class Neighbour:
    """A similar resolved ticket with the human reply that settled it.

    ``intent`` is what it was known to be about when this ticket was judged; confirmed if a person said so
    after the model was trained.
    """

    ticket: Ticket
    similarity: float
    reply: str
    intent: str = ""
    confirmed: bool = False


@dataclass(frozen=True)
class Other:
    """Another ticket of the same person; ``same_matter`` if it is about the same, or follows up the other."""

    ticket: Ticket
    same_matter: bool


@dataclass(frozen=True)
class Trace:
    """An audit row in words."""

    event: Event
    detail: str


@dataclass(frozen=True)
class Desk:
    ticket: Ticket
    conversation: Sequence[Message]
    earlier: int
    seen: int
    decision: Decision | None
    reason: str
    suggestion: str
    gaps: Sequence[Fact]
    terms_for: Sequence[Weight]
    terms_against: Sequence[Weight]
    neighbours: Sequence[Neighbour]
    trail: Sequence[Trace]
    stance: StanceShown | None
    asked: Sequence[str]
    open_others: Sequence[Other]
    others: Sequence[Other]
    others_count: int

    @property
    def same_matter(self) -> Ticket | None:
        """The newest other open ticket on this matter: both are answered together."""
        return next((other.ticket for other in self.open_others if other.same_matter), None)

    @property
    def may(self) -> dict[str, bool]:
        """Which steps the ticket's state allows; the transition methods have the last word."""
        state, quarantined = self.ticket.state, self.ticket.is_quarantined
        if quarantined:
            return {"release": True}
        return {
            "reply": state is not Status.CLOSED,
            "assign": state is not Status.CLOSED,
            "prioritise": state is not Status.CLOSED,
            "quarantine": state in {Status.OPEN, Status.ESCALATED, Status.PENDING},
            "resolve": state in {Status.OPEN, Status.ESCALATED, Status.PENDING},
            "reopen": state in {Status.PENDING, Status.RESOLVED},
            "recall": state is Status.AUTO_RESOLVED,
            "close": state in {Status.AUTO_RESOLVED, Status.RESOLVED},
        }


def open_desk(ticket: Ticket, *, whole: bool = False) -> Desk:
    """Read all that the ticket's page shows, in a number of queries that does not depend on its length."""
    conversation, earlier = _conversation(ticket, whole=whole)
    decision = ticket.decisions.select_related("intent", "corrected_intent", "corrected_by").first()
    others = _others(ticket)
    suggestion = _suggestion(ticket, decision)
    open_now = list(others.wanted().filter(status__in=ACTIVE).order_by("-id")[:OTHERS_SHOWN])
    rest = others.exclude(pk__in=[other.pk for other in open_now])
    return Desk(
        ticket=ticket,
        conversation=conversation,
        earlier=earlier,
        seen=conversation[-1].pk if conversation else 0,
        decision=decision,
        reason=reason_text(decision.reason) if decision else "",
        suggestion=suggestion,
        gaps=gaps_in(suggestion),
        terms_for=_weights(decision, positive=True),
        terms_against=_weights(decision, positive=False),
        neighbours=_neighbours(decision),
        trail=_trail(ticket),
        stance=stance_shown(decision.basis) if decision else None,
        asked=asked(decision.basis) if decision else [],
        open_others=_compared(ticket, decision, open_now),
        others=_compared(ticket, decision, rest.order_by("-id")[:OTHERS_SHOWN]),
        others_count=others.order_by()[:OTHERS_COUNTED].count(),
    )


def _conversation(ticket: Ticket, *, whole: bool) -> tuple[list[Message], int]:
    """The latest messages in their order, and how many came before them."""
    rows = ticket.messages.select_related("author").prefetch_related("attachments").order_by("-id")
    latest = list(rows if whole else rows[: MESSAGES_SHOWN + 1])
    if whole or len(latest) <= MESSAGES_SHOWN:
        return latest[::-1], 0
    latest.pop()
    return latest[::-1], ticket.messages.count() - len(latest)


def _suggestion(ticket: Ticket, decision: Decision | None) -> str:
    """The approved text for what the ticket is about: the agent's word before the machine's."""
    if decision is None or ticket.answered_by_machine:
        return ""
    if not decision.corrected_at:
        if decision.answer and gaps_in(decision.response):  # the house may have said it since
            return decision.answer.render(ticket)
        return decision.response
    intent = decision.corrected_intent
    if intent is None:
        return ""
    approved = intent.answers.filter(state=Answer.State.APPROVED)
    answer = intent.approved_answer(decision.language) or approved.order_by("language").first()
    return answer.render(ticket) if answer else ""


def _weights(decision: Decision | None, *, positive: bool) -> list[Weight]:
    terms = decision.terms if decision else []
    heaviest = max((abs(term["weight"]) for term in terms), default=0.0) or 1.0
    return [
        Weight(term["text"], term["weight"], max(2, round(100 * abs(term["weight"]) / heaviest)))
        for term in terms
        if (term["weight"] > 0) is positive
    ]


def _neighbours(decision: Decision | None) -> list[Neighbour]:
    """Similar tickets that are settled still: one that came back, or was erased, is no model any more."""
    similar: list[dict[str, Any]] = decision.similar if decision else []
    human = Message.objects.filter(
        ticket=OuterRef("pk"), kind=Message.Kind.REPLY, sender=Message.Sender.AGENT
    ).order_by("-id")
    known = Ticket.objects.all().settled().annotate(human_reply=Subquery(human.values("body")[:1]))
    rows = known.in_bulk([found["id"] for found in similar])
    return [
        Neighbour(
            ticket=rows[found["id"]],
            similarity=found["similarity"],
            reply=rows[found["id"]].human_reply or "",
            intent=found.get("intent") or "",
            confirmed=found.get("confirmed", False),
        )
        for found in similar
        if found["id"] in rows
    ]


def _trail(ticket: Ticket) -> list[Trace]:
    """The latest audit rows, newest first, with the people that they name."""
    events = list(ticket.events.select_related("actor").order_by("-id")[:EVENTS_SHOWN])
    people = User.objects.in_bulk(
        {event.facts["assignee"] for event in events if event.facts.get("assignee")}
    )
    return [Trace(event, _told(event, people)) for event in events]


def _told(event: Event, people: dict[int, User]) -> str:
    facts = event.facts
    if event.kind == Event.Kind.ASSIGNED:
        assignee = people.get(facts.get("assignee"))
        return f"to {assignee}" if assignee else "back to the queue"
    if event.kind == Event.Kind.PRIORITISED:
        return Urgency(facts["urgency"]).label.lower() if facts.get("urgency") in Urgency.values else ""
    if event.kind == INTENT_CORRECTED:
        decided, named = facts.get("decided") or "no intent", facts.get("corrected") or "none of ours"
        return f"{named}, as decided" if decided == named else f"{decided} → {named}"
    if event.kind == Event.Kind.CLOSED:
        return Closure(facts["closure"]).label if facts.get("closure") in Closure.values else ""
    if event.kind == Event.Kind.FEEDBACK:
        solved = {True: "solved", False: "not solved"}.get(facts.get("solved"), "")
        stars = f"{facts['rating']} of 5" if facts.get("rating") else ""
        return ", ".join(part for part in (solved, stars) if part)
    return reason_text(facts["reason"]) if facts.get("reason") else ""


def _others(ticket: Ticket) -> TicketQuerySet:
    """The other tickets of the account or mailbox, with the intent last known; a guest's address is unproven."""
    decisions = Decision.objects.filter(ticket=OuterRef("pk")).order_by("-run")
    final = Case(When(corrected_at__isnull=False, then=F("corrected_intent")), default=F("intent"))
    others: TicketQuerySet = Ticket.objects.all().of_same_person(ticket).exclude(pk=ticket.pk)
    return others.select_related("assignee").annotate(matter=Subquery(decisions.values(matter=final)[:1]))


def _compared(ticket: Ticket, decision: Decision | None, others: Iterable[Any]) -> list[Other]:
    """Each of ``others`` with whether it is on the ticket's matter."""
    matter = decision.final_intent.pk if decision and decision.final_intent else None
    return [
        Other(
            other,
            same_matter=(matter is not None and other.matter == matter)
            or ticket.pk == other.follow_up_of_id
            or other.pk == ticket.follow_up_of_id,
        )
        for other in others
    ]
