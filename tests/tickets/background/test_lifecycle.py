"""What silence does to answered tickets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from tickets.background import lifecycle
from tickets.models import Closure, Event, Status, Ticket

pytestmark = pytest.mark.django_db


def answered(agent: User, *, days_ago: float, **facts: Any) -> Ticket:
    """A ticket that an agent resolved so long ago."""
    ticket = Ticket.objects.create(requester_email="rita@example.com", subject="Refund", **facts)
    ticket.resolve(actor=agent)
    Ticket.objects.filter(pk=ticket.pk).update(resolved_at=timezone.now() - timedelta(days=days_ago))
    return ticket


@pytest.mark.parametrize(("days_ago", "status"), [(3.9, Status.RESOLVED), (4.1, Status.CLOSED)])
def test_an_answer_counts_as_accepted_after_four_days_and_not_before(
    agent: User, days_ago: float, status: Status
) -> None:
    ticket = answered(agent, days_ago=days_ago)
    lifecycle.close_silent_tickets()
    ticket.refresh_from_db()
    assert ticket.status == status


def test_how_long_is_a_setting(agent: User, settings: Any) -> None:
    settings.CLOSE_AFTER_SILENT_DAYS = 1
    ticket = answered(agent, days_ago=2)
    lifecycle.close_silent_tickets()
    ticket.refresh_from_db()
    assert (ticket.status, ticket.closure) == (Status.CLOSED, Closure.SILENCE)
    assert ticket.events.get(kind=Event.Kind.CLOSED).actor is None


@pytest.mark.parametrize("status", [Status.OPEN, Status.ESCALATED, Status.PENDING])
def test_what_nobody_has_answered_is_never_closed_by_time(status: Status) -> None:
    ticket = Ticket.objects.create(requester_email="r@example.com", subject="Refund", status=status)
    Ticket.objects.update(created_at=timezone.now() - timedelta(days=400))
    lifecycle.close_silent_tickets()
    ticket.refresh_from_db()
    assert ticket.status == status


@pytest.mark.parametrize("answered_again", [False, True])
def test_a_reply_in_the_last_moment_keeps_the_ticket_open(
    agent: User, requester: User, monkeypatch: pytest.MonkeyPatch, answered_again: bool
) -> None:
    first, ticket = answered(agent, days_ago=30), answered(agent, days_ago=20, requester=requester)
    real_close = Ticket.close

    def close_while_somebody_writes(silent: Ticket, *args: Any, **facts: Any) -> None:
        real_close(silent, *args, **facts)
        ticket.reply("It broke again.", author=requester)
        if answered_again:
            ticket.resolve(actor=agent)

    monkeypatch.setattr(Ticket, "close", close_while_somebody_writes)
    lifecycle.close_silent_tickets()
    ticket.refresh_from_db()
    first.refresh_from_db()
    expected = Status.RESOLVED if answered_again else Status.ESCALATED
    assert (first.status, ticket.status) == (Status.CLOSED, expected)


def test_more_than_one_batch_is_closed_over_the_rounds(agent: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "BATCH", 2)
    for _ in range(5):
        answered(agent, days_ago=30)
    left = []
    for _ in range(3):
        lifecycle.close_silent_tickets()
        left.append(Ticket.objects.exclude(status=Status.CLOSED).count())
    assert left == [3, 1, 0]
