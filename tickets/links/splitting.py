"""Splitting: messages that are a matter of their own begin a ticket of their own, linked to the one they came from.

They are copied, so that the conversation they were written in stays as its requester knows it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.core.files import File
from django.db import transaction

from accounts.models import User
from tickets.errors import TicketError
from tickets.intake import quota
from tickets.intake.attachments import attachment_path
from tickets.intake.submit import Submission, submit_ticket
from tickets.links import linking
from tickets.links.models import Link
from tickets.models import Attachment, Channel, Message, Ticket

MOST = 50  # messages of one split


class SplitRefused(TicketError):
    """These messages do not make a ticket."""

    code = "split_refused"


@transaction.atomic
def split(ticket: Ticket, chosen: Collection[int], *, subject: str, by: User) -> Ticket:
    """Begin a ticket of the messages ``chosen``, in the charge of ``by``. Raises SplitRefused.

    Its requester is told as of any ticket that comes to the team. The machine does not answer it.
    """
    Ticket.objects.select_for_update().get(pk=ticket.pk)
    messages = list(
        ticket.conversation.filter(pk__in=chosen).prefetch_related("attachments").order_by("id")[: MOST + 1]
    )
    _check(messages, subject)
    first = messages[0]
    new = submit_ticket(
        Submission(
            subject=subject, body=first.body, requester=ticket.requester, guest_email=ticket.requester_email,
            guest_name=ticket.requester_name, channel=_channel(ticket), sender_verified=ticket.sender_verified,
            machine_sent=ticket.machine_sent, language=ticket.language, team=ticket.team,
        )
    )  # fmt: skip
    copies = [new.messages.get(), *(_copy(message, new) for message in messages[1:])]
    _copy_files(
        [(a, copy) for one, copy in zip(messages, copies, strict=True) for a in one.attachments.all()]
    )
    new.assign(by, actor=by)
    linking.link(ticket, new, by=by, kind=Link.Kind.SPLIT)
    return new


def _check(messages: Sequence[Message], subject: str) -> None:
    if not messages:
        raise SplitRefused("Choose the messages that the new ticket begins with.")
    if len(messages) > MOST:
        raise SplitRefused(f"Choose {MOST} messages at most.")
    if messages[0].sender != Message.Sender.REQUESTER or messages[0].kind != Message.Kind.REPLY:
        raise SplitRefused(
            "The first chosen message must be the requester's: a ticket begins with what they ask."
        )
    if not subject.strip():
        raise SplitRefused("Give the new ticket a subject.")


def _channel(ticket: Ticket) -> Channel:
    return Channel.WEB if ticket.channel == Channel.IMPORT else Channel(ticket.channel)


def _copy(message: Message, ticket: Ticket) -> Message:
    return Message.objects.create(
        ticket=ticket, author=message.author, kind=message.kind, sender=message.sender, body=message.body,
        created_at=message.created_at,
    )  # fmt: skip


def _copy_files(wanted: Sequence[tuple[Attachment, Message]]) -> None:
    """Files of their own, so that erasing one ticket leaves the other whole."""
    quota.see_room_for(sum(attachment.size for attachment, _ in wanted))
    made: list[Attachment] = []
    try:
        for attachment, message in wanted:
            facts = {name: getattr(attachment, name) for name in ("name", "content_type", "size", "sha256")}
            copy = Attachment(message=message, **facts)
            made.append(copy)
            with attachment.file.open("rb") as content:
                copy.file.save(attachment.name, File(content), save=False)
            copy.save()
    except Exception:
        # The rows go with the transaction, what is on the disk already does not.
        for copy in made:
            copy.file.storage.delete(attachment_path(copy, copy.name))
        raise
