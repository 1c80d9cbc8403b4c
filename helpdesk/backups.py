"""Backups that are whole: database, files and models as of one moment, in one archive whose every part is verified.

The database is copied first, in one snapshot, while everybody goes on writing; files after it. A file is written
before its row is committed and is never changed, so each row in the copy finds its file.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings
from django.db import connection

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
TABLES: Final = ("tickets_ticket", "tickets_message", "tickets_event", "triage_decision", "accounts_user")


class BackupError(Exception):
    """It was not made, or is not whole; the message says what is wrong and what to do."""


def folders() -> dict[str, Path]:
    """Names in the archive, and where they lie here."""
    return {"media": Path(settings.MEDIA_ROOT), "models": Path(settings.TRIAGE_MODEL_DIR)}


def make(archive: Path) -> dict[str, Any]:
    """Write the archive and read it back; returns its manifest. Until it is whole it has another name."""
    if archive.exists():
        raise BackupError(f"{archive} exists already. Name another file.")
    part = archive.with_name(f".{archive.name}.part")
    with tempfile.TemporaryDirectory(prefix="helpdesk-backup-", dir=archive.parent) as scratch:
        copy = Path(scratch) / "database"
        counts = copy_sqlite(copy) if connection.vendor == "sqlite" else dump_postgres(copy)
        members = {"database": copy, **dict(files())}
        manifest = {
            "format": FORMAT,
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "engine": connection.vendor,
            "rows": counts,
            "sha256": {name: digest(path) for name, path in members.items()},
        }
        (Path(scratch) / MANIFEST).write_text(json.dumps(manifest, indent=1))
        try:
            with tarfile.open(part, "w") as tar:
                part.chmod(0o600)
                tar.add(Path(scratch) / MANIFEST, MANIFEST)
                for name, path in members.items():
                    tar.add(path, name)
            verify(part)
            part.rename(archive)
        finally:
            part.unlink(missing_ok=True)
    return manifest


def files() -> Iterator[tuple[str, Path]]:
    for name, folder in folders().items():
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield f"{name}/{path.relative_to(folder).as_posix()}", path


def copy_sqlite(copy: Path) -> dict[str, int]:
    """SQLite's own online copy: consistent, and nobody waits for it longer than for a page."""
    with (
        closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=30)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target, pages=2000, sleep=0.01)
        (verdict,) = target.execute("PRAGMA integrity_check").fetchone()
        if verdict != "ok":
            raise BackupError(f"The database is damaged: {verdict[:200]}. Restore an earlier backup.")
        return {table: target.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}  # noqa: S608


def dump_postgres(copy: Path) -> dict[str, int]:
    """pg_dump, in a snapshot of its own; the rows are counted in the same snapshot."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
            counts = {}
            for table in TABLES:
                cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
                counts[table] = cursor.fetchone()[0]
            run_postgres(
                "pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={copy}"
            )
        finally:
            cursor.execute("ROLLBACK")
    return counts


def run_postgres(program: str, *arguments: str) -> None:
    """One of PostgreSQL's programs on our database. The password goes by the environment, where no list shows it."""
    found = shutil.which(program)
    if found is None:
        raise BackupError(f"{program} is not installed. On Debian: apt install postgresql-client.")
    at = connection.settings_dict
    names = {"PGHOST": at["HOST"], "PGPORT": at["PORT"], "PGUSER": at["USER"], "PGPASSWORD": at["PASSWORD"]}
    environment = {**os.environ, **{name: str(value) for name, value in names.items() if value}}
    ended = subprocess.run(  # noqa: S603
        [found, f"--dbname={at['NAME']}", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise BackupError(f"{program} failed: {ended.stderr.strip()[:400]}")


def verify(archive: Path) -> dict[str, Any]:
    """Read the whole archive; its manifest if every part is there as it was written. BackupError otherwise."""
    try:
        with tarfile.open(archive) as tar:
            first = tar.extractfile(MANIFEST)
            manifest: dict[str, Any] = json.load(first) if first else {}
            if manifest.get("format") != FORMAT:
                raise BackupError(f"{archive} is no backup that this release reads.")
            for name, expected in manifest["sha256"].items():
                stream = tar.extractfile(name)
                if stream is None or read_digest(stream) != expected:
                    raise BackupError(
                        f"{archive} is damaged: {name} is not as it was written. Use another backup."
                    )
    except (OSError, KeyError, ValueError, tarfile.TarError) as error:
        raise BackupError(f"{archive} cannot be read: {error}. Use another backup.") from error
    return manifest


def restore(archive: Path) -> dict[str, Any]:
    """Put everything back into an installation that is empty; returns the manifest."""
    manifest = verify(archive)
    if manifest["engine"] != connection.vendor:
        raise BackupError(f"This backup is of {manifest['engine']}, DATABASE_URL names {connection.vendor}.")
    if tables := connection.introspection.table_names():
        raise BackupError(f"The database holds {len(tables)} tables. Restore into an empty one.")
    for name, folder in folders().items():
        if folder.exists() and any(folder.iterdir()):
            raise BackupError(f"{folder} is not empty ({name}). Move it away first.")
    with tempfile.TemporaryDirectory(prefix="helpdesk-restore-", dir=settings.VAR_DIR) as scratch:
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        put_back_database(Path(scratch) / "database")
        for name, folder in folders().items():
            if (Path(scratch) / name).is_dir():
                shutil.copytree(Path(scratch) / name, folder, dirs_exist_ok=True)
    missing = {table: number for table, number in manifest["rows"].items() if count(table) != number}
    if missing:
        raise BackupError(f"Rows are missing after the restore, expected: {missing}.")
    return manifest


def put_back_database(copy: Path) -> None:
    if connection.vendor != "sqlite":
        run_postgres("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(copy))
        return
    connection.close()
    with (
        closing(sqlite3.connect(copy)) as source,
        closing(sqlite3.connect(connection.settings_dict["NAME"])) as target,
    ):
        source.backup(target)


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
        return int(cursor.fetchone()[0])


def digest(path: Path) -> str:
    with path.open("rb") as stream:
        return read_digest(stream)


def read_digest(stream: IO[bytes]) -> str:
    found = hashlib.sha256()
    while part := stream.read(1024 * 1024):
        found.update(part)
    return found.hexdigest()
