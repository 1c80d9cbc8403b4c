"""The feed on PostgreSQL, where ids really are handed out before commit."""

from __future__ import annotations

import threading

import pytest
from django.db import connections, transaction

from tickets import feed
from tickets.audit import Event
from tickets.background import sealer
from tickets.models import Ticket

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_a_reader_that_polls_while_writers_commit_in_reverse_order_misses_nothing() -> None:
    ticket = Ticket.objects.bulk_create([Ticket(requester_email="guest@example.com", subject="Refund")])[0]
    writers, seen, place = 6, [], 0
    written = [threading.Event() for _ in range(writers)]
    may_commit = [threading.Event() for _ in range(writers)]

    def write(number: int) -> None:
        with transaction.atomic():
            if number:
                assert written[number - 1].wait(10)
            Event(ticket=ticket, kind="noted", facts={"message": number}).save()
            written[number].set()
            assert may_commit[number].wait(10)
        connections.close_all()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    assert written[-1].wait(10)
    for number in reversed(range(writers)):  # the highest id first
        may_commit[number].set()
        threads[number].join(10)
        sealer.seal_events()
        page = feed.page(place, 2)
        seen += [event.facts["message"] for event in page.events]
        place = page.next
    ids = list(feed.sealed().values_list("id", flat=True))
    assert ids == sorted(ids, reverse=True), "the writers did commit in reverse"
    assert seen == list(reversed(range(writers)))
