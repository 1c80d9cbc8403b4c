"""Django's command line, with what went wrong told in one line where an operator can mend it."""

from __future__ import annotations

import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError

from helpdesk.own_files import why_refused

NOT_WRITABLE = ("readonly database", "unable to open database file", "disk is full", "disk I/O error")


def run(arguments: list[str]) -> None:
    """Run the command. ``--traceback`` shows all of what went wrong."""
    try:
        execute_from_command_line(arguments)
    except KeyboardInterrupt:
        sys.exit(130)  # as the shell reports Ctrl-C; every command leaves whole rows behind
    except (ImproperlyConfigured, OSError, OperationalError) as error:
        line = in_one_line(error)
        if not line or "--traceback" in arguments:
            raise
        sys.exit(line)


def in_one_line(error: Exception) -> str:
    """What to tell an operator of ``error``; empty where it is a fault of ours, which needs its traceback."""
    if isinstance(error, ImproperlyConfigured):
        return f"Configuration error: {error}"
    if isinstance(error, OSError):
        why = why_refused(error)
        return f"Cannot open or write {error.filename or 'a file'}: {why}." if why else ""
    said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if "no such table" in said or "no such column" in said:
        return f"The database is not up to date ({said}). Run manage.py prepare."
    if any(words in said for words in NOT_WRITABLE):
        return f"The database cannot be written: {said}. See that DATABASE_URL names a file of this user with room on its disk."
    return f"The database does not answer: {said}. See DATABASE_URL, and whether its server runs."
