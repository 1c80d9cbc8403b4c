"""Gives committed Events their position in the trail.

Ids are handed out before commit, so a reader who goes by id can pass over a row that commits late. A position is
only given to rows that are seen committed, by one sealer at a time, never by who wrote them: who has read up to
position N has read everything there was. The seals form a hash chain, so that a changed or missing row shows.
"""

from __future__ import annotations

from django.db import models, transaction

from tickets.audit import Event, Trail

BATCH = 500
ROUNDS = 20  # of one call: a large import is sealed over several


def seal_events(rounds: int | None = None) -> int:
    """Give every committed Event without a position the next ones; returns how many were sealed."""
    sealed = 0
    for _ in range(rounds or ROUNDS):
        done = _seal_batch()
        sealed += done
        if done < BATCH:
            break
    return sealed


def _seal_batch() -> int:
    if not Event.objects.filter(position=None).exists():
        return 0  # without a lock: most calls find nothing
    with transaction.atomic():
        Trail.objects.get_or_create(pk=1)
        end = Trail.objects.select_for_update().get(pk=1)
        events: list[Event] = list(Event.objects.filter(position=None).order_by("id")[:BATCH])
        for event in events:
            end.position += 1
            event.position = end.position
            event.seal = end.seal = event.sealed_after(end.seal)
        # The one place that touches a written Event; the public manager refuses it.
        models.QuerySet[Event](Event).bulk_update(events, ["position", "seal"], batch_size=100)
        end.save(update_fields=["position", "seal"])
    return len(events)


def first_broken_position() -> int | None:
    """Where the sealed trail no longer fits together: a row edited, removed or put in. None if it is whole."""
    expected, seal = 1, ""
    for event in Event.objects.exclude(position=None).order_by("position").iterator(chunk_size=2000):
        if event.position != expected or event.seal != event.sealed_after(seal):
            return expected
        expected, seal = expected + 1, event.seal
    end = Trail.objects.filter(pk=1).first()
    return None if (end.position if end else 0) == expected - 1 else expected
