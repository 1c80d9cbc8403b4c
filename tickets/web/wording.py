"""What a customer reads of the way their ticket goes. No code of ours reaches them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from tickets.models import Ticket
from tickets.service.due import reply_due

LONG_READING = timedelta(minutes=1)
DEFAULT = "One of us will read your message and write back."

#: Why a ticket waits for a person, by the reason that the ticket domain itself gives.
WHY: dict[str, str] = {
    "asked_for_person": "You asked for a person, and you will get one.",
    "requester_replied": "Thank you for writing back. One of us will read it and answer.",
    "not_solved": "Sorry that our answer did not solve it. One of us takes over from here.",
    "assigned": "One of us is already looking into it.",
    "reopened": "We have opened it again, and one of us will look into it.",
}


def register_reasons(words: Mapping[str, str]) -> None:
    """Add reasons for which another app hands tickets to people: code → sentence for the requester."""
    WHY.update({code: sentence for code, sentence in words.items() if sentence})


@dataclass(frozen=True)
class Promise:
    """Why a person answers, and by when. ``late`` once that moment has passed."""

    why: str
    due: datetime | None
    late: bool


def promise(ticket: Ticket) -> Promise:
    """What to tell the requester of a ticket that waits for our team."""
    due = reply_due(ticket)
    late = due is not None and timezone.now() > due
    return Promise(WHY.get(ticket.escalation_reason, DEFAULT), due, late)


def reads_long(ticket: Ticket) -> bool:
    """Nobody should watch a page for longer than this: the answer comes by mail too."""
    return timezone.now() - ticket.created_at > LONG_READING
