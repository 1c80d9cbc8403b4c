"""Which ticket a mail belongs to, and why. The address that a mail says it comes from opens nothing by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from accounts.mailboxes import mailbox_of
from accounts.models import User
from tickets.channels.email.reading.parts import Mail
from tickets.following.copies import is_in_copy
from tickets.mail import threads
from tickets.models import Ticket
from tickets.references import ALPHABET
from tickets.teams.sight import may_see

_REFERENCE: Final = re.compile(
    rf"(?<![A-Z0-9])([{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}})(?![A-Z0-9])", re.IGNORECASE
)
REFERENCES_READ: Final = 50
IN_COPY: Final = "It says that it comes from somebody in copy"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mail belongs. No ``ticket``: it begins one; ``why`` then says what it pointed at in vain."""

    ticket: Ticket | None = None
    why: str = ""
    agent: User | None = None  # who answers as one of the team
    other_sender: bool = False  # somebody who is not the requester holds the ticket's signed address


def place_of(mail: Mail) -> Place:
    """A signed address first, then the ids of our mails, then a reference in the subject from the same sender."""
    tag = next(filter(None, map(threads.read_address, mail.recipients)), None)
    if tag is not None:
        ticket = _ticket(tag.reference)
        if ticket is not None:
            return _by_address(mail, ticket, tag.agent)
    referred = next(filter(None, map(threads.reference_in_id, mail.references[:REFERENCES_READ])), None)
    if referred is not None and (ticket := _ticket(referred)) is not None:
        if is_requester(mail, ticket):
            return Place(ticket, "It answers a mail of this ticket.")
        if is_in_copy(mail.sender.address, ticket):
            return Place(ticket, f"{IN_COPY}, answering a mail of this ticket.", other_sender=True)
        return Place(why=f"It answers a mail of {ticket.reference}, but its sender is not on that ticket.")
    for reference in _REFERENCE.findall(mail.subject)[:3]:
        ticket = _ticket(reference.upper())
        if ticket is not None and is_requester(mail, ticket):
            return Place(ticket, "Its subject names this ticket, whose requester sent it.")
        if ticket is not None:
            return Place(why=f"Its subject names {ticket.reference}, but its sender is not on that ticket.")
    return Place()


def _by_address(mail: Mail, ticket: Ticket, agent_pk: int | None) -> Place:
    if agent_pk is None:
        same = is_requester(mail, ticket)
        why = "It came to the ticket's own address."
        if not same and is_in_copy(mail.sender.address, ticket):
            return Place(ticket, f"{IN_COPY}, writing to the ticket's own address.", other_sender=True)
        return Place(
            ticket, why if same else f"{why} Its sender is not the requester.", other_sender=not same
        )
    agent = User.objects.filter(pk=agent_pk, is_active=True).first()
    known = agent is not None and agent.is_agent and may_see(agent, ticket.team_id)
    if agent is not None and known and agent.email.casefold() == mail.sender.key:
        return Place(ticket, "An agent answered the team's mail.", agent=agent)
    return Place(why=f"It came to an agent's address of {ticket.reference}, but not from that agent.")


def is_requester(mail: Mail, ticket: Ticket) -> bool:
    """Whether the mail says that it comes from the ticket's requester, whatever follows a plus."""
    own = {mailbox_of(ticket.requester_email)}
    if ticket.requester is not None:
        own.add(mailbox_of(ticket.requester.email))
    return mailbox_of(mail.sender.address) in own


def _ticket(reference: str) -> Ticket | None:
    """The ticket of this reference, or the one that it goes on in."""
    people = ("requester", "merged_into__requester")
    found = Ticket.objects.select_related(*people).filter(reference=reference).first()
    return found.merged_into or found if found is not None else None
