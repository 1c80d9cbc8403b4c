"""Which mail follows which change of a ticket. Written in the change's transaction, delivered after it.

The address of a guest's ticket is only a claim: anybody may have written there a stranger's. Mail to it therefore
carries no word that the sender chose, neither in its subject nor in its text: whoever opens the link in it reads them.
"""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import formataddr
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.models import User
from tickets.mail import guest_links, threads
from tickets.service.due import reply_due, zone_for

if TYPE_CHECKING:
    from tickets.models import Message, Ticket

TEAM_MAILS = 50  # of one urgent ticket, whatever the size of the team


def answered(ticket: Ticket, message: Message) -> None:
    """The requester gets the answer, human or automatic, with the way back to a person."""
    _to_requester(ticket, "answered", f"Re: {ticket.subject}", "Our answer to your message", message=message)


def escalated(ticket: Ticket) -> None:
    """The requester learns that a person will answer, and by when."""
    zone = zone_for(ticket)
    with timezone.override(zone):
        _to_requester(
            ticket, "escalated", f"We are on it: {ticket.subject}", "We have your message",
            due=reply_due(ticket), zone=zone.key,
        )  # fmt: skip


def requester_wrote(ticket: Ticket, message: Message) -> None:
    """The agent in charge learns of the requester's reply."""
    if ticket.assignee is None or not ticket.assignee.is_agent:
        return
    _send(
        ticket,
        "requester_wrote",
        f"[{ticket.reference}] Reply: {ticket.subject}",
        [ticket.assignee.email],
        message=message,
    )


def urgent(ticket: Ticket) -> None:
    """Every agent learns that a ticket cannot wait, one mail each. What it says is read at the desk only."""
    team = User.objects.staff().order_by("pk").values_list("email", flat=True)
    for address in team[:TEAM_MAILS]:
        _send(ticket, "urgent", f"[{ticket.reference}] Urgent: {ticket.subject}", [address])


def late(ticket: Ticket, addresses: Iterable[str], what: str, *, overdue: bool) -> None:
    """Agents learn that an answer is due soon, or late."""
    word = "Overdue" if overdue else "Due soon"
    for address in addresses:
        _send(
            ticket, "late", f"[{ticket.reference}] {word}: {ticket.subject}", [address], what=what, overdue=overdue
        )  # fmt: skip


def access_link(ticket: Ticket) -> None:
    """A guest gets a fresh link to the ticket, always to the ticket's own address."""
    _to_requester(ticket, "access_link", f"Your link to: {ticket.subject}", "The link to your message")


def ticket_url(ticket: Ticket) -> str:
    """Where the requester reads the ticket: the page itself, or a signed link for a guest."""
    if ticket.requester_id is None:
        return guest_links.url_for(ticket)
    return f"{settings.SITE_URL}{ticket.get_absolute_url()}"


def _to_requester(ticket: Ticket, template: str, subject: str, to_guest: str, **context: object) -> None:
    """``to_guest``: the subject where the address is not proved."""
    proved = ticket.requester_id is not None
    own_words = {"name": ticket.requester_name, "about": ticket.subject} if proved else {}
    subject = subject if proved else f"{to_guest} [{ticket.reference}]"
    _send(ticket, template, subject, [ticket.requester_email], url=ticket_url(ticket), **own_words, **context)


def _send(ticket: Ticket, template: str, subject: str, to: list[str], **context: object) -> None:
    facts = {
        "ticket": ticket,
        "company": settings.COMPANY_NAME,
        "site_url": settings.SITE_URL,
        **context,
    }
    body = render_to_string(f"tickets/mail/{template}.txt", facts)
    headers, reply_to, sender = _thread(ticket, template)
    EmailMessage(" ".join(subject.split()), body, sender, to, headers=headers, reply_to=reply_to).send()


def _thread(ticket: Ticket, template: str) -> tuple[dict[str, str], list[str], str | None]:
    """Headers that keep the mails of a ticket together, the signed address that replies go to, and the sender.

    Without a mailbox that is read there is no such address: a reply would reach nobody.
    """
    incoming = threads.incoming(ticket)
    ids = incoming.message_ids if incoming is not None else ()
    headers = {
        "Message-ID": threads.new_message_id(ticket.reference),
        "References": " ".join([threads.thread_id(ticket.reference), *ids]),
        **({"In-Reply-To": ids[-1]} if ids else {}),
    }
    if incoming is None or template == "urgent":
        return headers, [], None
    agent = ticket.assignee_id if template == "requester_wrote" else None
    address = threads.reply_address(incoming.address, ticket.reference, agent=agent)
    return headers, [address], formataddr((incoming.name or settings.COMPANY_NAME, incoming.address))
