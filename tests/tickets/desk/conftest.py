"""A ticket in the queue, and what a worker does once the time of holding is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Status, Ticket


@pytest.fixture
def waiting(db: None) -> Callable[..., Ticket]:
    """A ticket in the queue since ``hours`` ago."""

    def make(hours: float = 1, assignee: User | None = None, email: str = "guest@example.com") -> Ticket:
        ticket = submit_ticket(Submission(subject="Where is it?", body="My parcel.", guest_email=email))
        ticket.refresh_from_db()
        if ticket.state is Status.OPEN:  # where the test commits, triage has handed it over by now
            ticket.escalate("low_confidence")
        since = timezone.now() - timedelta(hours=hours)
        Ticket.objects.filter(pk=ticket.pk).update(escalated_at=since, assignee=assignee)
        ticket.refresh_from_db()
        return ticket

    return make


def last_message(ticket: Ticket) -> int:
    newest = ticket.messages.order_by("-id").values_list("pk", flat=True).first()
    assert newest is not None
    return newest
