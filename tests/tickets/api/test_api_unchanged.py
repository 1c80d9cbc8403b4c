"""ETag, If-Match, If-None-Match; what is told of limits; other origins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]


@pytest.fixture
def ticket(requester: User, engine: Any, submit: Callable[..., Ticket]) -> Ticket:
    return submit(requester=requester)


def test_what_changed_since_it_was_read_is_not_written_to(
    api: Api, requester: User, agent: User, ticket: Ticket
) -> None:
    path = f"/api/tickets/{ticket.reference}"
    etag = api(agent).get(path).headers["ETag"]
    api(requester).post(f"{path}/messages", {"body": "One thing more."})
    refused = api(agent).post(f"{path}/messages", {"body": "Done."}, headers={"If-Match": etag})
    assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
    assert not ticket.messages.filter(body="Done.").exists()
    etag = api(agent).get(path).headers["ETag"]
    for match in (f'"other", {etag}', "*"):
        sent = api(agent).post(f"{path}/messages", {"body": "Done."}, headers={"If-Match": match})
        assert sent.status_code == 201


def test_what_is_known_is_not_sent_again(api: Api, requester: User, ticket: Ticket) -> None:
    path = f"/api/tickets/{ticket.reference}"
    etag = api(requester).get(path).headers["ETag"]
    again = api(requester).get(path, headers={"If-None-Match": f"W/{etag}"})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert "ETag" not in api(requester).get(f"{path}?fields=status").headers


def test_an_etag_tells_a_requester_nothing_of_notes(
    api: Api, requester: User, agent: User, ticket: Ticket
) -> None:
    path = f"/api/tickets/{ticket.reference}"

    def etags() -> list[str]:
        return [api(who).get(path).headers["ETag"] for who in (requester, agent)]

    before = etags()
    api(agent).post(f"{path}/messages", {"body": "fishy", "internal": True})
    after = etags()
    assert (before[0] == after[0], before[1] == after[1]) == (True, False)


def test_limits_are_told_before_and_when_they_are_reached(
    api: Api, requester: User, engine: Any, settings: Any
) -> None:
    settings.LIMITS = {**settings.LIMITS, "submit": {"person": (2, 60)}}
    answers = [api(requester).post("/api/tickets", {"body": "x"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"submit-person";q=2;w=60'}
    left = [answer.headers["RateLimit"].split(";")[1] for answer in answers]
    assert left == ["r=1", "r=0", "r=0"]
    assert answers[2].headers["RateLimit"].endswith(f";t={answers[2].headers['Retry-After']}")
    assert "RateLimit" not in api(requester).get("/api/tickets").headers


def test_other_origins_are_answered_only_where_a_setting_names_them(client: Client, settings: Any) -> None:
    asked = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    off = client.options("/api/tickets", headers=asked)
    assert not [name for name in off.headers if name.lower().startswith("access-control")]
    settings.CORS_ALLOWED_ORIGINS = ["https://shop.example"]
    settings.MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE]
    client = Client()  # the middleware is loaded with the first request
    on = client.options("/api/tickets", headers=asked)
    assert on.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "idempotency-key" in on.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in on.headers
    other = client.options("/api/tickets", headers={**asked, "origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in other.headers
    assert "Access-Control-Allow-Origin" not in client.options("/tickets/", headers=asked).headers
