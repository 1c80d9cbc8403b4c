"""A ticket's reference, however it is typed: one way to read it for pages, API, searches and commands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.models import Ticket
from tickets.references import new_reference, read_reference

TYPED: list[Callable[[str], str]] = [
    str.lower,
    lambda reference: reference.replace("-", ""),
    lambda reference: f" {reference.replace('-', ' ').lower()} ",
]


def test_a_new_one_is_read_as_itself() -> None:
    for _ in range(50):
        reference = new_reference()
        assert [read_reference(typed(reference)) for typed in TYPED] == [reference] * 3


def test_the_beginning_of_one_is_read_too() -> None:
    assert read_reference("k7qm3x") == read_reference("K7QM-3X") == "K7QM-3X"


@pytest.mark.parametrize("typed", ["", "   ", "-", "lamp", "K7QM-3XNA-9F2T-2", "K7QM-3XNA-9F2O", "é" * 12])
def test_what_can_be_none_is_left_alone(typed: str) -> None:
    assert read_reference(typed) == typed


@pytest.mark.django_db
@pytest.mark.parametrize("typed", TYPED)
def test_pages_api_and_searches_find_the_ticket(
    web: Callable,
    api: Callable,
    requester: User,
    agent: User,
    engine: FakeEngine,
    submit: Callable[..., Ticket],
    typed: Callable,
) -> None:
    ticket = submit(requester=requester)
    name, browser, program = typed(ticket.reference), web(requester), api(requester)
    assert browser.get(f"/tickets/{name}/").status_code == 200
    assert ticket.subject in browser.get("/tickets/", {"q": name}).content.decode()
    assert program.get(f"/api/tickets/{name}").json()["id"] == ticket.reference
    assert program.post(f"/api/tickets/{name}/messages", {"body": "And?"}).status_code == 201
    assert [row["id"] for row in program.get("/api/tickets", {"q": name}).json()["results"]] == [
        ticket.reference
    ]
    page = web(agent).get("/admin/tickets/ticket/", {"q": name}).content.decode()
    assert ticket.subject in page
