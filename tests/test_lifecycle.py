"""What silence does to answered tickets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from tickets import lifecycle
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


def test_a_reply_in_the_last_moment_keeps_the_ticket_open(
    agent: User, requester: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, other = answered(agent, days_ago=30, requester=requester), answered(agent, days_ago=20)
    real_close = Ticket.close

    def reply_first(silent: Ticket, *args: Any, **facts: Any) -> None:
        if silent.pk == ticket.pk:
            Ticket.objects.get(pk=ticket.pk).reply("It broke again.", author=requester)
        real_close(silent, *args, **facts)

    monkeypatch.setattr(Ticket, "close", reply_first)
    lifecycle.close_silent_tickets()
    ticket.refresh_from_db()
    other.refresh_from_db()
    assert (ticket.status, other.status) == (Status.ESCALATED, Status.CLOSED)


def test_more_than_one_batch_is_closed_over_the_rounds(agent: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "BATCH", 2)
    for _ in range(5):
        answered(agent, days_ago=30)
    left = []
    for _ in range(3):
        lifecycle.close_silent_tickets()
        left.append(Ticket.objects.exclude(status=Status.CLOSED).count())
    assert left == [3, 1, 0]
