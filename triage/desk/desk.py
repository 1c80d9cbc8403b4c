"""The agent's desk: all that the page of one ticket shows, in a fixed number of queries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, OuterRef, Subquery, When

from accounts.models import User
from tickets.access import at_desk
from tickets.desk import drafts
from tickets.desk.models import Draft, Snooze
from tickets.models import Closure, Event, Message, Status, Ticket, TicketQuerySet, Urgency
from tickets.teams.models import Team
from triage.desk.evidence import StanceShown, asked, stance_shown
from triage.desk.suggestion import LEAST_SIMILARITY, Suggestion, suggest
from triage.desk.wording import reason_text
from triage.models import INTENT_CORRECTED, Decision, Intent

MESSAGES_SHOWN = 20  # of a conversation at first; the page loads earlier ones on demand
EARLIER_SHOWN = 50
EVENTS_SHOWN = 100
OTHER_TICKET = ("into", "out_of", "ticket", "other")  # facts of Events that name another ticket
OTHERS_SHOWN = 5
OTHERS_COUNTED = 100
QUOTED = re.compile("“([^”]+)”")  # how a decision's sentence names a code
ACTIVE = [status for status in Status if status.is_active]


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
    draft: Draft | None
    snooze: Snooze | None
    decision: Decision | None
    reason: str
    titles: Sequence[tuple[str, str]]
    suggestion: Suggestion | None
    terms_for: Sequence[Weight]
    terms_against: Sequence[Weight]
    neighbours: Sequence[Neighbour]
    stance: StanceShown | None
    asked: Sequence[str]
    open_others: Sequence[Other]
    others: Sequence[Other]
    others_count: int

    @property
    def arrival(self) -> str:
        """Why it is with the team, where that is not what triage says anyway."""
        code = self.ticket.escalation_reason
        decided = self.decision.reason if self.decision else ""
        return reason_text(code) if code and code != decided else ""

    @property
    def last_asked(self) -> Message | None:
        """The requester's latest words, where others were written since: the writer shows them beside."""
        asked = [message for message in self.conversation if message.sender == Message.Sender.REQUESTER]
        return asked[-1] if asked and asked[-1] is not self.conversation[-1] else None

    @property
    def same_matter(self) -> Ticket | None:
        """The newest other open ticket on this matter: both are answered together."""
        return next((other.ticket for other in self.open_others if other.same_matter), None)

    @property
    def may(self) -> dict[str, bool]:
        """Which steps the ticket's state allows; the transition methods have the last word."""
        state, quarantined = self.ticket.state, self.ticket.is_quarantined
        if quarantined:
            return {"release": state is not Status.CLOSED}
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


def open_desk(ticket: Ticket, agent: User, *, whole: bool = False) -> Desk:
    """Read all that the ticket's page shows, in a number of queries that does not depend on its length."""
    conversation, earlier = _conversation(ticket, whole=whole)
    decision = ticket.decisions.select_related("intent", "corrected_intent", "corrected_by", "answer").first()
    stance = stance_shown(decision.basis) if decision else None
    neighbours = _neighbours(decision, agent)
    others = list(_others(ticket, agent).order_by("-id")[:OTHERS_COUNTED])
    open_now = [other for other in others if other.state in ACTIVE and not other.is_quarantined]
    rest = [other for other in others if other not in open_now[:OTHERS_SHOWN]]
    snooze: Snooze | None = getattr(ticket, "snooze", None)
    return Desk(
        ticket=ticket,
        conversation=conversation,
        earlier=earlier,
        seen=conversation[-1].pk if conversation else 0,
        draft=drafts.draft_of(agent, ticket),
        snooze=snooze if snooze is not None and not snooze.is_over else None,
        decision=decision,
        reason=_reason(decision, stance),
        titles=_titles(decision, neighbours),
        suggestion=None
        if _answered_by_machine(ticket, conversation, earlier)
        else suggest(ticket, decision, agent),
        terms_for=_weights(decision, positive=True),
        terms_against=_weights(decision, positive=False),
        neighbours=neighbours,
        stance=stance,
        asked=asked(decision.basis) if decision else [],
        open_others=_compared(ticket, decision, open_now[:OTHERS_SHOWN]),
        others=_compared(ticket, decision, rest[:OTHERS_SHOWN]),
        others_count=len(others),
    )


def _conversation(ticket: Ticket, *, whole: bool) -> tuple[list[Message], int]:
    """The latest messages in their order, and how many came before them."""
    rows = (
        ticket.conversation.select_related("author", "mail", "sent_mail", "ticket")
        .prefetch_related("attachments__recording")
        .order_by("-id")
    )
    latest = list(rows if whole else rows[: MESSAGES_SHOWN + 1])
    if whole or len(latest) <= MESSAGES_SHOWN:
        return latest[::-1], 0
    latest.pop()
    return latest[::-1], ticket.conversation.count() - len(latest)


