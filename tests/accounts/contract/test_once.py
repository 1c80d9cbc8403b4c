"""A request that is sent again is carried out once, and nothing that was said is lost in silence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.contract import once
from accounts.contract.models import UsedKey
from accounts.models import User
from tickets.api import views
from tickets.models import Message, Ticket

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
WISH = {"subject": "Refund", "body": "Where is my refund?"}
KEY = {"Idempotency-Key": "a1"}


@pytest.fixture
def ticket(requester: User, engine: Any, submit: Callable[..., Ticket]) -> Ticket:
    return submit(requester=requester)


def test_the_same_key_with_another_body_or_address_is_refused_and_nothing_done(
    api: Api, requester: User, ticket: Ticket
) -> None:
    client = api(requester)
    client.post("/api/tickets", WISH, headers=KEY)
    messages = f"/api/tickets/{ticket.reference}/messages"
    for path, body in (("/api/tickets", {**WISH, "body": "And my coat?"}), (messages, {"body": "x"})):
        refused = client.post(path, body, headers=KEY)
        assert (refused.status_code, refused.json()["code"]) == (422, "key_reused")
    assert (Ticket.objects.count(), Message.objects.filter(ticket=ticket, sender="requester").count()) == (
        2,
        1,
    )


def test_the_same_body_written_otherwise_is_the_same(api: Api, requester: User, engine: Any) -> None:
    raw = ('{"body": "x", "subject": "y"}', '{ "subject":"y","body" : "\\u0078" }')
    answers = [
        api(requester).generic("POST", "/api/tickets", body, content_type="application/json", headers=KEY)
        for body in raw
    ]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true"]


def test_a_form_with_the_same_files_is_the_same_and_with_others_it_is_not(
    api: Api, requester: User, engine: Any
) -> None:
    def send(content: bytes) -> int:
        body = {"body": "x", "files": [SimpleUploadedFile("a.txt", content)]}
        return int(api(requester).post("/api/tickets", body, format="multipart", headers=KEY).status_code)

    assert [send(b"one"), send(b"one"), send(b"two")] == [201, 200, 422]


def test_a_message_sent_again_is_one_message(api: Api, requester: User, ticket: Ticket) -> None:
    path = f"/api/tickets/{ticket.reference}/messages"
    first, again = (api(requester).post(path, {"body": "Hello?"}, headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert ticket.messages.filter(body="Hello?").count() == 1


def test_feedback_sent_again_closes_nothing_again(api: Api, requester: User, ticket: Ticket) -> None:
    Ticket.objects.update(status="resolved")
    path = f"/api/feedback/{ticket.reference}"
    first = api(requester).post(path, {"solved": True}, headers=KEY)
    ticket.refresh_from_db()
    ticket.undo_confirmation(actor=requester)
    again = api(requester).post(path, {"solved": True}, headers=KEY)
    assert (first.status_code, again.status_code) == (200, 200)
    assert Ticket.objects.get().status == "resolved"


def test_while_the_first_is_running_the_second_waits(api: Api, requester: User, ticket: Ticket) -> None:
    Ticket.objects.update(status="resolved")
    path, said = f"/api/feedback/{ticket.reference}", {"rating": 4}
    assert api(requester).post(path, said, headers=KEY).status_code == 200
    UsedKey.objects.update(finished=False)
    waits = api(requester).post(path, said, headers=KEY)
    assert (waits.status_code, waits.json()["code"]) == (409, "still_running")
    assert waits.headers["Retry-After"] == "1"
    UsedKey.objects.update(at=timezone.now() - once.LEASE - timedelta(seconds=1))
    assert api(requester).post(path, said, headers=KEY).status_code == 200  # its process died


def test_a_ticket_waits_for_no_first_request_and_finds_its_ticket(
    api: Api, requester: User, engine: Any
) -> None:
    first = api(requester).post("/api/tickets", WISH, headers=KEY)
    UsedKey.objects.update(finished=False)  # as it is while it runs, or after its process died
    again = api(requester).post("/api/tickets", WISH, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert Ticket.objects.count() == 1
    UsedKey.objects.update(finished=False)
    other = api(requester).post("/api/tickets", {**WISH, "body": "Something else."}, headers=KEY)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


@pytest.mark.parametrize("broken", [False, True])
def test_a_request_that_is_not_carried_out_gives_its_key_back(
    api: Api, requester: User, engine: Any, monkeypatch: pytest.MonkeyPatch, broken: bool
) -> None:
    client = api(requester)
    client.raise_request_exception = False
    if broken:
        with monkeypatch.context() as patched:
            patched.setattr(views, "submit_once", None)
            assert client.post("/api/tickets", WISH, headers=KEY).status_code == 500
    else:
        assert client.post("/api/tickets", {"subject": "x"}, headers=KEY).status_code == 400
    assert not UsedKey.objects.exists()
    assert client.post("/api/tickets", WISH, headers=KEY).status_code == 201


def test_a_key_is_kept_for_a_day_and_then_means_a_new_wish(api: Api, requester: User, engine: Any) -> None:
    client = api(requester)
    client.post("/api/tickets", WISH, headers=KEY)
    old = timezone.now() - once.KEPT - timedelta(minutes=1)
    UsedKey.objects.update(at=old)
    Ticket.objects.update(created_at=old)
    assert client.post("/api/tickets", {"body": "Something new"}, headers=KEY).status_code == 201
    assert Ticket.objects.count() == 2
    UsedKey.objects.update(at=old)
    once.forget_old()
    assert not UsedKey.objects.exists()


def test_a_key_keeps_no_word_of_what_was_said(api: Api, requester: User, engine: Any) -> None:
    api(requester).post("/api/tickets", WISH, headers=KEY)
    row = UsedKey.objects.values().get()
    assert row["made"] == Ticket.objects.get().reference
    assert "refund" not in str(row).lower()


@pytest.mark.parametrize("key", ["x" * 81, "é", "a\0b", " "])
def test_what_is_no_key_is_refused(api: Api, requester: User, key: str) -> None:
    answer = api(requester).post("/api/tickets", WISH, headers={"Idempotency-Key": key})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Idempotency-Key"])


def test_the_quotes_of_a_structured_field_are_not_part_of_the_key(
    api: Api, requester: User, engine: Any
) -> None:
    for key in ('"a1"', "a1"):
        api(requester).post("/api/tickets", WISH, headers={"Idempotency-Key": key})
    assert Ticket.objects.count() == 1


def test_where_nobody_is_logged_in_a_key_is_refused_and_not_ignored(api: Api) -> None:
    answer = api().post("/api/auth/login", {"email": "a@example.com", "password": "x"}, headers=KEY)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Idempotency-Key"])


def test_a_request_without_a_key_costs_nothing_more(api: Api, requester: User, engine: Any) -> None:
    def queries(**headers: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            api(requester).post("/api/tickets", WISH, headers=headers)
        return sum("contract_usedkey" in query["sql"] for query in asked)

    assert queries() == 0
    assert queries(**KEY) == 2  # taken, finished
