"""Many tickets in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from tickets.background import jobs
from tickets.models import Job, Status, Ticket

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
PATH = "/api/tickets/bulk"
ITEMS: list[dict[str, Any]] = [
    {"key": "a", "body": "One"}, {"key": "b"}, {"key": "c", "body": "Three"}, {"key": "a", "body": "Another"},
    {"key": "a", "body": "One"}, {"key": "d", "body": "x", "nonsense": 1},
]  # fmt: skip


def test_each_item_has_its_own_result(api: Api, requester: User, engine: Any) -> None:
    answer = api(requester).post(PATH, {"tickets": ITEMS})
    said = answer.json()
    assert [one["status"] for one in said["results"]] == [201, 400, 201, 422, 200, 400]
    assert (said["made"], said["repeated"], said["refused"]) == (2, 1, 3)
    assert [one["code"] for one in said["results"]] == [None, "invalid", None, "key_reused", None, "invalid"]
    assert "body" in said["results"][1]["errors"]
    assert said["results"][0]["id"] == said["results"][4]["id"]
    assert [ticket.messages.get().body for ticket in Ticket.objects.order_by("pk")] == ["One", "Three"]


def test_sent_again_it_makes_nothing_new_whatever_names_it(api: Api, requester: User, engine: Any) -> None:
    for items, headers in ((ITEMS[:1], {}), ([{"body": "No key"}], {"Idempotency-Key": "k"})):
        first, again = (
            api(requester).post(PATH, {"tickets": items}, headers=headers).json() for _ in range(2)
        )
        assert (first["made"], again["made"], again["repeated"]) == (1, 0, 1)
        assert first["results"][0]["id"] == again["results"][0]["id"]
    assert Ticket.objects.count() == 2
    alone = api(requester).post("/api/tickets", {"body": "One"}, headers={"Idempotency-Key": "a"})
    assert alone.status_code == 200


def test_they_are_decided_on_by_the_worker(api: Api, requester: User, engine: Any) -> None:
    api(requester).post(PATH, {"tickets": [{"body": "One"}, {"body": "Two"}]})
    assert engine.read == []
    assert set(Ticket.objects.values_list("status", flat=True)) == {Status.OPEN}
    assert Job.objects.filter(kind="triage", lease_until=None).count() == 2
    jobs.run_due()
    assert engine.read == ["One", "Two"]


@pytest.mark.parametrize("tickets", [[], [1], {}, "x", [{}] * 1001])
def test_what_is_no_list_of_wishes_is_refused_as_a_whole(api: Api, requester: User, tickets: Any) -> None:
    answer = api(requester).post(PATH, {"tickets": tickets})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["tickets"])


def test_all_of_them_count_against_the_limit(api: Api, requester: User, engine: Any, settings: Any) -> None:
    settings.LIMITS = {**settings.LIMITS, "submit": {"person": (3, 60)}}
    assert api(requester).post(PATH, {"tickets": [{"body": "x"}] * 4}).status_code == 429
    assert not Ticket.objects.exists()
    assert api(requester).post(PATH, {"tickets": [{"body": "x"}] * 3}).json()["made"] == 3


def test_each_ticket_costs_the_same(api: Api, requester: User, engine: Any) -> None:
    def queries(number: int) -> int:
        with CaptureQueriesContext(connection) as asked:
            api(requester).post(PATH, {"tickets": [{"body": f"{number} {at}"} for at in range(number)]})
        return len(asked)

    queries(1)  # what is loaded once
    few, many = queries(2), queries(12)
    assert (many - few) / 10 <= 16
