"""Past tickets from elsewhere: saved whole and settled, without triage, notices or jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from tickets.models import Channel, Closure, Event, Feedback, Message, Status, Ticket
from tickets.search import index


@dataclass(frozen=True, slots=True)
class PastMessage:
    """One message of a past conversation. ``by``: an address; of somebody who works here, the message is theirs."""

    sender: Message.Sender
    body: str
    at: datetime
    kind: Message.Kind = Message.Kind.REPLY
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class PastTicket:
    """One ticket of another system. ``label`` is its intent there, for whoever keeps intents.

    ``messages`` is its whole conversation in order; without, it is ``body`` and ``reply``.
    """

    external_id: str
    subject: str
    body: str
    requester_email: str
    created_at: datetime
    requester_name: str = ""
    reply: str = ""
    answered_at: datetime | None = None
    is_settled: bool = True
    rating: int | None = None
    label: str | None = None
    messages: Sequence[PastMessage] = ()

    @property
    def first_answer(self) -> datetime | None:
        """When somebody of the team first replied."""
        if not self.messages:
            return self.answered_at
        public = (one for one in self.messages if one.kind == Message.Kind.REPLY)
        return next((one.at for one in public if one.sender == Message.Sender.AGENT), None)

    @property
    def settled_at(self) -> datetime | None:
        if not self.is_settled:
            return None
        return self.messages[-1].at if self.messages else self.answered_at or self.created_at

    @property
    def status(self) -> Status:
        """What is still open goes to a person: an old question is never answered by the machine."""
        if not self.is_settled:
            return Status.ESCALATED
        return Status.CLOSED


@transaction.atomic
def save_past_tickets(past: Sequence[PastTicket]) -> dict[str, Ticket]:
    """Save those not saved before, each with messages and audit row, all or none; the new ones by external id."""
    known = set(
        Ticket.objects.filter(external_id__in=[row.external_id for row in past]).values_list(
            "external_id", flat=True
        )
    )
    new = list({row.external_id: row for row in past if row.external_id not in known}.values())
    owners = {
        user.email: user
        for user in User.objects.filter(
            email__in={row.requester_email for row in new},
            emailaddress__email=F("email"),
            emailaddress__verified=True,
        )
    }
    tickets = Ticket.objects.bulk_create([_ticket(row, owners.get(row.requester_email)) for row in new])
    pairs = list(zip(new, tickets, strict=True))
    staff = _staff(new)
    Message.objects.bulk_create(
        [message for row, ticket in pairs for message in _messages(row, ticket, staff)]
    )
    Event.objects.bulk_create(
        Event(
            ticket=ticket, kind=Event.Kind.CREATED, after=ticket.status, at=row.created_at,
            facts={"channel": Channel.IMPORT, "external_id": row.external_id},
        )
        for row, ticket in pairs
    )  # fmt: skip
    Feedback.objects.bulk_create(
        Feedback(ticket=ticket, rating=row.rating, solved=row.rating >= 3)
        for row, ticket in pairs
        if row.rating is not None
    )
    index.index_tickets([ticket.pk for ticket in tickets])  # rows made together send no signals
    return {row.external_id: ticket for row, ticket in pairs}


def _ticket(row: PastTicket, owner: User | None) -> Ticket:
    settled = row.settled_at
    return Ticket(
        external_id=row.external_id,
        requester=owner,
        requester_email=row.requester_email,
        requester_name=row.requester_name,
        subject=row.subject,
        channel=Channel.IMPORT,
        status=row.status,
        closure=Closure.AGENT if row.is_settled else "",
        created_at=row.created_at,
        updated_at=timezone.now(),
        escalated_at=row.created_at,
        escalation_reason="imported",
        first_human_reply_at=row.first_answer,
        resolved_at=settled,
        closed_at=settled,
    )


def _staff(past: Sequence[PastTicket]) -> dict[str, User]:
    """Who of the writers works here now, by address."""
    named = {one.by for row in past for one in row.messages if one.by and one.sender == Message.Sender.AGENT}
    return {user.email: user for user in User.objects.staff().filter(email__in=named)} if named else {}


def _messages(row: PastTicket, ticket: Ticket, staff: Mapping[str, User]) -> list[Message]:
    if row.messages:
        return [
            Message(
                ticket=ticket, sender=one.sender, kind=one.kind, body=one.body, created_at=one.at,
                author=staff.get(one.by) if one.sender == Message.Sender.AGENT else None,
            )
            for one in row.messages
        ]  # fmt: skip
    asked = Message(ticket=ticket, sender=Message.Sender.REQUESTER, body=row.body, created_at=row.created_at)
    if not row.reply:
        return [asked]
    answered = Message(
        ticket=ticket,
        sender=Message.Sender.AGENT,
        body=row.reply,
        created_at=row.answered_at or row.created_at,
    )
    return [asked, answered]
