"""What lies under VAR_DIR is its owner's alone; and only one process at a time prepares it."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.core.exceptions import ImproperlyConfigured
from django.db import connection

#: What others may not do with a file of ours.
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
LOCK_FILE: Final = ".preparing"
LOCK_KEY: Final = 7_350_061  # of PostgreSQL's advisory lock: one for all machines that share a database
LOOK_SECONDS: Final = 0.5
TELL_SECONDS: Final = 30
FULL_OR_SHUT: Final = {
    errno.EACCES: "this user may not",
    errno.EPERM: "this user may not",
    errno.EROFS: "the disk is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "this user's share of the disk is used up",
}


def why_refused(error: OSError) -> str:
    """Why the system refused a file or folder, in words; empty where that is not what went wrong."""
    return FULL_OR_SHUT.get(error.errno or 0, "")


def folder(name: str, path: Path) -> Path:
    """The folder that the setting ``name`` means, made where it is missing. ImproperlyConfigured if none can be."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        why = why_refused(error) or error.strerror
        raise ImproperlyConfigured(
            f"{name}: {path} cannot be made: {why}. Name a folder of this user."
        ) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"{name}: this user may not write in {path}. Name a folder of this user.")
    return path


def close_to_others(var: Path) -> int:
    """Take every right of others from what lies in ``var``; returns how many files and folders that changed.

    A folder that is closed already is not looked into, so that a second start costs nothing. ``var`` itself is left as
    it is: it may be somebody's folder for more than this.
    """
    changed = 0
    for child in var.iterdir():
        if not _closed(child):
            for path in (*(child.rglob("*") if child.is_dir() and not child.is_symlink() else ()), child):
                changed += _close(path)
    return changed


def _closed(path: Path) -> bool:
    facts = path.lstat()
    return stat.S_ISLNK(facts.st_mode) or facts.st_uid != os.geteuid() or not facts.st_mode & OTHERS


def _close(path: Path) -> bool:
    if _closed(path):
        return False
    path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)
    return True


@contextmanager
def alone(var: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Wait until no other process prepares this installation, on this machine or on the same database."""
    with (var / LOCK_FILE).open("a") as lock:
        _wait(lambda: _locked(lock.fileno()), tell)
        try:
            _wait(_database_locked, tell)
            yield
        finally:
            _release_database()


def _wait(is_mine: Callable[[], bool], tell: Callable[[str], None]) -> None:
    """A lock falls with the process that holds it, so that this ends when that one does."""
    told = -float(TELL_SECONDS)
    while not is_mine():
        if time.monotonic() - told >= TELL_SECONDS:
            told = time.monotonic()
            tell("Another process prepares this installation; waiting for it …")
        time.sleep(LOOK_SECONDS)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _database_locked() -> bool:
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY])
        return bool(cursor.fetchone()[0])


def _release_database() -> None:
    if connection.vendor == "postgresql" and connection.connection is not None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK_KEY])
