"""Tickets over the API: submitting, reading, replying, rating; who may see what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Role, User
from tests.conftest import FakeEngine
from tickets.models import Status, Ticket
from triage.models import Intent

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
WISH = {"subject": "Refund", "body": "Where is my refund?"}


@pytest.fixture
def ticket(requester: User, engine: FakeEngine, submit: Callable[..., Ticket]) -> Ticket:
    return submit(requester=requester)


def test_submitting_answers_with_the_ticket_and_its_address(
    api: Api, requester: User, engine: FakeEngine
) -> None:
    answer = api(requester).post("/api/tickets", WISH)
    ticket = Ticket.objects.get()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/tickets/{ticket.reference}"
    assert answer.json()["id"] == ticket.reference
    assert answer.json()["messages"][0]["body"] == WISH["body"]


@pytest.mark.django_db(transaction=True)
def test_triage_is_done_when_the_answer_comes(
    api: Api, requester: User, engine: FakeEngine, refund_intent: Intent
) -> None:
    engine.says("track_refund", 0.93)
    body = api(requester).post("/api/tickets", WISH).json()
    assert body["status"] == Status.AUTO_RESOLVED
    assert body["messages"][-1]["body"] == "Hello Rita, refunds take five days."


def test_the_same_idempotency_key_makes_one_ticket(api: Api, requester: User, engine: FakeEngine) -> None:
    client = api(requester)
    first, second = (client.post("/api/tickets", WISH, headers={"Idempotency-Key": "a1"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert Ticket.objects.count() == 1


def test_an_idempotency_key_is_the_callers_own(
    api: Api, requester: User, stranger: User, engine: FakeEngine
) -> None:
    for person in (requester, stranger):
        assert api(person).post("/api/tickets", WISH, headers={"Idempotency-Key": "a1"}).status_code == 201


def test_a_key_of_somebody_who_was_an_agent_opens_nothing_any_more(
    api: Api, agent: User, engine: FakeEngine
) -> None:
    wish = {**WISH, "requester_email": "walk@in.example"}
    api(agent).post("/api/tickets", wish, headers={"Idempotency-Key": "a1"})
    agent.role = Role.REQUESTER
    agent.save()
    again = api(agent).post("/api/tickets", wish, headers={"Idempotency-Key": "a1"})
    assert (again.status_code, Ticket.objects.count()) == (404, 1)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"subject": "x"},
        {"subject": "x", "body": "   "},
        {"body": 5.5, "subject": {}},
        {"body": "\u200b\ufeff"},
    ],
)
def test_a_bad_submission_names_the_field_and_makes_nothing(api: Api, requester: User, body: dict) -> None:
    answer = api(requester).post("/api/tickets", body)
    assert answer.status_code == 400
    assert set(answer.json()) >= {"code", "message", "errors"}
    assert answer.json()["errors"]
    assert not Ticket.objects.exists()


def test_line_ends_are_kept_as_plain_ones(api: Api, requester: User, engine: FakeEngine) -> None:
    api(requester).post("/api/tickets", {**WISH, "body": "One\r\ntwo"})
    assert Ticket.objects.get().messages.get().body == "One\ntwo"


def test_only_agents_submit_for_somebody_else(
    api: Api, requester: User, agent: User, engine: FakeEngine
) -> None:
    wish = {**WISH, "requester_email": "Walk@in.example", "requester_name": "Wanda"}
    assert api(requester).post("/api/tickets", wish).status_code == 400
    assert api(agent).post("/api/tickets", wish).status_code == 201
    assert Ticket.objects.get().requester_email == "walk@in.example"


def test_without_a_token_nothing_is_open(api: Api, ticket: Ticket) -> None:
    client, path = api(), f"/api/tickets/{ticket.reference}"
    answers = [
        client.get("/api/tickets"),
        client.get(path),
        client.post(f"{path}/messages"),
        client.post("/api/tickets"),
    ]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert answers[0].json()["code"] == "not_authenticated"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "/api/tickets/{}", None),
        ("post", "/api/tickets/{}/messages", {"body": "hi"}),
        ("post", "/api/tickets/{}/resolve", None),
        ("post", "/api/feedback/{}", {"solved": True}),
    ],
)
def test_a_strangers_ticket_and_an_absent_one_look_the_same(
    api: Api, stranger: User, ticket: Ticket, method: str, path: str, body: dict | None
) -> None:
    client = api(stranger)
    theirs = getattr(client, method)(path.format(ticket.reference), body)
    absent = getattr(client, method)(path.format("AAAA-BBBB-CCCC"), body)
    assert (theirs.status_code, told(theirs)) == (absent.status_code, told(absent))
    assert theirs.status_code == 404


def told(answer: Any) -> dict[str, Any]:
    """A problem, apart from which one it is."""
    return {name: value for name, value in answer.json().items() if name != "instance"}


def test_an_agent_sees_notes_and_the_requester_does_not(
    api: Api, requester: User, agent: User, ticket: Ticket
) -> None:
    path = f"/api/tickets/{ticket.reference}"
    note = api(agent).post(f"{path}/messages", {"body": "fishy", "internal": True})
    assert (note.status_code, note.json()["internal"]) == (201, True)
    assert "fishy" in api(agent).get(path).content.decode()
    assert "fishy" not in api(requester).get(path).content.decode()


def test_a_requester_cannot_write_notes(api: Api, requester: User, ticket: Ticket) -> None:
    answer = api(requester).post(f"/api/tickets/{ticket.reference}/messages", {"body": "x", "internal": True})
    assert answer.status_code == 400
    assert "internal" in answer.json()["errors"]


def test_a_reply_to_a_closed_ticket_is_a_conflict(api: Api, requester: User, ticket: Ticket) -> None:
    Ticket.objects.update(status=Status.CLOSED)
    answer = api(requester).post(f"/api/tickets/{ticket.reference}/messages", {"body": "hello?"})
    assert (answer.status_code, answer.json()["code"]) == (409, "invalid_transition")


def test_the_list_is_ones_own_and_agents_may_ask_for_all(
    api: Api, requester: User, stranger: User, agent: User, ticket: Ticket
) -> None:
    def listed(person: User, query: str = "") -> list[str]:
        return [row["id"] for row in api(person).get(f"/api/tickets{query}").json()["results"]]

    assert listed(requester) == [ticket.reference]
    assert listed(stranger) == listed(stranger, "?scope=all") == listed(agent) == []
    assert listed(agent, "?scope=all") == [ticket.reference]


def test_the_list_filters_and_refuses_a_wrong_filter(api: Api, requester: User, ticket: Ticket) -> None:
    client = api(requester)
    assert len(client.get("/api/tickets?status=escalated").json()["results"]) == 1
    assert client.get("/api/tickets?status=closed").json()["results"] == []
    assert client.get("/api/tickets?status=nonsense").status_code == 400
    assert client.get("/api/tickets?created_after=yesterday").status_code == 400


def test_pages_follow_each_other_without_gap_or_repeat(api: Api, requester: User) -> None:
    rows = [Ticket(requester=requester, requester_email=requester.email, subject=str(n)) for n in range(7)]
    Ticket.objects.bulk_create(rows)
    seen, address = [], "/api/tickets?page_size=3"
    while address:
        page = api(requester).get(address).json()
        seen += [row["subject"] for row in page["results"]]
        address = page["next"]
    assert seen == [str(n) for n in reversed(range(7))]


def test_the_list_asks_the_database_as_often_for_many_rows_as_for_few(api: Api, requester: User) -> None:
    def queries(rows: int) -> int:
        Ticket.objects.bulk_create(
            Ticket(requester=requester, requester_email=requester.email, subject="x") for _ in range(rows)
        )
        with CaptureQueriesContext(
            connection,
        ) as asked:
            api(requester).get("/api/tickets?page_size=100")
        return len(asked)

    assert queries(2) == queries(60)


def test_attachments_are_kept_and_come_back_as_downloads(
    api: Api, requester: User, stranger: User, engine: FakeEngine
) -> None:
    file = SimpleUploadedFile("bill.pdf", b"%PDF-1.7 bill", content_type="text/html")
    client = api(requester)
    sent = client.post("/api/tickets", {**WISH, "files": [file]}, format="multipart").json()
    attachment = sent["messages"][0]["attachments"][0]
    answer = client.get(attachment["url"])
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 bill"
    assert answer["Content-Disposition"].startswith("attachment")
    assert (answer["X-Content-Type-Options"], answer["Content-Type"]) == ("nosniff", "application/pdf")
    assert api(stranger).get(attachment["url"]).status_code == 404


def test_a_refused_attachment_leaves_no_ticket(api: Api, requester: User) -> None:
    file = SimpleUploadedFile("run.exe", b"MZ...")
    answer = api(requester).post("/api/tickets", {**WISH, "files": [file]}, format="multipart")
    assert answer.status_code == 400
    assert "we can’t take files of this type" in answer.json()["message"]
    assert not Ticket.objects.exists()


def test_feedback_solved_closes_and_unsolved_calls_a_person(
    api: Api, requester: User, engine: FakeEngine, refund_intent: Intent, submit: Callable[..., Ticket]
) -> None:
    engine.says("track_refund", 0.9)
    happy, unhappy = submit(requester=requester), submit(requester=requester)
    client = api(requester)
    assert client.post(f"/api/feedback/{happy.reference}", {"solved": True, "rating": 5}).status_code == 200
    assert client.post(f"/api/feedback/{unhappy.reference}", {"solved": False}).status_code == 200
    happy.refresh_from_db()
    unhappy.refresh_from_db()
    assert (happy.status, unhappy.status) == (Status.CLOSED, Status.ESCALATED)


@pytest.mark.parametrize("body", [{}, {"rating": 0}, {"rating": 6}, {"solved": "maybe"}])
def test_bad_feedback_is_refused(api: Api, requester: User, ticket: Ticket, body: dict) -> None:
    assert api(requester).post(f"/api/feedback/{ticket.reference}", body).status_code == 400


def test_an_agent_cannot_rate_for_the_requester(api: Api, agent: User, ticket: Ticket) -> None:
    answer = api(agent).post(f"/api/feedback/{ticket.reference}", {"solved": True})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_the_requester")


@pytest.mark.parametrize("path", ["/api/tickets/", "/api/nothing"])
def test_an_address_that_is_none_has_the_same_error_shape(api: Api, requester: User, path: str) -> None:
    answer = api(requester).get(path)
    assert answer.status_code == 404
    assert set(answer.json()) >= {"code", "message", "errors"}


def test_broken_json_is_told_as_such(api: Api, requester: User) -> None:
    answer = api(requester).generic("POST", "/api/tickets", "{oops", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_the_schema_and_its_page_are_served_from_here(api: Api) -> None:
    page = api().get("/api/docs")
    assert page.status_code == 200
    assert b"https://" not in page.content
    assert b"/api/tickets/{reference}/resolve" in api().get("/api/schema").content
    assert api().get("/docs").headers["Location"] == "/api/docs"
