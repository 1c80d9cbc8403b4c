"""What may have changed since the last ticket, asked in one statement: each of them is the price of every ticket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from tickets.models import Status

#: Newest moment and number of the settled tickets in a window.
Settled = tuple[datetime | None, int]

LOOK: Final = """
SELECT (SELECT id FROM triage_modelversion WHERE is_champion),
       (SELECT number FROM triage_policyrevision WHERE id = 1),
       MAX(updated_at), COUNT(*)
FROM tickets_ticket WHERE updated_at > %s AND status IN (%s, %s)
"""
#: Before there was any ticket: the statement always has a window, and so one text.
BEGINNING: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True)
class News:
    """``settled`` are the tickets that were settled after ``since``, None: ever."""

    champion: int | None
    revision: int
    settled: Settled
    since: datetime | None


def look(since: datetime | None) -> News:
    """Ask the database."""
    after = connection.ops.adapt_datetimefield_value(since or BEGINNING)
    with connection.cursor() as cursor:
        cursor.execute(LOOK, [after, Status.RESOLVED, Status.CLOSED])
        champion, revision, newest, number = cursor.fetchone()
    if isinstance(newest, str):  # SQLite keeps moments as text
        newest = datetime.fromisoformat(f"{newest}+00:00")
    return News(champion, revision or 0, (newest, number), since)
