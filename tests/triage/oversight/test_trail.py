"""The trail refuses every change, on both databases; what got past it shows."""

from __future__ import annotations

import random
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, models, transaction

from accounts.models import User
from tickets.background import sealer
from tickets.models import Event, Ticket
from triage.models import Guard
from triage.oversight import switch, trail, versions
from triage.oversight.versions import PolicyVersion

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(submit: Callable[..., Ticket], supervisor: User) -> int:
    """Some thirty sealed rows, as a day leaves them."""
    for at in range(6):
        submit(guest_email=f"g{at}@example.com")
        with versions.changing("guard", by=supervisor):
            Guard.objects.create(topic="legal", pattern=f"word{at}")
    switch.set_stopped(True, by=supervisor)
    sealer.seal_events()
    trail.seal_versions()
    return Event.objects.count() + PolicyVersion.objects.count()


def told() -> str:
    out = StringIO()
    call_command("verify_trail", stdout=out, stderr=out)
    return out.getvalue()


def sql(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("table", ["tickets_event", "oversight_policyversion"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {} SET at = '2020-01-01 00:00:00'",
        "UPDATE {} SET actor_or_by = NULL, position = position",
        "UPDATE {} SET position = position + 1000",
        "UPDATE {} SET seal = 'x'",
        "UPDATE {} SET position = NULL",
        "DELETE FROM {}",
    ],
)
def test_the_database_refuses_every_change(rows: int, table: str, change: str) -> None:
    column = "actor_id" if table == "tickets_event" else "by_id"
    if "actor_or_by" in change:
        change = change.replace("actor_or_by = NULL", f"{column} = 999999")
    with pytest.raises(DatabaseError, match="cannot be changed"):
        sql(change.format(table))


def test_also_before_a_row_is_sealed(submit: Callable[..., Ticket]) -> None:
    submit()
    with pytest.raises(DatabaseError, match="cannot be changed"), transaction.atomic():
        models.QuerySet(Event).update(kind="closed")
    with pytest.raises(DatabaseError, match="cannot be changed"):
        sql("DELETE FROM tickets_event")


def test_a_whole_trail_is_said_to_be_whole(rows: int) -> None:
    report = told()
    assert report.count("whole") == 2
    assert "BROKEN" not in report


def test_a_missing_trigger_is_told_and_comes_back(rows: int) -> None:
    trail.unprotect()
    assert trail.unprotected() == ["oversight_policyversion", "tickets_event"]
    assert "lost its triggers" in told()
    trail.protect()
    assert trail.unprotected() == []


EDITS = {
    "tickets_event": [
        "UPDATE tickets_event SET kind = 'noted' WHERE position = {}",
        "UPDATE tickets_event SET facts = '{{\"x\": 1}}' WHERE position = {}",
        "UPDATE tickets_event SET at = '2020-01-01 00:00:00+00' WHERE position = {}",
        "UPDATE tickets_event SET after = 'x' WHERE position = {}",
        "DELETE FROM tickets_event WHERE position = {}",
        "UPDATE tickets_event SET seal = 'forged' WHERE position = {}",
        "UPDATE tickets_event SET position = position + 10000 WHERE position = {}",
    ],
    "oversight_policyversion": [
        "UPDATE oversight_policyversion SET by_id = NULL WHERE position = {}",
        "UPDATE oversight_policyversion SET digest = 'x' WHERE position = {}",
        "UPDATE oversight_policyversion SET changes = 77 WHERE position = {}",
        "UPDATE oversight_policyversion SET action = 'modes' WHERE position = {}",
    ],
}


def test_a_hundred_of_a_hundred_changes_are_found(rows: int) -> None:
    """By somebody who took the triggers away: edited, removed, and put in."""
    trail.unprotect()
    chance, found = random.Random(7), 0
    for _ in range(100):
        with transaction.atomic():
            table = chance.choice(list(EDITS))
            (last,) = _one(f"SELECT max(position) FROM {table}")
            if chance.random() < 0.2:
                _put_in(table, chance.randint(1, last))
            else:
                place = chance.randint(2 if table != "tickets_event" else 1, last)
                sql(chance.choice(EDITS[table]).format(place))
            found += any(one.broken is not None for one in trail.check())
            transaction.set_rollback(True)
    assert found == 100
    sql(EDITS["tickets_event"][0].format(1))
    with pytest.raises(CommandError, match="changed the trail"):
        told()


def _one(query: str) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        row: tuple[int, ...] = cursor.fetchone()
        return row


def _put_in(table: str, place: int) -> None:
    """A forged row behind ``place``; those after it move on, and the end is moved too."""
    model = Event if table == "tickets_event" else PolicyVersion
    for row in models.QuerySet(model).filter(position__gte=place).order_by("-position"):
        models.QuerySet(model).filter(pk=row.pk).update(position=row.position + 1)
    forged = models.QuerySet(model).order_by("position").first()
    assert forged is not None
    forged.pk, forged.position = None, place
    models.Model.save_base(forged, force_insert=True)
    sql(f"UPDATE tickets_trail SET position = position + 1 WHERE id = {1 if model is Event else trail.END}")


def test_the_seal_of_versions_goes_on_where_it_ended(rows: int, supervisor: User) -> None:
    sealed = PolicyVersion.objects.count()
    switch.set_stopped(False, by=supervisor)
    assert trail.seal_versions() == 1
    assert trail.seal_versions() == 0
    assert trail.first_broken_version() is None
    assert PolicyVersion.objects.get(position=sealed + 1).action == "resume"
