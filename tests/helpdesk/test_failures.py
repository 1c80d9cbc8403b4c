"""What is said when something broke, and what the logs keep of it."""

from __future__ import annotations

import errno
import json
import logging
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, transaction
from django.test import RequestFactory

from accounts.models import User
from helpdesk import logs, pulse, views
from helpdesk.database import outages
from helpdesk.database.commits import start_anew

FULL_DISK = OSError(errno.ENOSPC, "No space left on device")


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (caused(OperationalError("x"), psycopg.errors.LockNotAvailable()), outages.BUSY),
        (caused(OperationalError("x"), psycopg.errors.DeadlockDetected()), outages.BUSY),
        (caused(OperationalError("x"), psycopg.errors.QueryCanceled()), outages.SLOW),
        (caused(OperationalError("x"), psycopg.errors.DiskFull()), outages.NO_ROOM),
        (caused(OperationalError("x"), psycopg.errors.TooManyConnections()), outages.CROWDED),
        (OperationalError("FATAL: sorry, too many clients already"), outages.CROWDED),
        (OperationalError("database is locked"), outages.BUSY),
        (OperationalError("database or disk is full"), outages.NO_ROOM),
        (OperationalError("server closed the connection unexpectedly"), outages.AWAY),
        (InterfaceError("connection already closed"), outages.AWAY),
        (FULL_DISK, outages.NO_ROOM),
        (caused(ValueError("upload"), FULL_DISK), outages.NO_ROOM),
        (OperationalError("no such table: tickets_ticket"), None),
        (RuntimeError("a bug"), None),
        (PermissionError(errno.EACCES, "x"), None),
    ],
)
def test_an_outage_is_told_from_a_bug(error: Exception, outage: outages.Outage | None) -> None:
    assert outages.outage_of(error) == outage


def answer_to(error: Exception, method: str, path: str = "/tickets/") -> Any:
    try:
        raise error
    except Exception:
        return views.server_error(RequestFactory().generic(method, path))


@pytest.mark.parametrize("path", ["/tickets/", "/api/tickets"])
def test_nobody_is_told_that_their_words_are_kept_when_they_are_lost(path: str) -> None:
    start_anew()
    for error, status in (
        (OperationalError("server closed the connection"), 503),
        (RuntimeError("bug"), 500),
    ):
        response = answer_to(error, "POST", path)
        assert response.status_code == status
        written = response.content.decode()
        said = json.loads(written)["message"] if path.startswith("/api") else written
        assert "What you sent wasn’t saved." in said
        assert "Nothing you sent is lost" not in response.content.decode()


def test_where_a_commit_was_tried_nobody_is_told_that_nothing_was_saved(
    transactional_db: None, requester: User
) -> None:
    start_anew()
    with transaction.atomic():
        User.objects.filter(pk=requester.pk).update(name="Rita R.")
    said = answer_to(OperationalError("server closed the connection"), "POST").content.decode()
    assert "We can’t tell whether what you sent was saved" in said
    start_anew()
    assert "wasn’t saved" in answer_to(RuntimeError("bug"), "POST").content.decode()


def test_who_only_reads_is_told_that_nothing_was_changed() -> None:
    response = answer_to(OperationalError("gone"), "GET")
    assert "Nothing was changed. Try again in 10 seconds." in response.content.decode()
    assert response["Retry-After"] == "10"


@pytest.mark.django_db
def test_a_database_lost_inside_a_view_is_an_outage_to_page_and_program(
    web: Callable[..., Any], api: Callable[..., Any], requester: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*args: object, **kwargs: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("tickets.web.views.recent_tickets", lose)
    monkeypatch.setattr("tickets.api.views.own_tickets", lose)
    browser, program = web(), api(requester)
    browser.raise_request_exception = program.raise_request_exception = False
    for response in (browser.get("/"), program.get("/api/tickets")):
        assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert program.get("/api/tickets").json()["code"] == "database_away"


@pytest.mark.django_db
def test_every_answer_carries_an_id_its_own_or_the_proxys(web: Callable[..., Any]) -> None:
    first, second = (web().get("/healthz")["X-Request-ID"] for _ in range(2))
    assert first != second
    assert web().get("/healthz", headers={"x-request-id": "proxy-12345"})["X-Request-ID"] == "proxy-12345"
    forged = web().get("/healthz", headers={"x-request-id": 'a b\tc"<script>'})["X-Request-ID"]
    assert len(forged) == 32


def record_of(error: Exception, **facts: Any) -> logging.LogRecord:
    try:
        raise error
    except Exception:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "It broke at %s", ("/a",), sys.exc_info())
    record.__dict__.update(facts)
    return record


@pytest.mark.parametrize("formatter", [logs.Line("%(message)s [%(request_id)s]"), logs.Json()])
def test_a_logged_traceback_tells_where_and_what_but_repeats_no_words(formatter: logging.Formatter) -> None:
    refused = caused(OperationalError("row (rita@example.com, My secret) refused"), ValueError("My secret"))
    said = formatter.format(record_of(refused))
    assert "OperationalError" in said
    assert "ValueError" in said
    assert "test_failures.py" in said
    assert "secret" not in said.replace(" raise error", "")
    assert "rita" not in said


def test_a_json_line_carries_the_id_of_its_request() -> None:
    token = logs.request_id.set("abc-12345")
    line = json.loads(logs.Json().format(record_of(RuntimeError("x"), status_code=500)))
    logs.request_id.reset(token)
    assert (line["request_id"], line["status"], line["level"]) == ("abc-12345", 500, "ERROR")


def test_the_path_of_a_guests_link_is_not_logged() -> None:
    request = RequestFactory().get("/guest/the-key-itself/")
    request.resolver_match = type("Match", (), {"route": "guest/<str:token>/"})()  # type: ignore[assignment]
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "%s: %s", ("Error", request.path), None)
    record.request = request
    assert logs.Json().format(record).find("the-key-itself") == -1


@pytest.mark.django_db
def test_health_says_no_when_the_database_does_not_answer_in_time(
    web: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def never() -> bool:
        asked.append(1)
        time.sleep(1)
        return True

    monkeypatch.setattr(pulse, "_ask", never)
    monkeypatch.setattr(pulse, "_last", (0.0, False))
    monkeypatch.setattr(pulse, "WITHIN", 0.1)
    monkeypatch.setattr(pulse, "_asking", ThreadPoolExecutor(1))
    assert pulse.database_answers(within=0.1) is False
    response = web().get("/healthz")
    assert (response.status_code, asked) == (503, [1])
