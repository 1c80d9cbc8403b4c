"""What it means for whoever waits when the database, or the disk, cannot do its part: told truly, and for how long."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from helpdesk.database.commits import may_have_saved


@dataclass(frozen=True, slots=True)
class Outage:
    """``code`` for programs, ``title`` for people; worth another try after ``retry_after`` seconds."""

    code: str
    title: str | Promise
    retry_after: int


BUSY = Outage("busy", _("This is being changed by someone else right now"), 5)
SLOW = Outage("too_slow", _("That took too long"), 10)
CROWDED = Outage("crowded", _("We’re very busy at the moment"), 5)
NO_ROOM = Outage("no_room", _("We’ve run out of storage"), 300)
AWAY = Outage("database_away", _("Something we depend on isn’t responding"), 10)

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
        return gettext("Nothing was changed.")
    if may_have_saved():
        return gettext(
            "We can’t tell whether what you sent was saved. Please look for it before you send it again."
        )
    return gettext(
        "What you sent wasn’t saved. Your browser usually still has it: go back and send it again."
    )
