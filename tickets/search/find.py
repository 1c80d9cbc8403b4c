"""Searching, once for all: the desk, the API and a requester's own tickets.

Looks at the newest CANDIDATES tickets that match and puts the best first, so that a word of every ticket costs as
little as a rare one. Every statement has a time limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Final, TypeVar

from django.db import OperationalError, connection, transaction
from django.db.models import Q, QuerySet

from tickets.access import Viewer
from tickets.models import Ticket
from tickets.references import read_reference
from tickets.search import filters, index, query

CANDIDATES: Final = 300  # newest matches among which the best are put first
ENOUGH: Final = 25  # a page
LIMIT_SECONDS: Final = 2.0
STEPS: Final = 20_000  # of SQLite's machine between two looks at the clock

Rows = TypeVar("Rows", bound=QuerySet[Ticket])


@dataclass(frozen=True)
class Found:
    """Keys of tickets, best first; ``more`` if older ones match that were not looked at."""

    ids: Sequence[int]
    more: bool
    query: query.Query


def read(text: str, *, staff: bool) -> query.Query:
    """Raises SearchRefused where it cannot be understood."""
    return query.read(text, filters.names(staff=staff))


def filtered(asked: query.Query, viewer: Viewer) -> Q:
    """What its filters ask of a ticket; raises SearchRefused."""
    wanted = Q()
    for name, value in asked.filters:
        wanted &= filters.condition(name, value, viewer)
    return wanted


def narrow(tickets: Rows, text: str, viewer: Viewer, *, staff: bool | None = None) -> Rows:
    """Those of ``tickets`` that match, in their own order. Evaluate it inside ``time_limit``."""
    as_staff = viewer.reads_desk if staff is None else staff and viewer.reads_desk
    asked = read(text, staff=as_staff)
    return tickets.filter(index.holds(asked, notes=as_staff, parts=True), filtered(asked, viewer))


def search(tickets: QuerySet[Ticket], text: str, viewer: Viewer, *, staff: bool | None = None) -> Found:
    """The best of ``tickets``, which whoever asks may see. Raises SearchRefused and SearchTooSlow.

    Parts inside names and references are looked for where fewer than ENOUGH tickets hold the words themselves.
    """
    as_staff = viewer.reads_desk if staff is None else staff and viewer.reads_desk
    asked = read(text, staff=as_staff)
    rows = tickets.filter(filtered(asked, viewer))
    with time_limit():
        named = tickets.filter(reference=read_reference(text.lstrip("# "))).values_list("pk", flat=True)[:1]
        exact = list(named) if asked.terms or asked.reference else []
        ids = _newest(rows, asked, notes=as_staff, parts=False)
        if len(ids) < ENOUGH and asked.sought and not exact:
            ids = sorted({*ids, *_newest(rows, asked, notes=as_staff, parts=True)}, reverse=True)
        more = len(ids) > CANDIDATES
        ids = ids[:CANDIDATES]
        weight = index.ranks(ids, asked, notes=as_staff)
    best = sorted(ids, key=lambda pk: (-weight.get(pk, 0.0), -pk))
    return Found([*exact, *(pk for pk in best if pk not in exact)], more, asked)


def _newest(rows: QuerySet[Ticket], asked: query.Query, *, notes: bool, parts: bool) -> list[int]:
    found = index.newest(rows, asked, notes=notes, parts=parts).values_list("pk", flat=True)
    return list(found[: CANDIDATES + 1])


@contextmanager
def time_limit(seconds: float = LIMIT_SECONDS) -> Iterator[None]:
    """Stop any statement inside that takes longer, and say so as SearchTooSlow."""
    try:
        limit = _postgres_limit if connection.vendor == "postgresql" else _sqlite_limit
        with limit(seconds):
            yield
    except OperationalError as error:
        cause = str(error).lower()
        if "timeout" in cause or "interrupted" in cause:
            raise query.SearchTooSlow from error
        raise


@contextmanager
def _postgres_limit(seconds: float) -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        (before,) = cursor.fetchone()
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(int(seconds * 1000))])
        yield
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])


@contextmanager
def _sqlite_limit(seconds: float) -> Iterator[None]:
    connection.ensure_connection()
    database, end = connection.connection, monotonic() + seconds
    database.set_progress_handler(lambda: monotonic() > end, STEPS)
    try:
        yield
    finally:
        database.set_progress_handler(None, 0)
