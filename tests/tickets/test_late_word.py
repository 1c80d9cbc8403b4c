""" "Not solved", said when the ticket is closed already: it always reaches a person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.background import jobs
from tickets.models import Closure, Job, Status, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def closed(engine: FakeEngine, refund_intent: Any, submit: Callable[..., Ticket], requester: User) -> Ticket:
    engine.says("track_refund", 0.99)
    ticket = submit(requester=requester)
    ticket.record_feedback(solved=True, actor=requester)
    return ticket


def follow_up(ticket: Ticket) -> Ticket:
    Job.objects.update(run_at=timezone.now(), lease_until=None)
    jobs.run_due()
    return ticket.follow_ups.get()


def test_a_stale_page_that_says_not_solved_opens_a_follow_up_for_a_person(
    closed: Ticket, api: Callable[..., Any], requester: User
) -> None:
    path = f"/api/feedback/{closed.reference}"
    answer = api(requester).post(path, {"solved": False, "comment": "It is still not there."})
    assert answer.status_code == 200
    new = follow_up(closed)
    assert (new.status, new.requester, new.subject) == (Status.ESCALATED, requester, closed.subject)
    assert "It is still not there." in new.messages.get().body
    closed.refresh_from_db()
    assert closed.status == Status.CLOSED


def test_said_twice_it_is_one_follow_up(closed: Ticket, requester: User) -> None:
    for _ in range(2):
        closed.record_feedback(solved=False, actor=requester)
    assert follow_up(closed).status == Status.ESCALATED
    assert closed.follow_ups.count() == 1


def test_said_of_what_was_closed_in_quarantine_it_reaches_a_person_too(
    engine: FakeEngine, refund_intent: Any, submit: Callable[..., Ticket], requester: User, agent: User
) -> None:
    engine.says("track_refund", 0.2)
    ticket = submit(requester=requester)
    ticket.quarantine("spam", agent)
    ticket.settle(actor=requester)
    ticket.record_feedback(solved=False, actor=requester)
    assert follow_up(ticket).status == Status.ESCALATED


def test_said_again_after_the_follow_up_ended_it_opens_another(
    closed: Ticket, requester: User, agent: User
) -> None:
    closed.record_feedback(solved=False, actor=requester)
    first = follow_up(closed)
    first.resolve(actor=agent)
    first.close(Closure.AGENT, actor=agent)
    closed.record_feedback(solved=False, actor=requester)
    assert closed.follow_ups.count() == 2


def test_a_guests_late_word_reaches_a_person_too(
    engine: FakeEngine, refund_intent: Any, submit: Callable[..., Ticket]
) -> None:
    engine.says("track_refund", 0.99)
    ticket = submit()
    ticket.close(Closure.SILENCE)
    ticket.record_feedback(solved=False)
    new = follow_up(ticket)
    assert (new.status, new.requester_email) == (Status.ESCALATED, "guest@example.com")


@pytest.mark.parametrize("facts", [{"solved": True}, {"solved": None, "rating": 1}])
def test_other_late_words_open_nothing(closed: Ticket, requester: User, facts: dict[str, Any]) -> None:
    closed.record_feedback(actor=requester, **facts)
    assert not closed.follow_ups.exists()
