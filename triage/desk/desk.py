"""The agent's desk: all that the page of one ticket shows, in a fixed number of queries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User
from tickets.desk.models import Snooze
from tickets.models import Closure, Event, Message, Status, Ticket, Urgency
from tickets.teams.models import Team
from triage.desk.around import Around, look_around
from triage.desk.conversation import read_conversation
from triage.desk.evidence import StanceShown, asked, stance_shown
from triage.desk.glance import Glance, look
from triage.desk.suggestion import Suggestion, suggest
from triage.desk.wording import reason_text
from triage.models import INTENT_CORRECTED, Decision

EVENTS_SHOWN = 100
OTHER_TICKET = ("into", "out_of", "ticket", "other")  # facts of Events that name another ticket
QUOTED = re.compile("“([^”]+)”")  # how a decision's sentence names a code


# --- What the page shows -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weight:
    """A term and how far its bar reaches, in percent of the heaviest."""

    text: str
    weight: float
    width: int


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
    snooze: Snooze | None
    decision: Decision | None
    reason: str
    suggestion: Suggestion | None
    terms_for: Sequence[Weight]
    terms_against: Sequence[Weight]
    stance: StanceShown | None
    asked: Sequence[str]
    around: Around
    glance: Glance

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
        return next((other.ticket for other in self.around.open_others if other.same_matter), None)

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
    talk = read_conversation(ticket, whole=whole)
    decision = ticket.decisions.select_related("intent", "corrected_intent", "corrected_by", "answer").first()
    stance = stance_shown(decision.basis) if decision else None
    glance = look(ticket, agent, decision, _codes(decision))
    snooze: Snooze | None = getattr(ticket, "snooze", None)
    return Desk(
        ticket=ticket,
        conversation=talk.messages,
        earlier=talk.earlier,
        seen=talk.messages[-1].pk if talk.messages else 0,
        snooze=snooze if snooze is not None and not snooze.is_over else None,
        decision=decision,
        reason=_reason(decision, stance),
        suggestion=None if talk.answered_by_machine else suggest(ticket, decision, agent, mode=glance.mode),
        terms_for=_weights(decision, positive=True),
        terms_against=_weights(decision, positive=False),
        stance=stance,
        asked=asked(decision.basis) if decision else [],
        around=look_around(ticket, agent, decision),
        glance=glance,
    )


def _codes(decision: Decision | None) -> set[str]:
    """Of the intents that the page names by their code."""
    if decision is None:
        return set()
    known = {
        decision.runner_up,
        (decision.objection or {}).get("intent"),
        *QUOTED.findall(decision.detail),
        *(found.get("intent") for found in decision.similar),
    }
    return {code for code in known if code}


def _reason(decision: Decision | None, stance: StanceShown | None) -> str:
    """Said once: the stance says it with its topic."""
    words = reason_text(decision.reason) if decision else ""
    return "" if stance is not None and stance.words.startswith(words) else words


def _weights(decision: Decision | None, *, positive: bool) -> list[Weight]:
    terms = decision.terms if decision else []
    heaviest = max((abs(term["weight"]) for term in terms), default=0.0) or 1.0
    return [
        Weight(term["text"], term["weight"], max(2, round(100 * abs(term["weight"]) / heaviest)))
        for term in terms
        if (term["weight"] > 0) is positive
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
