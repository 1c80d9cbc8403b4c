"""Positions follow commit, not id; the seals show every row that was edited, removed or put in."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.models import User
from tickets.background import jobs, sealer
from tickets.models import Event, Ticket, Trail
from triage.oversight import trail as protection

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(requester: User) -> Ticket:
    return Ticket.objects.create(requester=requester, requester_email=requester.email, subject="Refund")


def write(ticket: Ticket, number: int, *, pk: int | None = None) -> Event:
    event = Event(ticket=ticket, kind="noted", facts={"number": number})
    if pk is None:
        event.save()
        return event
    event.pk = pk
    Event.objects.bulk_create([event])
    return event


def trail() -> list[tuple[int, int]]:
    """(position, number) of the sealed events in order."""
    sealed = Event.objects.exclude(position=None).order_by("position")
    return [(event.position or 0, event.facts["number"]) for event in sealed]


def test_events_get_the_next_positions_in_order(ticket: Ticket) -> None:
    for number in range(3):
        write(ticket, number)
    assert sealer.seal_events() == 3
    write(ticket, 3)
    assert sealer.seal_events() == 1
    assert trail() == [(1, 0), (2, 1), (3, 2), (4, 3)]


def test_what_is_sealed_stays_as_it_is(ticket: Ticket) -> None:
    write(ticket, 0)
    sealer.seal_events()
    before = Event.objects.get()
    assert sealer.seal_events() == 0
    after = Event.objects.get()
    assert (after.position, after.seal) == (before.position, before.seal)


def test_a_row_with_a_lower_id_that_shows_later_comes_after(ticket: Ticket) -> None:
    write(ticket, 0, pk=900)
    sealer.seal_events()
    write(ticket, 1, pk=899)  # as if its transaction had begun first and committed last
    sealer.seal_events()
    assert trail() == [(1, 0), (2, 1)]


def test_more_than_one_batch_is_sealed_in_one_call(ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "BATCH", 4)
    for number in range(10):
        write(ticket, number)
    assert sealer.seal_events() == 10
    assert trail() == [(number + 1, number) for number in range(10)]
    assert Trail.objects.get().position == 10


def test_one_call_ends_though_events_keep_coming(ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealer, "BATCH", 1)
    monkeypatch.setattr(sealer, "ROUNDS", 3)
    for number in range(5):
        write(ticket, number)
    assert sealer.seal_events() == 3


def test_the_worker_seals_in_every_round(ticket: Ticket) -> None:
    write(ticket, 0)
    jobs.beat()
    assert trail() == [(1, 0)]


def test_a_whole_trail_has_no_broken_position(ticket: Ticket) -> None:
    assert sealer.first_broken_position() is None
    for number in range(5):
        write(ticket, number)
    sealer.seal_events()
    assert sealer.first_broken_position() is None


@pytest.mark.parametrize(
    ("tampering", "broken"),
    [
        ("UPDATE tickets_event SET facts = '{\"number\": 7}' WHERE position = 3", 3),
        ("UPDATE tickets_event SET at = '2020-01-01 00:00:00' WHERE position = 2", 2),
        ("UPDATE tickets_event SET kind = 'closed' WHERE position = 1", 1),
        ("DELETE FROM tickets_event WHERE position = 2", 2),
        ("DELETE FROM tickets_event WHERE position = 5", 5),
        ("UPDATE tickets_event SET position = 6 WHERE position = 5", 5),
        ("DELETE FROM tickets_trail", 6),
    ],
)
def test_tampering_shows_at_its_position(ticket: Ticket, tampering: str, broken: int) -> None:
    for number in range(5):
        write(ticket, number)
    sealer.seal_events()
    protection.unprotect()  # by somebody who may
    with connection.cursor() as cursor:
        cursor.execute(tampering)
    assert sealer.first_broken_position() == broken
