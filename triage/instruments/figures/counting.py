"""Counting: the trail is read on from where it was last read; each Event's ticket has its facts read anew, and the sums
are moved by the difference.

So the sums are exact whatever came in which order, and a late word (a correction, a refusal, a quarantine) is moved to
where it belongs. The request that writes an Event pays nothing for it; the worker counts about once a second, and
whoever looks at the figures counts what is left first.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from tickets.audit import Event, EventKind, Trail
from tickets.background import jobs, sealer
from tickets.models import Ticket
from tickets.service.clocks import OVERDUE
from triage.instruments.figures import facts
from triage.instruments.figures.facts import Added
from triage.instruments.figures.models import Daily, Due, Fact, Turn
from triage.models import INTENT_CORRECTED

logger = logging.getLogger(__name__)

BATCH: Final = 500  # tickets of one transaction
BEFORE_A_LOOK: Final = 4  # batches that a page counts itself; what is more waits for the worker
IN_A_BEAT: Final = 10

#: Figures of which each scope keeps its own sums.
OF_INTENTS: Final = frozenset({"decided", "machine", "human", "feedback", "corrected"})
OF_AGENTS: Final = frozenset({"human", "first_reply", "resolved_human", "feedback", "overdue"})

MOVES_NOTHING: Final = {EventKind.NOTED, EventKind.CLAIMED, EventKind.PRIORITISED}
MOVING: Final = {*EventKind, OVERDUE, INTENT_CORRECTED} - MOVES_NOTHING
#: Whether a ticket is put down, or an Event is not sealed or not counted.
ANYTHING: Final = """
SELECT EXISTS (SELECT 1 FROM figures_due)
    OR EXISTS (SELECT 1 FROM tickets_event WHERE position IS NULL)
    OR EXISTS (SELECT 1 FROM tickets_event
               WHERE position > COALESCE((SELECT position FROM figures_turn WHERE id = 1), 0))
"""

Key = tuple[str, str, str, str, object]  # scope, key, figure, value, day


def count_due(batches: int = BEFORE_A_LOOK) -> int:
    """Count what is due, at most so many batches; returns how many tickets were read."""
    done = 0
    for _ in range(batches):
        if not _is_anything_due():  # without a lock: most calls find nothing
            break
        sealer.seal_events(rounds=1)
        done += _count_batch()
    return done


def _is_anything_due() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(ANYTHING)
        return bool(cursor.fetchone()[0])


@transaction.atomic
def _count_batch() -> int:
    turn = _take_turn()
    due = list(Due.objects.order_by("id").values_list("pk", "ticket")[:BATCH])
    events = Event.objects.filter(position__gt=turn.position).order_by("position")
    read = list(events.values_list("position", "kind", "ticket")[:BATCH])
    tickets = {ticket for _, ticket in due} | {ticket for _, kind, ticket in read if kind in MOVING}
    recount(tickets)
    # By their own numbers: one that was put down meanwhile, by who has not committed yet, stays.
    Due.objects.filter(pk__in=[pk for pk, _ in due]).delete()
    if read:
        turn.position = read[-1][0] or turn.position
        turn.save(update_fields=["position"])
    return len(tickets)


def _take_turn() -> Turn:
    """The one row, locked until the transaction ends."""
    Turn.objects.get_or_create(pk=1, defaults={"zone": settings.TIME_ZONE})
    return Turn.objects.select_for_update().get(pk=1)


def recount(tickets: Iterable[int]) -> None:
    """Read the facts of these tickets anew and move the sums by what differs. The caller has the turn."""
    wanted = list(tickets)
    new = {(rows.ticket.pk, added) for rows in facts.read(wanted) for added in facts.facts(rows)}
    old = {
        (row.ticket_id, Added(row.figure, row.value, row.day, row.intent, row.agent)): row.pk
        for row in Fact.objects.filter(ticket__in=wanted)
    }
    gone, come = old.keys() - new, new - old.keys()
    for at in range(0, len(gone), BATCH):
        Fact.objects.filter(pk__in=[old[one] for one in list(gone)[at : at + BATCH]]).delete()
    Fact.objects.bulk_create(
        [Fact(ticket_id=ticket, **added._asdict()) for ticket, added in sorted(come, key=repr)],
        batch_size=BATCH,
    )
    moved: Counter[Key] = Counter()
    for sign, changed in ((1, come), (-1, gone)):
        for _, added in changed:
            for scope, key in scopes(added):
                moved[(scope, key, added.figure, added.value, added.day)] += sign
    _add(moved)


def scopes(added: Added) -> list[tuple[str, str]]:
    """Whose sums a fact goes into."""
    found = [(Daily.Scope.HOUSE.value, "")]
    if added.figure in OF_INTENTS:
        found.append((Daily.Scope.INTENT.value, added.intent))
    if added.figure in OF_AGENTS and added.agent is not None:
        found.append((Daily.Scope.AGENT.value, str(added.agent)))
    return found


def _add(moved: Counter[Key]) -> None:
    """Add to the sums. One statement a row, which both databases know; Django has none that adds."""
    rows: list[tuple[Any, ...]] = [(*key, n) for key, n in sorted(moved.items(), key=repr) if n]
    if not rows:
        return
    table = Daily._meta.db_table
    with connection.cursor() as cursor:
        cursor.executemany(
            f'INSERT INTO "{table}" (scope, "key", figure, value, day, n) VALUES (%s, %s, %s, %s, %s, %s) '  # noqa: S608
            f'ON CONFLICT (scope, figure, day, "key", value) DO UPDATE SET n = "{table}".n + excluded.n',
            rows,
        )


def waiting() -> int:
    """How many tickets that were put down, and Events, are still to be counted."""
    turn = Turn.objects.filter(pk=1).first()
    events = Event.objects.filter(Q(position=None) | Q(position__gt=turn.position if turn else 0))
    return Due.objects.count() + events.count()


@transaction.atomic
def begin_again() -> int:
    """Throw all sums away and put every ticket down: after an upgrade, or when the time zone was changed."""
    turn, end = _take_turn(), Trail.objects.filter(pk=1).first()
    turn.zone, turn.position = settings.TIME_ZONE, end.position if end else 0
    turn.save()
    Daily.objects.all().delete()
    Fact.objects.all().delete()
    Due.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{Due._meta.db_table}" (ticket_id) SELECT id FROM "{Ticket._meta.db_table}"'  # noqa: S608
        )
    return waiting()


def in_time_zone() -> None:
    """The sweep: days are cut by the house's clock, so another clock means another count."""
    turn = Turn.objects.filter(pk=1).first()
    if turn is not None and turn.zone != settings.TIME_ZONE:
        logger.warning("The time zone was changed: all figures are counted anew.")
        begin_again()


def register() -> None:
    """Once, when the app is ready."""
    jobs.register_beat(lambda: count_due(IN_A_BEAT))
    jobs.register_sweep(in_time_zone)
