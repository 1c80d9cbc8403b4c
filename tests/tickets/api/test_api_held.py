"""Two agents and one ticket: the second to reply learns who has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def path() -> str:
    ticket = Ticket.objects.create(requester_email="rita@example.com", subject="Refund")
    return f"/api/tickets/{ticket.reference}/messages"


def test_a_reply_to_a_colleagues_ticket_is_refused_and_names_the_colleague(
    path: str, api: Callable[..., Any], agent: User, other_agent: User
) -> None:
    assert api(agent).post(path, {"body": "On it."}).status_code == 201
    refused = api(other_agent).post(path, {"body": "Me too."})
    assert (refused.status_code, refused.json()["code"]) == (409, "held")
    assert agent.name in refused.json()["message"]
    ticket = Ticket.objects.get()
    assert (ticket.messages.count(), ticket.assignee) == (1, agent)


def test_who_says_so_replies_all_the_same_and_takes_nothing_over(
    path: str, api: Callable[..., Any], agent: User, other_agent: User
) -> None:
    api(agent).post(path, {"body": "On it."})
    assert api(other_agent).post(path, {"body": "Me too.", "take_over": True}).status_code == 201
    assert Ticket.objects.get().assignee == agent


def test_a_note_is_always_taken(path: str, api: Callable[..., Any], agent: User, other_agent: User) -> None:
    api(agent).post(path, {"body": "On it."})
    assert api(other_agent).post(path, {"body": "See the order.", "internal": True}).status_code == 201
    assert api(agent).post(path, {"body": "And more."}).status_code == 201
