"""Writing on a ticket: the message with its files, or nothing."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.models import User
from tickets.intake import attachments
from tickets.models import Message, Ticket


@transaction.atomic
def send_reply(ticket: Ticket, author: User | None, body: str, files: Sequence[UploadedFile] = ()) -> Message:
    """A public reply; what it does to the ticket's state is ``Ticket.reply``'s business."""
    message = ticket.reply(body, author=author)
    attachments.attach(message, files)
    return message


@transaction.atomic
def write_note(ticket: Ticket, author: User, body: str, files: Sequence[UploadedFile] = ()) -> Message:
    """A note for the team. Its files are as hidden from the requester as the note is."""
    message = ticket.note(body, author=author)
    attachments.attach(message, files)
    return message
