"""The worker process: does what is due, survives what fails, ends when told or orphaned."""

from __future__ import annotations

import signal
import threading
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError

from tests.installation import Installation, eventually
from tickets.background import jobs
from tickets.management.commands import work
from tickets.models import Job


@pytest.fixture
def due(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A kind of job that notes its subject."""
    done: list[int] = []
    monkeypatch.setitem(jobs.KINDS, "noted", jobs.Kind("noted", done.append, prompt=False))
    return done


@pytest.mark.django_db
def test_once_does_what_is_due_and_says_how_much(due: list[int]) -> None:
    for number in range(3):
        jobs.enqueue("noted", number, key=str(number))
    out = StringIO()
    call_command("work", "--once", stdout=out)
    assert (due, out.getvalue().strip()) == ([0, 1, 2], "3 jobs done.")


def rounds(monkeypatch: pytest.MonkeyPatch, *outcomes: Any) -> list[float]:
    """Go round until the rounds, each ending as told, are over; returns the pauses that were made."""
    stop, pauses, left = threading.Event(), [], list(outcomes)

    def one_round() -> Any:
        outcome = left.pop(0)
        if not left:
            stop.set()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def wait(seconds: float) -> bool:
        pauses.append(seconds)
        return stop.is_set()

    monkeypatch.setattr(work, "close_old_connections", lambda: None)
    monkeypatch.setattr(work, "connections", type("None", (), {"close_all": staticmethod(lambda: None)}))
    fake = type("Stop", (), {"is_set": stop.is_set, "wait": staticmethod(wait)})()
    work.go_round(fake, one_round, 1.0)
    return pauses


def test_a_lost_database_only_lengthens_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    down = OperationalError("server closed the connection")
    assert rounds(monkeypatch, down, down, None, down, *[down] * 6)[:4] == [2.0, 4.0, 1.0, 2.0]


def test_the_pause_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rounds(monkeypatch, *[OperationalError("down")] * 9)[-1] == work.LONGEST_PAUSE


def test_there_is_no_pause_while_there_is_more_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rounds(monkeypatch, True, True, True, False) == [1.0]


def test_a_running_worker_does_new_jobs_and_ends_when_told(installation: Installation) -> None:
    with installation.started("manage.py", "work", "--pause", "0.1") as process:
        for mail in ("first", "second"):
            write_mail(installation, mail)
            eventually(lambda: installation.count("tickets_job", "finished_at IS NULL") == 0)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert len(list((installation.folder / "mail").glob("*.eml"))) == 2


def write_mail(installation: Installation, subject: str) -> None:
    """Another process of the product writes a mail."""
    code = (
        "import django; django.setup(); from django.core.mail import send_mail; "
        f"send_mail({subject!r}, 'Body', None, ['rita@example.com'])"
    )
    assert installation.run("-c", code).returncode == 0


def test_a_worker_whose_serve_was_killed_ends_by_itself(installation: Installation) -> None:
    installation.settings["SERVED_BY"] = "1"  # not the process that starts it here
    assert installation.run("manage.py", "work").returncode == 0


@pytest.mark.django_db
def test_a_failing_job_does_not_stop_the_round(monkeypatch: pytest.MonkeyPatch, due: list[int]) -> None:
    def fail(subject_id: int) -> None:
        raise RuntimeError("this one only")

    monkeypatch.setitem(jobs.KINDS, "failing", jobs.Kind("failing", fail, prompt=False))
    jobs.enqueue("failing", 1, key="1")
    jobs.enqueue("noted", 2, key="2")
    call_command("work", "--once", stdout=StringIO())
    assert due == [2]
    assert Job.objects.get(kind="failing").last_error == "RuntimeError"
