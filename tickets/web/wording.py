"""What a customer reads of the way their ticket goes. No code of ours reaches them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from tickets.models import Ticket

LONG_READING = timedelta(minutes=1)
DEFAULT = "One of us will read your message and write back."
MACHINE_FAILED = "We could not answer this one automatically, so it went straight to our team."

WHY = {
    "asked_for_person": "You asked for a person, and you will get one.",
    "never_automate": "What you write about needs a person's care, so we did not answer it automatically.",
    "too_long": "You wrote at length, so one of us will read all of it.",
    "out_of_scope": "This is not one of our everyday questions, so one of us will look into it.",
    "several_questions": "You ask about more than one thing. A person will answer all of it together.",
    "unknown_intent": "We want to understand exactly what you need, so one of us will read your message.",
    "mode_not_auto": "Questions like yours are always answered by a person here.",
    "no_answer": "There is no ready answer to this, so one of us will write one for you.",
    "low_confidence": "We would rather be right than quick, so one of us will read your message.",
    "small_margin": "Your message could mean more than one thing. A person will make sure we get it right.",
    "no_model": MACHINE_FAILED,
    "engine_failed": MACHINE_FAILED,
    "engine_slow": MACHINE_FAILED,
    "requester_replied": "Thank you for writing back. One of us will read it and answer.",
    "not_solved": "Sorry that our answer did not solve it. One of us takes over from here.",
    "assigned": "One of us is already looking into it.",
    "reopened": "We have opened it again, and one of us will look into it.",
}


@dataclass(frozen=True)
class Promise:
    """Why a person answers, and by when. ``late`` once that moment has passed."""

    why: str
    due: datetime
    hours: int
    late: bool


def promise(ticket: Ticket) -> Promise:
    """What to tell the requester of a ticket that waits for our team."""
    hours = settings.RESPONSE_TARGET_HOURS
    due = (ticket.escalated_at or ticket.updated_at) + timedelta(hours=hours)
    return Promise(WHY.get(ticket.escalation_reason, DEFAULT), due, hours, late=timezone.now() > due)


def reads_long(ticket: Ticket) -> bool:
    """Nobody should watch a page for longer than this: the answer comes by mail too."""
    return timezone.now() - ticket.created_at > LONG_READING
