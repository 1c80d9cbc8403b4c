"""Which mail follows which change of a ticket. Written in the change's transaction, delivered after it.

The address of a guest's ticket is only a claim: anybody may have written there a stranger's. Mail to it therefore
carries no word that the sender chose, neither in its subject nor in its text: whoever opens the link in it reads them.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from email.utils import formataddr
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext, gettext_noop

from accounts.models import User
from accounts.names import is_plain_name
from tickets.mail import choices, claimed, guest_links, sent, threads
from tickets.mail.bundling import AgentNotice, may_go_now
from tickets.service.due import reply_due, zone_for
from tickets.teams.sight import who_may_see
from tickets.words import grave, languages

if TYPE_CHECKING:
    from tickets.models import Message, Ticket

#: Mails to colleagues that nobody answers by mail: what they write back must not reach the requester.
UNANSWERED = {"urgent", "late", "assigned", "followed", "mentioned"}
Kind = AgentNotice.Kind
DIGEST_LINES = 50  # tickets of one daily mail
TEAM_MAILS = 50  # of one urgent ticket, whatever the size of the team


def answered(ticket: Ticket, message: Message) -> None:
    """The requester gets the answer, human or automatic, with the way back to a person.

    Raises :class:`claimed.Spent` where an automatic one may not be mailed: it must not end a ticket unread.
    """
    about = f"Re: {ticket.subject}"
    counts = message.sender == message.Sender.MACHINE and not claimed.is_proved(ticket)
    mail_id = _to_requester(
        ticket, "answered", about, gettext_noop("Our answer to your message"), counts=counts, message=message
    )
    if mail_id:
        sent.begin(message.pk, mail_id)


def escalated(ticket: Ticket) -> None:
    """The requester learns that a person will answer, and by when.

    An address without an account gets few of these: it may be a stranger's, or a helpdesk that writes back.
    """
    zone = zone_for(ticket)
    is_grave = grave.is_grave(ticket)
    counts = not claimed.is_proved(ticket) if is_grave else ticket.requester_id is None
    facts = {
        "grave": is_grave,
        "emergency": grave.emergency_in(languages.of_mail(ticket)) if is_grave else "",
        "due": reply_due(ticket),
        "zone": zone.key,
    }
    with timezone.override(zone), suppress(claimed.Spent):
        about = f"Re: {ticket.subject}"
        _to_requester(
            ticket, "escalated", about, gettext_noop("We have your message"), counts=counts, **facts
        )


def merged(source: Ticket, target: Ticket) -> None:
    """The requester of a merged ticket learns where it goes on. To the other one's address: it is the same person's."""
    about = f"Re: {source.subject}"
    _to_requester(target, "merged", about, gettext_noop("Your tickets go on together"), source=source)


def requester_wrote(ticket: Ticket, message: Message) -> None:
    """The agent in charge learns of the requester's reply."""
    if ticket.assignee is not None:
        _tell(
            ticket,
            "requester_wrote",
            Kind.WROTE,
            [ticket.assignee],
            f"Reply: {ticket.subject}",
            message=message,
        )


def urgent(ticket: Ticket) -> None:
    """Every agent who may see it learns that a ticket cannot wait, one mail each. What it says is read at the desk only."""
    team = who_may_see(User.objects.staff().order_by("pk"), ticket.team)
    _tell(ticket, "urgent", Kind.URGENT, team[:TEAM_MAILS], f"Urgent: {ticket.subject}")


def late(ticket: Ticket, people: Iterable[User], what: str, *, overdue: bool) -> None:
    """Agents learn that an answer is due soon, or late."""
    word, kind = ("Overdue", Kind.OVERDUE) if overdue else ("Due soon", Kind.DUE_SOON)
    _tell(ticket, "late", kind, people, f"{word}: {ticket.subject}", what=what, overdue=overdue)


def assigned(ticket: Ticket, agent: User, who: str) -> None:
    """A colleague has a ticket that somebody else gave them."""
    _tell(ticket, "assigned", Kind.ASSIGNED, [agent], f"Assigned to you: {ticket.subject}", who=who)


def followed(ticket: Ticket, people: Iterable[User], writer: str, wrote: str) -> None:
    """Colleagues who follow a ticket learn that something was written; they read it at the desk."""
    _tell(ticket, "followed", Kind.FOLLOWED, people, f"New: {ticket.subject}", writer=writer, wrote=wrote)


def mentioned(ticket: Ticket, people: Iterable[User], writer: str) -> None:
    """Colleagues who are named in a note."""
    _tell(ticket, "mentioned", Kind.MENTIONED, people, f"{writer} mentions you", writer=writer)


def _tell(
    ticket: Ticket, template: str, kind: Kind, people: Iterable[User], about: str, **facts: Any
) -> None:
    """One mail to each colleague, or a line in the one that tells of several things within the minute."""
    for one in people:
        if one.is_agent and may_go_now(one, ticket, kind):
            _send(ticket, template, f"[{ticket.reference}] {about}", [one.email], **facts)


def copied(ticket: Ticket, message: Message, address: str, stop: str) -> None:
    """Somebody in copy gets what was said."""
    name = ticket.requester_name if is_plain_name(ticket.requester_name) else ""
    with translation.override(languages.of_mail(ticket)):
        facts = {"who": message.written_by or name or ticket.requester_email, "message": message, "url": stop}
        _send(ticket, "copied", f"Re: {ticket.subject}", [address], has_html=True, **facts)


