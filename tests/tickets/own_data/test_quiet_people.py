"""Who was not heard of for RETENTION_DAYS is erased, and nobody else."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import privacy
from accounts.models import Role, User
from tests.conftest import person
from tickets.background import jobs
from tickets.models import Job, Status, Ticket
from tickets.own_data import quiet

pytestmark = pytest.mark.django_db

DAYS = 100
LONG_AGO = timedelta(days=DAYS + 1)
LATELY = timedelta(days=DAYS - 1)


@pytest.fixture(autouse=True)
def rule(settings: Any, tmp_path: Path) -> None:
    settings.RETENTION_DAYS, settings.VAR_DIR = DAYS, tmp_path


def ticket(email: str, ago: timedelta, status: Status = Status.CLOSED, user: User | None = None) -> Ticket:
    made = Ticket.objects.create(
        requester_email=email, requester_name="Quentin Quiet", subject="Lamp", status=status, requester=user
    )
    Ticket.objects.filter(pk=made.pk).update(updated_at=timezone.now() - ago)
    return made


def account(
    email: str, *, joined: timedelta, used: timedelta | None = None, role: Role = Role.REQUESTER
) -> User:
    user = person(email, role, "Quentin Quiet")
    now = timezone.now()
    User.objects.filter(pk=user.pk).update(date_joined=now - joined, last_login=used and now - used)
    return user


def left() -> set[str]:
    """The addresses that are still known."""
    known = {
        *Ticket.objects.values_list("requester_email", flat=True),
        *User.objects.values_list("email", flat=True),
    }
    return {address.partition("@")[0] for address in known if not address.endswith(privacy.ERASED_DOMAIN)}


def test_only_those_are_erased_of_whom_nothing_was_heard() -> None:
    ticket("guest@example.com", LONG_AGO)
    ticket("lately@example.com", LATELY)
    ticket("again@example.com", LONG_AGO)
    ticket("again@example.com", LATELY)
    ticket("waiting@example.com", LONG_AGO, Status.ESCALATED)
    account("gone@example.com", joined=LONG_AGO, used=LONG_AGO)
    account("reader@example.com", joined=LONG_AGO, used=LATELY)
    account("new@example.com", joined=LATELY)
    owner = account("owner@example.com", joined=LONG_AGO)
    ticket("owner@example.com", LONG_AGO, user=owner)
    agent = account("agent@example.com", joined=LONG_AGO, role=Role.AGENT)
    ticket("agent@example.com", LONG_AGO, user=agent)
    quiet.forget_quiet_people(0)
    assert left() == {"lately", "again", "waiting", "reader", "new", "agent"}
    assert not Ticket.objects.filter(requester_name="Quentin Quiet", subject="Lamp", requester=owner).exists()


def test_each_has_a_receipt_and_a_second_round_finds_nobody(settings: Any) -> None:
    for name in ("a", "b", "c"):
        ticket(f"{name}@example.com", LONG_AGO)
    quiet.forget_quiet_people(0)
    receipts = [json.loads(file.read_text()) for file in (Path(settings.VAR_DIR) / "receipts").iterdir()]
    assert {receipt["person"] for receipt in receipts} == {
        privacy.find(f"{name}@example.com").fingerprint for name in ("a", "b", "c")
    }
    assert quiet.quiet_people(DAYS, 50) == []


def test_so_many_at_once_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "AT_ONCE", 2)
    for name in ("a", "b", "c"):
        ticket(f"{name}@example.com", LONG_AGO)
    quiet.forget_quiet_people(0)
    assert left() == {"c"}


def test_what_was_erased_before_a_failure_has_its_receipt(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        ticket(f"{name}@example.com", LONG_AGO)
    erase = privacy.erase_rows

    def fail_at_b(found: privacy.Person) -> dict[str, Any]:
        if found.address.startswith("b"):
            raise RuntimeError
        return erase(found)

    monkeypatch.setattr(privacy, "erase_rows", fail_at_b)
    with pytest.raises(RuntimeError):
        quiet.forget_quiet_people(0)
    assert len(list((Path(settings.VAR_DIR) / "receipts").iterdir())) == 1
    assert left() == {"b"}


def test_without_the_rule_nobody_is_erased_and_no_job_is_made(settings: Any) -> None:
    ticket("a@example.com", LONG_AGO)
    settings.RETENTION_DAYS = 0
    jobs.sweep()
    quiet.forget_quiet_people(0)
    assert left() == {"a"}
    assert not Job.objects.filter(kind=quiet.FORGET).exists()


def test_the_worker_looks_once_an_hour() -> None:
    jobs.sweep()
    jobs.sweep()
    assert Job.objects.filter(kind=quiet.FORGET).count() == 1


def test_the_command_counts_and_erases_nobody(settings: Any) -> None:
    ticket("a@example.com", LONG_AGO)
    ticket("a@example.com", LONG_AGO)
    account("gone@example.com", joined=LONG_AGO)
    said = StringIO()
    call_command("quiet_people", stdout=said)
    assert "100 days of 1 customers with 2 tickets" in said.getvalue()
    assert "1 accounts without a ticket" in said.getvalue()
    settings.RETENTION_DAYS = 0
    call_command("quiet_people", "50", stdout=said)
    assert "They are kept: RETENTION_DAYS is not set." in said.getvalue()
    with pytest.raises(CommandError, match="Name a number of days"):
        call_command("quiet_people")
    assert left() == {"a", "gone"}
