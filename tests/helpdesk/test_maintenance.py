"""Closed for maintenance: told to everybody without the database, forgotten by nobody, and over at one word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tickets.watch import findings, maintenance
from tickets.watch.findings import Level


@pytest.fixture(autouse=True)
def opened_again(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.VAR_DIR = tmp_path
    yield


def run(*words: str) -> str:
    said = StringIO()
    call_command("maintenance", *words, stdout=said)
    return said.getvalue()


def closed(path: str = "/", method: str = "get", **headers: str) -> Any:
    """What somebody without a database gets: nothing here may ask it."""
    return getattr(Client(), method)(path, headers=headers)


@pytest.mark.parametrize(
    "path", ["/", "/tickets/", "/tickets/TK-1/", "/help/", "/accounts/login/", "/admin/", "/nothing/", "/mail/postal/inbound/"]
)  # fmt: skip
def test_every_page_says_so_without_the_database(path: str) -> None:
    run("on", "--minutes", "20")
    for method in ("get", "post", "head"):
        answer = closed(path, method)
        assert answer.status_code == 503
        assert 1190 <= int(answer["Retry-After"]) <= 1200
        assert answer["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("said", "words"),
    [("de", "Wir sind bald zurück"), ("fr-CA", "De retour bientôt"), ("en", "We’ll be back soon"), ("xx", "We’ll be back soon")],
)  # fmt: skip
def test_it_speaks_the_visitors_language(said: str, words: str) -> None:
    run("on")
    assert words in closed("/tickets/", **{"Accept-Language": said}).content.decode()
    assert "We’ll be back soon" in closed("/admin/", **{"Accept-Language": said}).content.decode()


def test_the_switch_and_the_browsers_clock_count() -> None:
    run("on", "--minutes", "5")
    browser = Client()
    browser.cookies["language"] = "nl"
    browser.cookies["time_zone"] = "Asia/Tokyo"
    page = browser.get("/").content.decode()
    assert 'lang="nl"' in page
    assert "+09:00" in page


def test_whoever_sent_something_is_told_that_it_is_not_saved() -> None:
    run("on")
    assert "wasn’t saved" in closed("/tickets/new/", "post").content.decode()
    page = closed("/help/?q=x%22%3E").content.decode()
    assert "wasn’t saved" not in page
    assert 'href="/help/?q=x%22%3E"' in page


def test_programs_get_a_problem() -> None:
    run("on")
    answer = closed("/api/tickets", "post")
    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert json.loads(answer.content)["code"] == "maintenance"
    assert answer["Retry-After"] == "300"


def test_a_widget_shows_it_wherever_it_stands() -> None:
    run("on")
    answer = closed("/widget/some-key/")
    assert "frame-ancestors *" in answer["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer


@pytest.mark.django_db
def test_health_checks_answer_for_themselves(web: Any) -> None:
    run("on")
    assert web().get("/healthz").json() == {"status": "ok"}
    assert web().get("/readyz").json()["checks"]["maintenance"] == "warning"


@pytest.mark.django_db
def test_the_desk_may_stay_open_and_supervisors_are_told(web: Any, supervisor: User) -> None:
    browser = web(supervisor)
    run("on", "--desk-open")
    assert "Closed for maintenance" in browser.get(reverse("admin:index")).content.decode()
    assert browser.get("/").status_code == 503
    run("off")
    assert "Closed for maintenance" not in browser.get(reverse("admin:index")).content.decode()
    assert browser.get("/").status_code == 200


def test_the_command_says_where_it_stands() -> None:
    assert run("status") == "The house is open.\n"
    assert "closed to everybody since" in run("on", "--minutes", "30")
    with pytest.raises(SystemExit) as ended:
        run("status")
    assert ended.value.code == 1
    since = maintenance.state().since  # type: ignore[union-attr]
    assert "closed to all but staff" in run("on", "--desk-open")
    assert maintenance.state().since == since  # type: ignore[union-attr]
    assert run("off") == "The house is open.\n"
    assert run("off") == "It was open already.\n"


@pytest.mark.parametrize(
    "words", [("on", "--minutes", "0"), ("on", "--minutes", "99999"), ("off", "--minutes", "5"), ("status", "--desk-open")]
)  # fmt: skip
def test_what_makes_no_sense_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*words)
    assert maintenance.state() is None


@pytest.mark.parametrize(
    "written", ["", "{", "[]", '{"since": "soon", "until": null, "desk_open": true}', '{"since": null}']
)
def test_a_file_that_cannot_be_read_closes_the_house(written: str) -> None:
    maintenance.path().write_text(written)
    assert maintenance.state() == maintenance.Maintenance()
    assert closed().status_code == 503


def test_a_passed_end_is_no_longer_announced_and_rings() -> None:
    run("on", "--minutes", "20")
    facts = json.loads(maintenance.path().read_text())
    facts["until"] = "2020-01-01T00:00:00+00:00"
    maintenance.path().write_text(json.dumps(facts))
    answer = closed()
    assert answer["Retry-After"] == "300"
    assert "<time" not in answer.content.decode()
    (found,) = findings.look("maintenance")
    assert found.level is Level.ALARM
    assert "maintenance off" in found.advice
