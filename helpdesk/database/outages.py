"""What it means for whoever waits when the database, or the disk, cannot do its part: told truly, and for how long."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError

from helpdesk.database.commits import may_have_saved


@dataclass(frozen=True, slots=True)
class Outage:
    """``code`` for programs, ``title`` for people; worth another try after ``retry_after`` seconds."""

    code: str
    title: str
    retry_after: int


BUSY = Outage("busy", "Somebody else is working on the same thing", 5)
SLOW = Outage("too_slow", "That took longer than we let it", 10)
CROWDED = Outage("crowded", "Too much is going on here at this moment", 5)
NO_ROOM = Outage("no_room", "We have run out of room to store things", 300)
AWAY = Outage("database_away", "Our database does not answer", 10)

#: Classes and codes of PostgreSQL's SQLSTATE.
BY_STATE = {
    "55P03": BUSY, "40P01": BUSY, "40001": BUSY, "57014": SLOW, "53300": CROWDED, "53400": CROWDED, "53200": CROWDED,
    "53100": NO_ROOM,
}  # fmt: skip
BY_WORDS = {
    "database is locked": BUSY, "database table is locked": BUSY, "database or disk is full": NO_ROOM,
    "too many clients": CROWDED, "remaining connection slots": CROWDED, "No space left": NO_ROOM,
}  # fmt: skip
#: SQLite calls a mistake in a statement operational too; that is no outage.
MISTAKES = ("no such ", "near ", "no column", "ambiguous ", "wrong number", "too many terms", "parser stack")


def outage_of(error: BaseException | None) -> Outage | None:
    """The outage that ``error`` tells of; None for a bug."""
    for one in chain(error):
        if isinstance(one, OSError) and one.errno in {errno.ENOSPC, errno.EDQUOT}:
            return NO_ROOM
    if isinstance(error, InterfaceError):
        return AWAY
    if not isinstance(error, OperationalError) or str(error).startswith(MISTAKES):
        return None
    state = next((found for one in chain(error) if (found := getattr(one, "sqlstate", None))), None)
    if state in BY_STATE:
        return BY_STATE[state]
    return next((outage for words, outage in BY_WORDS.items() if words in str(error)), AWAY)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what caused it."""
    while error is not None:
        yield error
        error = error.__cause__


def what_became_of(method: str | None) -> str:
    """A sentence that is true of what this request sent."""
    if method in {"GET", "HEAD", "OPTIONS"}:
        return "Nothing was changed."
    if may_have_saved():
        return "We cannot tell whether all that you sent was saved: look for it before you send it again."
    return "What you sent was not saved. Your browser usually still has it: go back and send it again."
