"""What no browser sends: it is the sender's error, never a server error."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from accounts.models import User

pytestmark = pytest.mark.django_db


def cursor(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/api/tickets?cursor={cursor('p=abc')}", 400),
        (f"/api/tickets?cursor={cursor('p=²')}", 400),
        ("/api/tickets?cursor=%00", 400),
        ("/api/tickets/%00", 400),
        ("/api/admin/metrics?days=²", 400),
        (f"/api/admin/metrics?days={'1' * 4400}", 400),
    ],
)
def test_an_address_of_the_api_that_makes_no_sense_is_refused(
    api: Any, supervisor: User, path: str, status: int
) -> None:
    assert api(supervisor).get(path).status_code == status


@pytest.mark.parametrize("body", ["[" * 100_000, '{"body": ' * 50_000])
def test_json_without_end_in_sight_is_refused(api: Any, requester: User, body: str) -> None:
    response = api(requester).generic("POST", "/api/tickets", body, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (400, "parse_error")


@pytest.mark.parametrize(
    "path",
    [
        "/admin/tickets/ticket/?agent=²",
        f"/admin/tickets/ticket/?agent={'9' * 20}",
        "/admin/tickets/feedback/?rating=²",
        "/admin/metrics/?days=²",
    ],
)
def test_a_filter_that_makes_no_sense_filters_nothing(web: Any, supervisor: User, path: str) -> None:
    assert web(supervisor).get(path).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tickets/%00/", 400),
        ("/tickets/?before=%00", 400),
        ("/admin/tickets/ticket/?intent=%00", 400),
        ("/admin/tickets/ticket/²/change/", 404),
    ],
)
def test_a_page_that_cannot_exist_is_not_found(web: Any, supervisor: User, path: str, status: int) -> None:
    assert web(supervisor).get(path).status_code == status


@pytest.mark.parametrize("after", ["²", "9" * 5_000])
def test_the_ticket_just_left_is_named_by_a_number_or_not_at_all(
    web: Any, supervisor: User, after: str
) -> None:
    assert web(supervisor).post("/admin/next/", {"after": after}).status_code == 302


def test_a_body_beyond_the_limit_is_told_in_the_shape_of_every_error(api: Any, requester: User) -> None:
    response = api(requester).post("/api/tickets", {"body": "x" * 3_000_000})
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


def test_the_bare_api_address_answers_programs(client: Any) -> None:
    assert client.get("/api").json()["code"] == "not_found"
