"""A ticket that waits for an agent."""

from __future__ import annotations

import pytest

from accounts.models import User
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Ticket


@pytest.fixture
def escalated(requester: User) -> Ticket:
    ticket = submit_ticket(Submission(subject="My refund", body="Where is it?", requester=requester))
    ticket.escalate("low_confidence")
    return ticket
