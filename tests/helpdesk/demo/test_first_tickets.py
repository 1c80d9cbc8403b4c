"""A demo opens with work at the desk, sent as any other and only once."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Role, User
from helpdesk.demo import first_tickets
from tests.conftest import FakeEngine, person
from tickets.models import Message, Status, Ticket

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture
def alex(refund_intent: Any, engine: FakeEngine) -> User:
    engine.says("track_refund", 0.2)
    person("customer@demo.example", Role.REQUESTER, "Casey Customer")
    return person("agent@demo.example", Role.AGENT, "Alex Agent")


def test_they_are_sent_once(alex: User) -> None:
    assert first_tickets.send() == len(first_tickets.LETTERS) + 1
    assert first_tickets.send() == 0
    assert Ticket.objects.count() == len(first_tickets.LETTERS) + 1
    assert not Ticket.objects.filter(status=Status.OPEN).exists(), "each was judged"


def test_the_customer_is_asked_back_and_one_ticket_is_in_work(alex: User) -> None:
    first_tickets.send()
    own = Ticket.objects.get(requester__email="customer@demo.example")
    assert (own.status, own.assignee) == (Status.PENDING, alex)
    two_things = Ticket.objects.get(subject="Two things")
    assert (two_things.status, two_things.assignee) == (Status.ESCALATED, alex)
    assert two_things.messages.filter(kind=Message.Kind.NOTE, author=alex).exists()


def test_what_the_machine_answered_is_left_to_it(alex: User, engine: FakeEngine) -> None:
    engine.says("track_refund", 0.99)
    first_tickets.send()
    own = Ticket.objects.get(requester__email="customer@demo.example")
    assert own.status == Status.AUTO_RESOLVED
    assert not own.messages.filter(sender=Message.Sender.AGENT).exists()


def test_without_the_demo_people_the_guests_write_all_the_same(
    refund_intent: Any, engine: FakeEngine
) -> None:
    engine.says("track_refund", 0.2)
    assert first_tickets.send() == len(first_tickets.LETTERS)
