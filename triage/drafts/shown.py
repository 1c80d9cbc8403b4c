"""What an agent sees of proposals on a ticket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Subquery

from accounts.models import User
from tickets.models import Ticket
from triage.desk.voice import ended
from triage.drafts import letters
from triage.drafts.faults import WORDS
from triage.drafts.models import Proposal

LOOKED_AT: Final = 20  # the latest of a ticket
Kind = Proposal.Kind


@dataclass(frozen=True, slots=True)
class Shown:
    """One proposal. ``text`` is what goes into the reply; ``said`` why there is none."""

    proposal: Proposal
    text: str
    said: str

    @property
    def is_waiting(self) -> bool:
        return self.proposal.state == Proposal.State.WAITING and not self.said


def shown(ticket: Ticket, agent: User) -> list[Shown]:
    """The newest of each kind: the agent's own for a reply that is not out yet, anybody's summary."""
    newest: dict[str, Proposal] = {}
    latest = ticket.messages.order_by("-id").values("created_at")[:1]
    proposals = Proposal.objects.filter(ticket=ticket).annotate(spoken=Subquery(latest))
    for one in proposals.exclude(outcome=Proposal.Outcome.REFUSED)[:LOOKED_AT]:
        is_own = one.agent_id == agent.pk and (one.spoken is None or one.created_at > one.spoken)
        if one.prompt and (is_own or one.kind == Kind.SUMMARY):
            newest.setdefault(one.kind, one)
    return [_shown(newest[kind], agent) for kind in Kind.values if kind in newest]


def _shown(one: Proposal, agent: User) -> Shown:
    if one.state != Proposal.State.READY:
        return Shown(one, "", WORDS["late"] if one.is_overdue else WORDS.get(one.failure, ""))
    if one.kind == Kind.REPLY:
        return Shown(one, ended(letters.letter(one.parts), agent), "")
    return Shown(one, letters.translated(one.parts) if one.kind == Kind.TRANSLATION else "", "")


def text_of(ticket: Ticket, agent: User, kind: str) -> str:
    """What the newest proposal of that kind would put into the reply; empty where there is none."""
    return next((one.text for one in shown(ticket, agent) if one.proposal.kind == kind), "")
