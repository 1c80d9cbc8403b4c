"""People in copy. Nobody gets a word before they have confirmed, or before a mail that we trust has named them.

A copy is what requester and team say to each other, by mail: never a note, and never the ticket's page. Whoever is in
copy may answer such a mail; that they are known opens nothing by itself, see ``tickets.channels.email.threading``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.mailboxes import mailbox_of, normalize, validate_address
from accounts.models import User
from tickets.audit import Event, register_kinds
from tickets.errors import TicketError
from tickets.following.models import Copy
from tickets.mail import claimed, notices
from tickets.models import Message, Ticket

SALT: Final = "tickets.copies"
MOST: Final = 5  # of one ticket
COPY_ADDED, COPY_CONFIRMED, COPY_REMOVED = "copy_added", "copy_confirmed", "copy_removed"
register_kinds(
    {COPY_ADDED: "Put in copy", COPY_CONFIRMED: "Copies wanted", COPY_REMOVED: "Taken out of copy"}
)


class CopyRefused(TicketError):
    """This address is not put in copy."""

    code = "copy_refused"


class AskedEnough(CopyRefused):
    """The requester names an address that got as many of our mails as one gets in a day that nobody has proved."""


@transaction.atomic
def add(ticket: Ticket, address: str, *, way: Copy.Way, by: User | None) -> bool:
    """Ask ``address`` whether it wants copies; False where it was asked already. Raises CopyRefused, AskedEnough.

    A requester may name anybody: their question is one of the few mails that an address gets which nobody has proved.
    """
    address = normalize(address)
    try:
        validate_address(address)
    except ValidationError as error:
        raise CopyRefused(f"“{address}” is no email address.") from error
    Ticket.objects.select_for_update().get(pk=ticket.pk)
    if mailbox_of(address) in {mailbox_of(one) for one in _own(ticket)}:
        raise CopyRefused(f"{address} gets everything already.")
    if ticket.copies.filter(address=address).exists():
        return False
    if ticket.copies.count() >= MOST:
        raise CopyRefused(f"At most {MOST} people are in copy of a ticket.")
    copy = Copy.objects.create(ticket=ticket, address=address, way=way)
    ticket.record(COPY_ADDED, actor=by, copy=copy.pk)
    if way == Copy.Way.REQUESTER:
        try:
            claimed.count(address)
        except claimed.Spent as error:
            raise AskedEnough(f"{address} has had its mails of the day.") from error
    notices.copy_offered(ticket, address, link(copy))
    return True


@transaction.atomic
def take_from_mail(ticket: Ticket, named: Iterable[str], *, trusted: bool) -> None:
    """Those whom the requester's own mail had in copy. They get copies at once where our server vouches for it.

    Of any other mail nobody knows who has chosen its copies: they wait until an agent asks them.
    """
    own = {mailbox_of(one) for one in (*_own(ticket), settings.SUPPORT_EMAIL)}
    for address in map(normalize, named):
        try:
            validate_address(address)
        except ValidationError:
            continue
        there = ticket.copies.count()
        if mailbox_of(address) in own or there >= MOST or User.objects.staff().with_email(address).exists():
            continue
        facts = {"way": Copy.Way.MAIL, "confirmed_at": timezone.now() if trusted else None}
        copy, is_new = Copy.objects.get_or_create(ticket=ticket, address=address, defaults=facts)
        if is_new:
            ticket.record(COPY_ADDED, actor=None, copy=copy.pk)


def ask_again(ticket: Ticket, address: str) -> bool:
    """Send the question to one who has not answered; False where there is none."""
    copy = Copy.objects.filter(ticket=ticket, address=normalize(address), confirmed_at=None).first()
    if copy is not None:
        notices.copy_offered(ticket, copy.address, link(copy))
    return copy is not None


@transaction.atomic
def remove(ticket: Ticket, address: str, *, by: User | None) -> bool:
    copy = Copy.objects.filter(ticket=ticket, address=normalize(address)).first()
    if copy is None:
        return False
    ticket.record(COPY_REMOVED, actor=by, copy=copy.pk)
    copy.delete()
    return True


def _own(ticket: Ticket) -> list[str]:
    return [ticket.requester_email, *([ticket.requester.email] if ticket.requester else [])]


# --- the link of whoever is in copy --------------------------------------------------------------------------


def link(copy: Copy) -> str:
    return f"{settings.SITE_URL}{reverse('copy', args=[signing.dumps(copy.pk, salt=SALT)])}"


def named_by(token: str) -> Copy | None:
    """The row of a signed link; None for a forged or old one, and where it is gone."""
    try:
        pk = signing.loads(token, salt=SALT, max_age=timedelta(days=settings.GUEST_LINK_DAYS))
    except signing.BadSignature:
        return None
    return Copy.objects.select_related("ticket").filter(pk=pk).first()


@transaction.atomic
def confirm(copy: Copy) -> None:
    if copy.confirmed_at is None:
        copy.confirmed_at = timezone.now()
        copy.save(update_fields=["confirmed_at"])
        copy.ticket.record(COPY_CONFIRMED, actor=None, copy=copy.pk)


def is_in_copy(address: str, ticket: Ticket) -> bool:
    """Whether the mailbox of ``address`` is in copy of the ticket and wants to be."""
    known = Copy.objects.filter(ticket=ticket).confirmed().values_list("address", flat=True)
    return mailbox_of(address) in {mailbox_of(one) for one in known}


# --- what is sent ------------------------------------------------------------------------------------------------


def send_copies(event: Event) -> None:
    """What is said goes to all in copy; to the requester's own words, their name is put.

    Whoever wrote it knows it already.
    """
    message = event.message
    if message is None or message.kind != Message.Kind.REPLY or event.ticket.is_quarantined:
        return
    writer = mailbox_of(message.written_by)
    for copy in Copy.objects.filter(ticket=event.ticket).confirmed():
        if writer and mailbox_of(copy.address) == writer:
            continue
        notices.copied(event.ticket, message, copy.address, link(copy))


def go_along(event: Event) -> None:
    """Who is in copy of a ticket is in copy of what it goes on in."""
    for row in Copy.objects.filter(ticket=event.ticket):
        facts = {"way": row.way, "confirmed_at": row.confirmed_at, "merged_from": event.ticket}
        Copy.objects.get_or_create(ticket_id=event.facts["into"], address=row.address, defaults=facts)


def come_back(event: Event) -> None:
    if "out_of" in event.facts:
        Copy.objects.filter(ticket=event.facts["out_of"], merged_from=event.ticket).delete()
