"""Sending a reply without talking past others, and taking it back while it is held.

A held reply is a row and a Job. Until the job runs nothing has happened on the ticket; then the reply goes out by
the ticket's own transition. What cannot go out by then returns to its author's draft, with the reason.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from tickets.background import jobs
from tickets.desk import drafts
from tickets.desk.models import Draft, HeldReply
from tickets.errors import InvalidTransition, TicketError
from tickets.intake import replies
from tickets.models import Message, Status, Ticket
from tickets.teams.sight import may_see

KIND: Final = "send_held_reply"
HELD_KEPT = timedelta(days=7)  # so long a repeated request is recognised


class Unread(TicketError):
    """Somebody else wrote since the page was loaded; the agent should read it before sending."""

    code = "unread"

    def __init__(self, newer: Sequence[Message]) -> None:
        self.newer = newer
        super().__init__(
            "Somebody wrote since this page was loaded. Read it below, then go on if it still fits."
        )


class ColleagueSends(TicketError):
    """A colleague's reply on this ticket goes out in a moment."""

    code = "colleague_sends"

    def __init__(self, colleague: User) -> None:
        super().__init__(
            f"{colleague} has just sent a reply on this ticket. Wait a moment and read it first."
        )


class TooLate(TicketError):
    """The reply has gone out."""

    code = "too_late"

    def __init__(self) -> None:
        super().__init__("The reply has been sent: it can no longer be taken back.")


@transaction.atomic
def hold(
    ticket: Ticket, *, author: User, body: str, seen: int, page: uuid.UUID, then: Draft.Then
) -> HeldReply:
    """Accept the reply of ``author``, with the files of their draft, and send it after REPLY_HOLD_SECONDS.

    ``page`` names the page that it was written on: the same text sent from it again is the same reply. Raises
    Unread if somebody else wrote after message ``seen``, InvalidTransition if the ticket takes no reply.
    """
    locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
    once = uuid.uuid5(page, f"{author.pk}\n{ticket.pk}\n{body}")
    known: HeldReply | None = HeldReply.objects.filter(once=once, undone_at=None).first()
    if known is not None:
        return known
    refuse_closed(locked)
    refuse_unread(locked, author, seen)
    underway = locked.held_replies.on_its_way().exclude(author=author).select_related("author").first()
    if underway is not None:
        raise ColleagueSends(underway.author)
    now = timezone.now()
    held = HeldReply.objects.create(
        ticket=ticket, author=author, body=body, then=then, seen=seen, once=once, created_at=now,
        send_at=now + timedelta(seconds=settings.REPLY_HOLD_SECONDS),
    )  # fmt: skip
    draft = drafts.draft_of(author, ticket)
    if draft is not None:
        draft.files.filter(for_note=False).update(draft=None, held=held)
    drafts.empty(author, ticket, "reply")
    jobs.enqueue(KIND, held.pk, key=str(held.pk), run_at=held.send_at)
    return held


@transaction.atomic
def deliver(held_id: int) -> None:
    """Send what is still held: the job's work. Twice is once."""
    held = HeldReply.objects.select_for_update().on_its_way().filter(pk=held_id).first()
    if held is None:
        return
    try:
        with transaction.atomic():
            held.message = _send(held)
    except TicketError as refusal:
        _give_back(held, str(refusal))
        return
    held.sent_at = timezone.now()
    held.save(update_fields=["message", "sent_at"])


def _send(held: HeldReply) -> Message:
    ticket, author = held.ticket, held.author
    if not author.is_agent:  # whoever left the team meanwhile would be taken for the requester
        raise TicketError(f"{author} is no agent any more.")
    if not may_see(author, ticket.team_id):
        raise TicketError(f"The ticket is with {ticket.team} now, whose tickets {author} does not see.")
    refuse_unread(ticket, author, held.seen)
    message = replies.send_reply(ticket, author, held.body)
    drafts.attach_kept(message, held.files.all())
    if held.then == Draft.Then.RESOLVE:
        ticket.resolve(actor=author)
    return message


@transaction.atomic
def undo(author: User, held_id: int) -> HeldReply:
    """Take a held reply back into the draft. Raises TooLate once it is out."""
    held = HeldReply.objects.select_for_update().on_its_way().filter(pk=held_id, author=author).first()
    if held is None:
        raise TooLate
    _give_back(held, "")
    return held


def _give_back(held: HeldReply, reason: str) -> None:
    """Back into the draft, before what was typed there since."""
    draft = drafts.draft_of(held.author, held.ticket)
    later = draft.reply if draft else ""
    body = f"{held.body}\n\n{later}" if later.strip() and later != held.body else held.body
    kept = drafts.keep(held.author, held.ticket, {"reply": body})
    Draft.objects.filter(pk=kept.pk).update(came_back=reason[:300])
    held.files.update(held=None, draft=kept)
    held.undone_at = timezone.now()
    held.save(update_fields=["undone_at"])


def settle(ticket: Ticket, *, agent: User, seen: int) -> None:
    """Resolve without a reply. What came after ``seen`` wants an answer: raises Unread."""
    with transaction.atomic():
        locked = Ticket.objects.select_for_update().get(pk=ticket.pk)
        refuse_unread(locked, agent, seen)
        ticket.resolve(actor=agent)


def refuse_unread(ticket: Ticket, author: User, seen: int) -> None:
    """Under the ticket's lock, so that nothing can be written between this look and the reply."""
    Ticket.objects.select_for_update().get(pk=ticket.pk)
    newer = list(ticket.messages.filter(pk__gt=seen).exclude(author=author).select_related("author"))
    if newer:
        raise Unread(newer)


def refuse_closed(ticket: Ticket) -> None:
    """What the transition would refuse later is refused at once."""
    if ticket.state is Status.CLOSED or ticket.is_quarantined:
        what = "in quarantine" if ticket.is_quarantined else "closed"
        raise InvalidTransition(f"Cannot reply to ticket {ticket.reference}: it is {what}.")


def forget_old() -> None:
    """The rows of replies that are out, or were taken back, long ago. A sweep."""
    old = HeldReply.objects.filter(created_at__lt=timezone.now() - HELD_KEPT)
    old.exclude(sent_at=None, undone_at=None).delete()
