"""The short form of `make chaos`: every kind of kill, and the check that nothing was lost or done twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.chaos import checker, controls
from tests.chaos.clients import address_of, body_of
from tests.conftest import FakeEngine
from tests.installation import ROOT
from tickets.background import sealer
from tickets.models import Job, OutgoingMail, Ticket


def chaos(*options: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--hurry", *options], cwd=ROOT, capture_output=True, text=True,
        check=False, timeout=480, stdin=subprocess.DEVNULL, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.process
@pytest.mark.postgres
@pytest.mark.broker
def test_nothing_is_lost_or_done_twice_while_everything_is_killed() -> None:
    told = chaos("--tickets", "240", "--kills", "8", "--file-kills", "0")
    assert "240 acknowledged, 240 tickets" in told
    assert "faults: none" in told
    for victim in ("Celery", "PostgreSQL", "Redis", "web process", "web server", "worker"):
        assert f"{victim} " in told.split("killed: ")[1].split(";")[0]


@pytest.mark.process
def test_the_embedded_database_survives_writers_that_are_killed() -> None:
    told = chaos("--tickets", "0", "--file-kills", "20")
    assert "20 killed" in told
    assert "the file is sound" in told
    assert "faults: none" in told


KEYS = [f"k{number}" for number in range(4)]


@pytest.fixture
def record(
    engine: FakeEngine, refund_intent: object, submit: Callable[..., Ticket], db: None
) -> checker.Record:
    """Four tickets as they should be, two of them answered by the machine."""
    acknowledged, mails = {}, {}
    for number, key in enumerate(KEYS):
        engine.says("track_refund", 0.99 if number % 2 else 0.1)
        ticket = submit(body=body_of(number, key), guest_email=address_of(key))
        acknowledged[key], mails[address_of(key)] = ticket.reference, [f"<{key}@example.com>"]
    OutgoingMail.objects.all().delete()
    Job.objects.update(finished_at="2026-01-01T00:00:00Z")
    sealer.seal_events()
    return checker.Record(KEYS, acknowledged, mails)


def test_the_check_finds_nothing_where_all_is_well(record: checker.Record) -> None:
    assert checker.check(record) == []


@pytest.mark.parametrize("control", controls.CONTROLS, ids=lambda control: control.name)
def test_the_check_finds_each_fault_that_is_put_in(record: checker.Record, control: controls.Control) -> None:
    assert controls.finds(control, record)
    assert checker.check(record) == []