def earlier_messages(ticket: Ticket, before: int) -> tuple[list[Message], int]:
    """Up to EARLIER_SHOWN messages before the one of that id, and how many are left before these."""
    older = ticket.conversation.filter(pk__lt=before)
    rows = list(
        older.select_related("author", "mail", "sent_mail", "ticket")
        .prefetch_related("attachments__recording")
        .order_by("-id")[:EARLIER_SHOWN]
    )
    return rows[::-1], older.count() - len(rows)


def newer_messages(ticket: Ticket, after: int) -> list[Message]:
    rows = (
        ticket.conversation.filter(pk__gt=after)
        .select_related("author", "mail", "sent_mail", "ticket")
        .prefetch_related("attachments__recording")
    )
    return list(rows.order_by("id")[:EARLIER_SHOWN])


def _answered_by_machine(ticket: Ticket, conversation: Sequence[Message], earlier: int) -> bool:
    """As the ticket's own property says it, without asking where the page has read the whole conversation."""
    if earlier:
        return ticket.answered_by_machine
    said = any(message.sender == Message.Sender.MACHINE for message in conversation)
    return said and ticket.first_human_reply_at is None


def _reason(decision: Decision | None, stance: StanceShown | None) -> str:
    """Said once: the stance says it with its topic."""
    words = reason_text(decision.reason) if decision else ""
    return "" if stance is not None and stance.words.startswith(words) else words


def _titles(decision: Decision | None, neighbours: Sequence[Neighbour]) -> list[tuple[str, str]]:
    """(code, title) of every intent that the page names by its code."""
    if decision is None:
        return []
    objection = (decision.objection or {}).get("intent")
    codes = {
        decision.runner_up,
        objection,
        *QUOTED.findall(decision.detail),
        *(one.intent for one in neighbours),
    }
    known = Intent.objects.filter(slug__in=[code for code in codes if code])
    return list(known.values_list("slug", "title"))


def _weights(decision: Decision | None, *, positive: bool) -> list[Weight]:
    terms = decision.terms if decision else []
    heaviest = max((abs(term["weight"]) for term in terms), default=0.0) or 1.0
    return [
        Weight(term["text"], term["weight"], max(2, round(100 * abs(term["weight"]) / heaviest)))
        for term in terms
        if (term["weight"] > 0) is positive
    ]


def _neighbours(decision: Decision | None, agent: User) -> list[Neighbour]:
    """Similar tickets that are settled still: one that came back, or was erased, is no model any more."""
    known_similar: list[dict[str, Any]] = decision.similar if decision else []
    similar = [found for found in known_similar if found["similarity"] >= LEAST_SIMILARITY]
    if not similar:
        return []
    human = Message.objects.filter(
        ticket=OuterRef("pk"), kind=Message.Kind.REPLY, sender=Message.Sender.AGENT
    ).order_by("-id")
    known = at_desk(agent).settled().annotate(human_reply=Subquery(human.values("body")[:1]))
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


def read_trail(ticket: Ticket) -> list[Trace]:
    """The latest audit rows, newest first, with the people that they name."""
    events = list(ticket.events.select_related("actor").order_by("-id")[:EVENTS_SHOWN])
    people = User.objects.in_bulk(
        {event.facts["assignee"] for event in events if event.facts.get("assignee")}
    )
    named = {event.facts[name] for event in events for name in OTHER_TICKET if event.facts.get(name)}
    tickets = Ticket.objects.in_bulk(named) if named else {}
    teams = Team.objects.in_bulk({event.facts["team"] for event in events if event.facts.get("team")})
    return [Trace(event, _told(event, people, tickets, teams)) for event in events]


def _told(event: Event, people: dict[int, User], tickets: dict[int, Ticket], teams: dict[int, Team]) -> str:
    facts = event.facts
    other = next((tickets[facts[name]] for name in OTHER_TICKET if facts.get(name) in tickets), None)
    if other is not None:
        return str(other.reference)
    if event.kind == Event.Kind.ASSIGNED:
        assignee = people.get(facts.get("assignee"))
        return f"to {assignee}" if assignee else "back to the queue"
    if event.kind == Event.Kind.TEAM:
        return f"to {teams[facts['team']]}" if facts.get("team") in teams else "to no team"
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


def _others(ticket: Ticket, agent: User) -> TicketQuerySet:
    """The other tickets of the account or mailbox, with the intent last known; a guest's address is unproven."""
    decisions = Decision.objects.filter(ticket=OuterRef("pk")).order_by("-run")
    final = Case(When(corrected_at__isnull=False, then=F("corrected_intent")), default=F("intent"))
    others = at_desk(agent).of_same_person(ticket).exclude(pk=ticket.pk)
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
