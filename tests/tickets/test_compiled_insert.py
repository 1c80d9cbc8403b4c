"""Rows that are inserted by a remembered statement are the rows that Django would insert."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from tickets.audit import Event
from tickets.compiled_insert import CompiledInsert
from tickets.models import Job, Message, OutgoingMail, Ticket
from tickets.service.models import Clock
from triage.models import Decision

pytestmark = pytest.mark.django_db

ROWS: dict[type[models.Model], Callable[[Ticket], dict[str, Any]]] = {
    Ticket: lambda ticket: {"requester_email": "Gus+shop@example.com", "subject": "Lamp “%s” %d 🔥"},
    Message: lambda ticket: {"ticket": ticket, "sender": "requester", "body": "50 % off? %s"},
    Event: lambda ticket: {"ticket": ticket, "kind": "noted", "facts": {"one": [1, None, "ü"]}},
    Job: lambda ticket: {"kind": "triage", "subject_id": 7, "unique_key": "triage:7"},
    OutgoingMail: lambda ticket: {"sender": "a@example.com", "recipients": ["b@example.com"], "headers": {"X": "1"}},
    Clock: lambda ticket: {"ticket": ticket, "reply_since": ticket.created_at},
    Decision: lambda ticket: {
        "ticket": ticket, "confidence": 0.5, "threshold": 0.75, "action": "escalate", "reason": "low",
        "terms": [{"term": "lamp"}], "similar": [], "objection": None, "basis": {"seen": 1},
    },
}  # fmt: skip


@pytest.fixture
def ticket() -> Ticket:
    return Ticket.objects.create(requester_email="rita@example.com", subject="Lamp")


def insert(row: models.Model, by_django: bool, monkeypatch: pytest.MonkeyPatch) -> str:
    with monkeypatch.context() as patched, CaptureQueriesContext(connection) as captured:
        if by_django:
            patched.delattr(CompiledInsert, "_do_insert")
        models.Model.save_base(row, force_insert=True)
    return next(one["sql"] for one in captured.captured_queries if one["sql"].startswith("INSERT"))


def test_all_that_a_ticket_writes_is_inserted_so() -> None:
    assert set(CompiledInsert.__subclasses__()) == set(ROWS)


@pytest.mark.parametrize("model", ROWS, ids=lambda model: model.__name__)
def test_statement_and_row_are_as_django_makes_them(
    model: type[models.Model], ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = ROWS[model](ticket)
    for _ in range(2):  # the second is by the remembered statement
        row, twin = model(**facts), model(**facts)
        for field in model._meta.concrete_fields:
            if (
                not field.primary_key
                and not field.generated
                and field.attname not in facts
                and not field.is_relation
            ):
                setattr(twin, field.attname, getattr(row, field.attname))
        texts = []
        for one, by_django in ((row, False), (twin, True)):
            with transaction.atomic():
                texts.append(insert(one, by_django, monkeypatch))
                stored = model._base_manager.filter(pk=one.pk).values().get()
                shown = {field.attname: getattr(one, field.attname) for field in model._meta.concrete_fields}
                assert shown == stored
                transaction.set_rollback(True)
        assert texts[0] == texts[1]


def test_what_the_database_is_to_reckon_is_left_to_django() -> None:
    job = Job(kind="triage", subject_id=7, unique_key="triage:7", lease_until=Now())
    job.save()
    job.refresh_from_db()
    assert job.lease_until is not None


def test_a_number_that_is_given_is_taken(ticket: Ticket) -> None:
    assert Message.objects.create(pk=4711, ticket=ticket, sender="agent", body="Given.").pk == 4711
    assert Message.objects.create(ticket=ticket, sender="agent", body="Not given.").pk != 4711


def test_what_the_database_refuses_is_refused(ticket: Ticket) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Ticket.objects.create(reference=ticket.reference, requester_email="gus@example.com", subject="Twin")
