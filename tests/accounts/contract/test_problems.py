"""One shape of error for everything below /api, whoever makes it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from accounts.contract import problems
from accounts.limits.spending import LimitReached
from accounts.models import User
from helpdesk.serving.arrival import SpeaksProblems, refusal
from tickets.api import views
from tickets.errors import TicketError

pytestmark = pytest.mark.django_db
Asked = tuple[str, str, dict[str, Any]]

#: status, code → what brings it about: method, path, and how it is sent.
ASKED: dict[tuple[int, str], Asked] = {
    (400, "parse_error"): ("POST", "/api/tickets", {"data": "{oops", "content_type": "application/json"}),
    (400, "invalid"): ("POST", "/api/tickets", {"data": "{}", "content_type": "application/json"}),
    (400, "bad_request"): ("GET", "/api/tickets", {"headers": {"host": "evil.example"}}),
    (401, "not_authenticated"): ("GET", "/api/tickets", {"headers": {"authorization": ""}}),
    (401, "token_not_valid"): ("GET", "/api/tickets", {"headers": {"authorization": "Bearer x"}}),
    (403, "forbidden"): ("GET", "/api/admin/metrics", {}),
    (404, "not_found"): ("GET", "/api/no/such/address", {}),
    (405, "method_not_allowed"): ("DELETE", "/api/tickets", {}),
    (406, "not_acceptable"): ("GET", "/api/tickets", {"headers": {"accept": "image/png"}}),
    (413, "too_large"): ("POST", "/api/tickets", {"data": '"' + "x" * 3_000_000, "content_type": "application/json"}),
    (415, "unsupported_media_type"): ("POST", "/api/tickets", {"data": "x", "content_type": "image/png"}),
}  # fmt: skip


@pytest.fixture
def program(requester: User) -> Callable[..., Any]:
    """Asks as a program of the requester, through everything that a request goes through."""
    from accounts.tokens import families

    client = Client(raise_request_exception=False)
    bearer = f"Bearer {families.begin(requester)['access']}"

    def ask(method: str, path: str, **sent: Any) -> Any:
        headers = {"authorization": bearer, **sent.pop("headers", {})}
        return client.generic(method, path, headers=headers, **sent)

    return ask


def is_problem(response: Any, status: int, code: str) -> bool:
    said = response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert list(said)[:5] == ["type", "title", "status", "detail", "instance"]
    assert {"code", "message", "errors"} < said.keys()
    assert said["instance"].endswith(f"#{response.headers['X-Request-ID']}")
    assert said["type"] == f"http://testserver/api/problems#{code}"
    assert int(response.headers["Content-Length"]) == len(response.content)
    assert "no-store" in response.headers["Cache-Control"] or "no-cache" in response.headers["Cache-Control"]
    return (response.status_code, said["status"], said["code"]) == (status, status, code)


@pytest.mark.parametrize("expected", ASKED)
def test_every_refusal_is_a_problem(program: Callable[..., Any], expected: tuple[int, str]) -> None:
    method, path, sent = ASKED[expected]
    assert is_problem(program(method, path, **sent), *expected)


@pytest.mark.parametrize(
    ("error", "status", "code", "wait"),
    [
        (RuntimeError("a bug"), 500, "server_error", None),
        (OperationalError("server closed the connection"), 503, "database_away", "10"),
        (LimitReached("submit", 7), 429, "too_many", "7"),
    ],
)
def test_what_breaks_inside_is_a_problem_and_tells_no_secret(
    program: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str, wait: str | None
) -> None:  # fmt: skip
    def fail(*args: Any) -> None:
        raise error

    monkeypatch.setattr(views, "own_tickets", fail)
    response = program("GET", "/api/tickets")
    assert is_problem(response, status, code)
    assert response.headers.get("Retry-After") == wait
    assert "a bug" not in response.content.decode()


def test_a_page_of_another_library_becomes_a_problem(program: Callable[..., Any], settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.refuse_in_html"]
    assert is_problem(program("GET", "/api/tickets"), 403, "forbidden")


def refuse_in_html(get_response: Any) -> Any:
    from django.http import HttpResponseForbidden

    return lambda request: HttpResponseForbidden("<h1>CSRF verification failed.</h1>")


def test_pages_for_people_stay_pages(client: Client) -> None:
    assert client.get("/no/such/page").headers["Content-Type"].startswith("text/html")


def test_a_field_that_is_wrong_is_named_with_the_rule(program: Callable[..., Any]) -> None:
    response = program(
        "POST", "/api/tickets", data='{"body": "x", "human_requested": []}', content_type="application/json"
    )
    (violation,) = response.json()["violations"]
    assert (violation["field"], violation["rule"]) == ("human_requested", "type")
    assert violation["allowed"] == ["true", "false"]
    assert response.json()["errors"]["human_requested"] == [violation["message"]]


@pytest.fixture
def wire() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_what_the_server_refuses_before_django_is_a_problem(
    wire: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = wire
    head = b"GET /api/tickets?x=1 HTTP/1.1\r\n"
    SpeaksProblems(ours, head).sendall(b"HTTP/1.1 414 URI Too Long\r\n\r\n<html>")
    for answer, status in ((theirs.recv(9999), 414), (refusal(head, 408), 408)):
        first, _, body = answer.partition(b"\r\n\r\n")
        assert first.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"Content-Type: application/problem+json" in first
        assert problems.read(body)["status"] == status
        assert problems.read(body)["instance"] == "/api/tickets"


def kinds_of(error: type[TicketError]) -> Iterator[str]:
    yield error.code
    for inner in error.__subclasses__():
        yield from kinds_of(inner)


def test_every_error_of_the_house_is_listed(client: Client) -> None:
    listed = {kind["code"]: kind for kind in client.get("/api/problems").json()}
    assert set(kinds_of(TicketError)) <= listed.keys()
    assert listed["held"]["type"] == "http://testserver/api/problems#held"
    assert len(listed) == len(problems.KINDS)


def test_tokens_and_private_answers_are_kept_nowhere(program: Callable[..., Any], client: Client) -> None:
    assert "no-store" in program("GET", "/api/tickets").headers["Cache-Control"]
    assert "no-store" in client.post("/api/auth/login", {}).headers["Cache-Control"]