def copy_offered(ticket: Ticket, address: str, url: str) -> None:
    """Somebody is asked whether they want copies. No word of the ticket: anybody may have named them."""
    with translation.override(languages.of_mail(ticket)):
        about = gettext("Do you want copies? [%(reference)s]") % {"reference": ticket.reference}
        _send(ticket, "copy_offered", about, [address], has_html=True, url=url)


def access_link(ticket: Ticket) -> None:
    """A guest gets a fresh link to the ticket, always to the ticket's own address."""
    _to_requester(ticket, "access_link", f"Re: {ticket.subject}", gettext_noop("The link to your message"))


def ticket_url(ticket: Ticket) -> str:
    """Where the requester reads the ticket: the page itself, or a signed link for a guest."""
    if ticket.requester_id is None:
        return guest_links.url_for(ticket)
    return f"{settings.SITE_URL}{ticket.get_absolute_url()}"


def _to_requester(
    ticket: Ticket, template: str, subject: str, to_guest: str, *, counts: bool = False, **context: object
) -> str:
    """One letter in the requester's language. ``to_guest``: the subject (a message id) where the address is not proved.

    ``counts``: against what such an address gets in a day; Spent where it had that.
    """
    if not (template == "access_link" or context.get("grave")) and _is_kept_back(ticket):
        return ""
    if counts:
        claimed.count(ticket.requester_email)
    proved = ticket.requester_id is not None
    with translation.override(languages.of_mail(ticket)):
        own_words = (
            {"name": first_name(ticket), "about": ticket.subject, "asked": _asked(ticket)} if proved else {}
        )
        subject = subject if proved else f"{gettext(to_guest)} [{ticket.reference}]"
        facts = {"url": ticket_url(ticket), "choice_url": choices.link(ticket), **own_words, **context}
        return _send(ticket, template, subject, [ticket.requester_email], has_html=True, **facts)


def _is_kept_back(ticket: Ticket) -> bool:
    """Whether its requester chose not to be written to now; what is new then stands in the daily mail, if they want one."""
    wanted = ticket.wanted or choices.wanted_by(ticket.requester_email)
    if wanted is choices.Wanted.DAILY:
        choices.gather(ticket)
    return wanted is not choices.Wanted.EVERY


def digests() -> None:
    """Send the daily mails that are due."""
    for mailbox in choices.due():
        with transaction.atomic():
            tickets = choices.take(mailbox)
            if tickets and choices.wanted_by(tickets[-1].requester_email) is not choices.Wanted.NONE:
                _digest(tickets[-1], tickets)


def _digest(latest: Ticket, tickets: list[Ticket]) -> None:
    """One mail that names the tickets, and of a guest's only the reference: its words may be somebody else's."""
    own = choices.link(latest)
    headers = {"List-Unsubscribe": f"<{own}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    lines = [
        (one.subject if one.requester_id else one.reference, ticket_url(one))
        for one in tickets[:DIGEST_LINES]
    ]
    facts = {
        "lines": lines,
        "more": max(0, len(tickets) - DIGEST_LINES),
        "url": own,
        "company": settings.COMPANY_NAME,
    }
    with translation.override(languages.of_mail(latest)):
        body = render_to_string("tickets/mail/digest.txt", facts)
        page = render_to_string("tickets/mail/digest.html", facts)
        about = gettext("What is new on your tickets")
    mail = EmailMultiAlternatives(about, body, None, [latest.requester_email], headers=headers)
    mail.attach_alternative(page, "text/html")
    mail.send()


def first_name(ticket: Ticket) -> str:
    return ticket.requester_name.split(" ")[0]


def _asked(ticket: Ticket) -> str:
    """What the requester wrote last, to be quoted below our letter."""
    if ticket.opening is not None:
        return ticket.opening.body
    said = (
        ticket.messages.filter(sender="requester", kind="reply", written_by="")
        .order_by("-id")
        .values_list("body", flat=True)
    )
    return said.first() or ""


def _send(
    ticket: Ticket, template: str, subject: str, to: list[str], *, has_html: bool = False, **context: object
) -> str:
    """Put one mail into the outbox; its Message-ID."""
    facts: dict[str, object] = {
        "ticket": ticket,
        "company": settings.COMPANY_NAME,
        "site_url": settings.SITE_URL,
        **context,
    }
    headers, reply_to, sender = _thread(ticket, template)
    facts["is_read"] = bool(reply_to)
    body = render_to_string(f"tickets/mail/{template}.txt", facts)
    about = " ".join(subject.split())
    mail = EmailMultiAlternatives(about, body, sender, to, headers=headers, reply_to=reply_to)
    if has_html:
        mail.attach_alternative(render_to_string(f"tickets/mail/{template}.html", facts), "text/html")
    mail.send()
    return headers["Message-ID"]


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
    if incoming is None or template in UNANSWERED:
        return headers, [], None
    agent = ticket.assignee_id if template == "requester_wrote" else None
    address = threads.reply_address(incoming.address, ticket.reference, agent=agent)
    return headers, [address], formataddr((incoming.name or settings.COMPANY_NAME, incoming.address))
