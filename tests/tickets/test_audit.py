"""Kinds of Events that other apps bring, and rows that never change."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.models import User
from tickets import audit
from tickets.models import Event, Status, Ticket


@pytest.mark.django_db
def test_another_app_writes_its_own_kind_without_a_migration(
    requester: User, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "KIND_WORDS", dict(audit.KIND_WORDS))
    audit.register_kinds({"weighed": "Weighed"})
    ticket = Ticket.objects.create(requester=requester, requester_email=requester.email, subject="Refund")
    before = ticket.updated_at
    ticket.record("weighed", actor=agent, grams=40)
    event = Event.objects.get(ticket=ticket)
    assert (event.words, event.actor, event.facts) == ("Weighed", agent, {"grams": 40})
    assert (event.before, event.after) == (Status.OPEN, Status.OPEN)
    ticket.refresh_from_db()
    assert ticket.updated_at > before


def test_a_kind_keeps_its_meaning() -> None:
    with pytest.raises(ValueError, match="created"):
        audit.register_kinds({"created": "Baked"})
    assert audit.KIND_WORDS["created"] == "Created"


def test_registering_the_same_kind_again_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "KIND_WORDS", dict(audit.KIND_WORDS))
    audit.register_kinds({"weighed": "Weighed"})
    audit.register_kinds({"weighed": "Weighed"})
    assert audit.KIND_WORDS["weighed"] == "Weighed"


def test_every_own_kind_has_words() -> None:
    assert {kind.value for kind in audit.EventKind} <= audit.KIND_WORDS.keys()


def test_a_kind_whose_app_is_gone_is_shown_by_its_code() -> None:
    assert Event(kind="left_behind").words == "Left behind"


@pytest.mark.django_db
def test_the_database_takes_any_code_as_a_kind() -> None:
    field = Event._meta.get_field("kind")
    assert not field.choices
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, Event._meta.db_table)
    assert "kind" in {column.name for column in columns}
