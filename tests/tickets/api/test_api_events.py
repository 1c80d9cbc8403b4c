"""The feed: by position, nothing missed, nothing told that is somebody's."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tickets import feed
from tickets.audit import Event
from tickets.background import sealer
from tickets.intake.replies import send_reply
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(requester) -> Ticket:
    return Ticket.objects.create(
        requester=requester, requester_email=requester.email, subject="Refund of Rita"
    )


def write(ticket: Ticket, number: int, *, pk: int | None = None, **facts: object) -> None:
    event = Event(pk=pk, ticket=ticket, kind="noted", facts={"message": number, **facts})
    Event.objects.bulk_create([event])


def numbers(page: dict) -> list[int]:
    return [row["facts"]["message"] for row in page["results"]]


def test_a_reader_that_polls_misses_nothing_though_ids_come_in_reverse(api, agent, ticket):
    reader, seen, place = api(agent), [], 0
    for number in range(
        20, 0, -1
    ):  # as if each transaction had begun before and committed after the one before
        write(ticket, number, pk=9_000 + number)
        sealer.seal_events()
        page = reader.get("/api/events", {"after": place, "limit": 3}).json()
        seen += numbers(page)
        place = page["next"]
    assert seen == list(range(20, 0, -1))


def test_the_place_stays_where_nothing_is_new_and_pages_join(api, agent, ticket):
    for number in range(5):
        write(ticket, number)
    write_unsealed = sealer.seal_events()
    write(ticket, 99)
    first = api(agent).get("/api/events", {"limit": 3}).json()
    second = api(agent).get("/api/events", {"after": first["next"], "limit": 3}).json()
    third = api(agent).get("/api/events", {"after": second["next"]}).json()
    assert write_unsealed == 5
    assert (numbers(first), first["more"]) == ([0, 1, 2], True)
    assert (numbers(second), second["more"], second["next"]) == ([3, 4], False, 5)
    assert third == {"results": [], "next": 5, "more": False}
    assert [row["position"] for row in first["results"] + second["results"]] == [1, 2, 3, 4, 5]


def test_it_tells_ids_and_codes_only(api, agent, requester, submit):
    submit(requester=requester, subject="My secret subject", body="A secret body")
    write(Ticket.objects.get(), 1, external_id="customer-4711", note="A secret note")
    sealer.seal_events()
    told = api(agent).get("/api/events").json()
    created = told["results"][0]
    assert (created["type"], created["ticket"]) == ("ticket.created", Ticket.objects.get().reference)
    assert set(created) == {"position", "type", "at", "ticket", "actor", "before", "after", "facts", "seal"}
    text = json.dumps(told)
    assert all(word not in text for word in ("secret", "4711", requester.email, requester.name))


def test_customers_do_not_read_it(api, requester):
    assert api(requester).get("/api/events").status_code == 403


@pytest.mark.parametrize(
    "asked", [{"after": -1}, {"after": "x"}, {"after": 2**63}, {"limit": 0}, {"limit": 501}, {"since": 3}, {"ordering": "-id"}]
)  # fmt: skip
def test_a_wrong_place_is_refused_by_name(api, agent, asked):
    refused = api(agent).get("/api/events", asked)
    assert refused.status_code == 400
    assert set(refused.json()["errors"]) == set(asked)


def test_a_page_costs_one_query_however_long_it_is(api, agent, ticket):
    for number in range(30):
        write(ticket, number)
    sealer.seal_events()
    with CaptureQueriesContext(connection) as asked:
        assert len(api(agent).get("/api/events").json()["results"]) == 30
    assert len(asked) == 2  # and which teams are closed to the agent


def test_what_is_told_of_facts_is_named_and_every_name_is_a_code(submit, requester, agent):
    ticket = submit(requester=requester)
    ticket.assign(agent, actor=agent)
    send_reply(ticket, agent, "Hello", [])
    sealer.seal_events()
    for event in feed.sealed():
        for value in feed.told(event)["facts"].values():
            assert value is None or isinstance(value, int | float) or " " not in value, event.facts
