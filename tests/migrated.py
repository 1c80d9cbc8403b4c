"""A migrated SQLite database, made once for the migrations as they are and copied by each run of tests.

Migrating from nothing costs some 20 seconds of CPU, for each worker of each run. The copy is named by everything that
the migrations are made of, so that a changed one is run again; `migrate` itself runs on the copy, too.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from django.db import connections
from django.db.backends.sqlite3.creation import DatabaseCreation

ROOT: Final = Path(__file__).resolve().parent.parent
KEPT: Final = ROOT / ".pytest_cache" / "migrated"
APPS: Final = ("accounts", "tickets", "triage", "helpdesk")

#: Databases in memory live as long as somebody is connected.
_held: list[sqlite3.Connection] = []


def fingerprint() -> str:
    """Of all migrations, of the libraries that bring their own, and of this Python."""
    sources = [ROOT / "requirements.txt"]
    for app in APPS:
        sources += sorted((ROOT / app).glob("**/migrations/*.py"))
    told = hashlib.sha256(sys.version.encode())
    for source in sources:
        told.update(f"\0{source.relative_to(ROOT)}\0".encode() + source.read_bytes())
    return told.hexdigest()[:16]


def kept() -> Path:
    """Where the database of these migrations lies, if it was made before."""
    return KEPT / f"{fingerprint()}.sqlite3"


def keep(source: sqlite3.Connection) -> None:
    """Keep what ``source`` holds for the next run, and nothing older."""
    KEPT.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=KEPT)
    os.close(handle)
    with closing(sqlite3.connect(name)) as target:
        source.backup(target)
    for old in KEPT.glob("*.sqlite3"):
        old.unlink(missing_ok=True)
    Path(name).replace(kept())


def start_from_the_kept_one() -> None:
    """Have Django's test database in memory begin with the kept one, where there is one."""
    made: Callable[..., str] = DatabaseCreation._create_test_db

    def make(creation: DatabaseCreation, *args: Any, **facts: Any) -> str:
        name = made(creation, *args, **facts)
        if creation.is_in_memory_db(name) and kept().exists():
            memory = sqlite3.connect(name, uri=True)
            with closing(sqlite3.connect(kept())) as source:
                source.backup(memory)
            _held.append(memory)
        return name

    DatabaseCreation._create_test_db = make  # type: ignore[method-assign]


def keep_the_test_database() -> None:
    """After the migrations of the test database: what they made is kept, if it is not yet."""
    connection = connections["default"]
    if connection.vendor == "sqlite" and not kept().exists():
        connection.ensure_connection()
        keep(connection.connection)
