"""Tickets that came in past the index (an upgrade, an import): indexed newest first, a batch a transaction."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import DatabaseError, connection, connections, transaction
from django.db.models import Max

from tickets.models import Ticket
from tickets.search import index
from tickets.search.models import Backfill

BATCH: Final = 500
SWEEP_SECONDS: Final = 5.0
TRIGRAM_INDEXES: Final = {"search_person": "person", "search_code": "code"}


def backfill() -> None:
    """The worker's sweep: some seconds of what is not indexed yet."""
    end = monotonic() + SWEEP_SECONDS
    while monotonic() < end and next_batch():
        pass


@transaction.atomic
def next_batch() -> int:
    """Index the newest batch that waits; returns how many tickets, 0 when none waits."""
    skip = connection.features.has_select_for_update_skip_locked
    mark = Backfill.objects.select_for_update(skip_locked=skip).filter(below__gt=0).first()
    if mark is None:
        return 0
    older = Ticket.objects.filter(pk__lt=mark.below).order_by("-pk")
    ids = list(older.values_list("pk", flat=True)[:BATCH])
    index.index_tickets(ids)
    mark.below = ids[-1] if len(ids) == BATCH else 0
    mark.save(update_fields=["below"])
    return len(ids)


def start_over() -> int:
    """Have every ticket indexed anew; returns the largest key."""
    last: int = Ticket.objects.aggregate(last=Max("pk"))["last"] or 0
    Backfill.objects.update_or_create(pk=1, defaults={"below": last + 1 if last else 0})
    return last


def waiting() -> int:
    """The key below which tickets are not indexed; 0 if all are."""
    mark = Backfill.objects.filter(pk=1).first()
    return mark.below if mark else 0


# --- trigrams on PostgreSQL -------------------------------------------------------------------------------


def missing_trigrams(alias: str = "default") -> list[str]:
    """Indexes of parts of names that are not there; none ever on SQLite."""
    database = connections[alias]
    if database.vendor != "postgresql":
        return []
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = 'search_entry'"
        )
        there = {name for (name,) in cursor.fetchall()}
    return [name for name in TRIGRAM_INDEXES if name not in there] if there else []


def add_trigrams() -> str:
    """Install what is missing; empty if that worked, else what the database says."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            for name in missing_trigrams():
                column = TRIGRAM_INDEXES[name]
                cursor.execute(f"CREATE INDEX {name} ON search_entry USING gin ({column} gin_trgm_ops)")
    except DatabaseError as error:
        return str(error).strip().split("\n")[0]
    return ""


@register(Tags.database)
def trigrams_are_there(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    return [
        Warning(
            "Parts of names, addresses and references are searched without an index: slow above some 10,000 tickets.",
            hint="As a superuser of the database: CREATE EXTENSION pg_trgm; then: manage.py search_index --trigrams",
            id="search.W001",
        )
        for alias in databases or ()
        if missing_trigrams(alias)
    ]


def rebuild(told: Callable[[int, int], None]) -> int:
    """Index everything anew, calling ``told(done, key reached)`` after each batch; returns how many."""
    start_over()
    done = 0
    while batch := next_batch():
        done += batch
        told(done, waiting())
    return done
