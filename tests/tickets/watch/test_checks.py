"""Each kind of silent death shows: as a finding with a level, words and what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.mail import send_mail
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from tests.conftest import FakeEngine
from tests.installation import free_port
from tickets.background import jobs, sealer
from tickets.models import Event, Job, OutgoingMail, Ticket
from tickets.watch import findings, heart
from tickets.watch.findings import Finding, Level
from tickets.watch.models import ALIVE, STUCK, Beat
from triage.instruments import model_check
from triage.running.runtime import EngineUnavailable

pytestmark = pytest.mark.django_db


def ago(**span: float) -> Any:
    return timezone.now() - timedelta(**span)


def level(name: str) -> Level:
    (found,) = findings.look(name)
    assert found.words
    assert found.advice or not found.level
    return found.level


def test_no_worker_is_an_alarm_and_so_is_one_that_is_stuck() -> None:
    assert level("worker") == Level.ALARM
    heart.beat()
    assert level("worker") == Level.OK
    Beat.objects.filter(lane="main").update(moved_at=ago(seconds=STUCK.total_seconds() + 1), doing="triage 7")
    assert level("worker") == Level.ALARM
    Beat.objects.update(moved_at=timezone.now(), seen_at=ago(seconds=ALIVE.total_seconds() + 1))
    assert level("worker") == Level.ALARM


@pytest.mark.parametrize(("minutes", "expected"), [(1, Level.OK), (3, Level.WARNING), (11, Level.ALARM)])
def test_work_that_is_overdue_shows(minutes: float, expected: Level) -> None:
    Job.objects.create(kind="triage", subject_id=1, unique_key="x", run_at=ago(minutes=minutes))
    assert level("work") == expected


def test_work_that_was_given_up_shows_until_tomorrow() -> None:
    job = Job.objects.create(kind="triage", subject_id=1, unique_key="x", failed_at=timezone.now())
    assert level("work") == Level.WARNING
    Job.objects.filter(pk=job.pk).update(failed_at=ago(days=1, minutes=1))
    assert level("work") == Level.OK


@pytest.mark.parametrize(("hours", "expected"), [(0.1, Level.OK), (1, Level.WARNING), (26, Level.ALARM)])
def test_mail_that_does_not_leave_shows(hours: float, expected: Level) -> None:
    send_mail("Hello", "Body", None, ["rita@example.com"])
    OutgoingMail.objects.update(created_at=ago(hours=hours))
    assert level("mail") == expected


def test_mail_that_was_refused_for_good_is_a_warning_and_no_backlog() -> None:
    send_mail("Hello", "Body", None, ["rita@example.com"])
    OutgoingMail.objects.update(created_at=ago(hours=26))
    Job.objects.update(failed_at=timezone.now())
    assert level("mail") == Level.WARNING


@pytest.mark.parametrize(
    ("free", "expected"), [(50 * 1024**3, Level.OK), (10**9, Level.WARNING), (10**8, Level.ALARM)]
)
def test_a_disk_that_fills_up_shows(free: int, expected: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    room = type("Room", (), {"total": 100 * 1024**3, "free": free})
    monkeypatch.setattr(shutil, "disk_usage", lambda path: room)
    assert level("disk") == expected


def test_clocks_that_disagree_show() -> None:
    heart.beat()
    assert level("clock") == Level.OK
    Beat.objects.update(clock_ahead=-86_400)
    assert level("clock") == Level.ALARM


def test_a_broker_and_a_cache_that_are_away_are_warnings(settings: Any) -> None:
    assert (level("broker"), level("cache")) == (Level.OK, Level.OK)
    settings.CELERY_BROKER_URL = settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    settings.CACHES = {
        "default": {"BACKEND": "helpdesk.caches.RedisElseMemory", "LOCATION": settings.REDIS_URL}
    }
    assert (level("broker"), level("cache")) == (Level.WARNING, Level.WARNING)


def test_a_trail_that_is_not_sealed_shows(requester: User) -> None:
    ticket = Ticket.objects.create(requester=requester, requester_email=requester.email, subject="Refund")
    Event(ticket=ticket, kind="noted", at=ago(hours=1)).save()
    assert level("trail") == Level.ALARM
    sealer.seal_events()
    assert level("trail") == Level.OK


def test_a_model_that_cannot_be_loaded_is_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise EngineUnavailable("corrupt")

    assert level("model") == Level.WARNING  # none is in use
    monkeypatch.setattr(model_check.runtime, "snapshot", refuse)
    assert level("model") == Level.ALARM


def test_an_engine_that_fails_elsewhere_shows_here(engine: FakeEngine, submit: Callable[..., Ticket]) -> None:
    engine.error = ValueError("broken in that process only")
    submit()
    assert level("model") == Level.ALARM


def test_a_check_that_cannot_be_made_is_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Finding:
        raise OSError(5, "Input/output error")

    monkeypatch.setitem(findings.CHECKS, "disk", broken)
    assert level("disk") == Level.ALARM


def doctor(*options: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("doctor", *options, stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_doctors_exit_code_is_the_worst_that_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    for code, name in ((2, "ALARM"), (1, "warning"), (0, "ok")):
        found = Finding("disk", Level(code), "So it is.", "Do this.")
        monkeypatch.setattr(findings, "CHECKS", {"disk": lambda found=found: found})
        told = doctor()
        assert told[0] == code
        assert name in told[1]
        assert ("Do this." in told[1]) == bool(code)
    assert json.loads(doctor("--json")[1])[-1]["check"] == "disk"
    assert doctor("--quiet") == (0, "")


def test_the_admin_home_shows_what_needs_a_look_and_nothing_else(
    web: Callable[..., Any], supervisor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = Finding("clock", Level.OK, "Clocks agree.")
    ill = Finding("worker", Level.ALARM, "No worker is alive.", "Start a worker.")
    monkeypatch.setattr(findings, "CHECKS", {"clock": lambda: well})
    assert "Needs a look" not in web(supervisor).get("/admin/").content.decode()
    monkeypatch.setattr(findings, "CHECKS", {"clock": lambda: well, "worker": lambda: ill})
    page = web(supervisor).get("/admin/").content.decode()
    assert "No worker is alive." in page
    assert "Clocks agree." not in page


def test_ready_says_each_check_by_name_and_no_more(
    web: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def says(name: str, found: Level) -> None:
        one = Finding(name, found, "Words for staff.")
        monkeypatch.setattr(findings, "CHECKS", {name: lambda: one})

    says("worker", Level.ALARM)  # another process' matter
    response = web().get("/readyz")
    assert (response.status_code, response.json()["checks"]["worker"]) == (200, "alarm")
    assert "Words for staff" not in response.content.decode()
    says("model", Level.ALARM)
    assert web().get("/readyz").status_code == 503


def test_metrics_are_for_who_has_the_token(web: Callable[..., Any], settings: Any) -> None:
    assert web().get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "a-token"
    assert web().get("/metrics").status_code == 401
    assert web().get("/metrics", headers={"authorization": "Bearer other"}).status_code == 401
    jobs.register("noted", lambda number: None)
    jobs.enqueue("noted", 1, key="1")
    del jobs.KINDS["noted"]
    answer = web().get("/metrics", headers={"authorization": "Bearer a-token"})
    assert answer.status_code == 200
    told = answer.content.decode()
    assert 'helpdesk_jobs_waiting{kind="noted"} 1' in told
    assert "# TYPE helpdesk_check_level gauge" in told
    assert Event.objects.count() == 0
