"""Writing on a ticket: the message with its files, or nothing.

Before a requester's reply to an answer is kept, a reader that another app registers may say what it means. It helps
or it is not there: one that is slow, fails or is busy leaves an ordinary reply, which brings the ticket to a person.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from typing import Final

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from tickets.errors import Held, InvalidTransition
from tickets.intake import attachments
from tickets.intake.once import SAME_WITHIN
from tickets.models import Attachment, Message, Ticket
from tickets.requester_steps import CONFIRMABLE

logger = logging.getLogger(__name__)

READER_SECONDS: Final = 0.05
READERS_AT_ONCE: Final = 4  # of one process: a reader that hangs must not gather threads


class Meaning(StrEnum):
    """What a reply to an answer can say beside anything else."""

    THANKS = "thanks"  # it only thanks, or says that the matter is settled
    DID_NOT_HELP = "did_not_help"
    ANYTHING = ""


#: Gets the text, in a thread of its own, and returns the value of a Meaning. It may not touch the database.
Reader = Callable[[str], str]
_reader: Reader | None = None
_free = threading.BoundedSemaphore(READERS_AT_ONCE)


def use_reader(reader: Reader | None) -> None:
    """Have requesters' replies to answers shown to ``reader`` first; None: to nobody."""
    global _reader
    _reader = reader


def send_reply(
    ticket: Ticket,
    author: User | None,
    body: str,
    files: Sequence[UploadedFile] = (),
    *,
    uploaded: Sequence[Attachment] = (),
    external_id: str | None = None,
    held_by: Collection[int | None] | None = None,
    may_mean_more: bool = True,
    written_by: str = "",
) -> Message:
    """A public reply; what it does to the ticket's state is the business of its transition.

    ``uploaded`` are files that came ahead of it. With an ``external_id``, the sender's own name for the reply, the
    same one sent again is found and not written twice. ``held_by`` says in whose charge the ticket may be (None among
    them: nobody's); Held is raised for anybody else. One that may not ``mean_more``, since its writer may be somebody
    else, always brings the ticket to a person; ``written_by`` is that other's address.
    """
    has_files = bool(files or uploaded)
    meaning = Meaning.ANYTHING if has_files or not may_mean_more else _meaning(ticket, author, body)
    with transaction.atomic():
        if held_by is not None:
            _refuse_held(ticket, held_by)
        known = _sent_before(ticket, body, external_id, has_files=has_files) if external_id else None
        if known is not None:
            return known
        message = _reply(ticket, author, body, meaning, written_by)
        if external_id:
            message.external_id = external_id
            message.save(update_fields=["external_id"])
        attachments.attach(message, files)
        attachments.attach_uploaded(message, uploaded)
    return message


def _refuse_held(ticket: Ticket, held_by: Collection[int | None]) -> None:
    """Under the ticket's lock: of two who reply in the same moment, the second learns who was first."""
    now = Ticket.objects.select_for_update(of=("self",)).select_related("assignee").get(pk=ticket.pk)
    if now.assignee_id not in held_by:
        raise Held(now.reference, now.assignee)


def _sent_before(ticket: Ticket, body: str, external_id: str, *, has_files: bool) -> Message | None:
    """The message that this wish became already: by its name, or as the requester's last words a moment ago."""
    twin = ticket.said_twice(body, since=timezone.now() - SAME_WITHIN)
    known = ticket.messages.filter(external_id=external_id).first()
    return known or (None if has_files else twin)


def _reply(ticket: Ticket, author: User | None, body: str, meaning: Meaning, written_by: str) -> Message:
    if meaning is Meaning.THANKS:
        try:
            return ticket.confirm_by_reply(body, author=author)
        except InvalidTransition:
            pass  # meanwhile somebody else moved it: an ordinary reply, if that is possible still
    if meaning is Meaning.DID_NOT_HELP:
        return ticket.reply(body, author=author, reason="not_solved")
    return ticket.reply(body, author=author, written_by=written_by)


def _meaning(ticket: Ticket, author: User | None, body: str) -> Meaning:
    """What the reader says of a requester's reply to an answer; without a lock, so a look at the state as loaded."""
    answered = ticket.state in CONFIRMABLE
    is_requester = author is None or not author.is_agent or author.pk == ticket.requester_id
    if _reader is None or not answered or not is_requester or not _free.acquire(blocking=False):
        return Meaning.ANYTHING
    said: list[Meaning] = []
    thread = threading.Thread(
        target=_ask, args=(_reader, body, said, _free), name="reply-reader", daemon=True
    )
    thread.start()
    thread.join(READER_SECONDS)
    return said[0] if said else Meaning.ANYTHING


def _ask(reader: Reader, body: str, said: list[Meaning], place: threading.BoundedSemaphore) -> None:
    try:
        said.append(Meaning(reader(body)))
    except Exception:
        # Whatever goes wrong in there, the reply is kept and a person reads it.
        logger.exception("A requester's reply could not be read")
    finally:
        place.release()


@transaction.atomic
def write_note(ticket: Ticket, author: User, body: str, files: Sequence[UploadedFile] = ()) -> Message:
    """A note for the team. Its files are as hidden from the requester as the note is."""
    message = ticket.note(body, author=author)
    attachments.attach(message, files)
    return message
