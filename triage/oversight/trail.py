"""The audit trail keeps what was written: triggers refuse every change, and seals show what got past them.

Events and versions of the policy are the trail. Their tables let nothing through but new rows and, once for each row,
the sealer's position and seal. Whoever may drop a trigger can still change a row; the chain of seals tells.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from django.db import connection, models, transaction

from tickets.audit import Event, Trail
from tickets.background import sealer
from triage.oversight.versions import PolicyVersion

TABLES: Final[tuple[type[models.Model], ...]] = (Event, PolicyVersion)
SEALERS_COLUMNS: Final = ("position", "seal")
REFUSAL: Final = "The audit trail cannot be changed."
END: Final = 2  # the row of Trail that keeps the end of the versions' chain; 1 is that of the Events
BATCH: Final = 500


# --- triggers --------------------------------------------------------------------------------------------


def protect(**facts: Any) -> None:
    """Set the triggers that refuse changes; after every migration, which may have made a table anew."""
    with connection.cursor() as cursor:
        for statement in _statements(_there()):
            cursor.execute(statement)


def _there() -> list[type[models.Model]]:
    """The tables that exist as they are now: between migrations they may not."""
    tables = set(connection.introspection.table_names())
    found = []
    for model in TABLES:
        if model._meta.db_table in tables:
            with connection.cursor() as cursor:
                rows = connection.introspection.get_table_description(cursor, model._meta.db_table)
            if {field.column for field in model._meta.concrete_fields} <= {row.name for row in rows}:
                found.append(model)
    return found


def unprotect(**facts: Any) -> None:
    """Take the triggers away: before a migration that may change the tables, and in tests."""
    models_there = [
        model for model in TABLES if model._meta.db_table in connection.introspection.table_names()
    ]
    with connection.cursor() as cursor:
        for model in models_there:
            table = model._meta.db_table
            for change in _changes():
                on = f' ON "{table}"' if connection.vendor == "postgresql" else ""
                cursor.execute(f'DROP TRIGGER IF EXISTS "{_name(table, change)}"{on}')


def unprotected() -> list[str]:
    """The tables whose triggers are missing."""
    wanted = {
        _name(model._meta.db_table, change): model._meta.db_table for model in TABLES for change in _changes()
    }
    query = (
        "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'"
        if connection.vendor == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        there = {row[0] for row in cursor.fetchall()}
    return sorted({table for name, table in wanted.items() if name not in there})


def _changes() -> tuple[str, ...]:
    """What is refused. PostgreSQL can empty a table without touching its rows one by one."""
    return ("update", "delete", "truncate") if connection.vendor == "postgresql" else ("update", "delete")


def _name(table: str, change: str) -> str:
    return f"{table}_no_{change}"


def _statements(there: list[type[models.Model]]) -> Iterator[str]:
    postgres = connection.vendor == "postgresql"
    if postgres:
        yield (
            "CREATE OR REPLACE FUNCTION trail_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
        )
    for model in there:
        table = model._meta.db_table
        for change in _changes():
            name = _name(table, change)
            when = f"WHEN ({_changed(model, postgres)}) " if change == "update" else ""
            each = "STATEMENT" if change == "truncate" else "ROW"
            head = f'TRIGGER "{name}" BEFORE {change.upper()} ON "{table}" FOR EACH {each} {when}'
            if postgres:
                yield f"CREATE OR REPLACE {head}EXECUTE FUNCTION trail_refuse()"
            else:
                yield f'DROP TRIGGER IF EXISTS "{name}"'
                yield f"CREATE {head}BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"


def _changed(model: type[models.Model], postgres: bool) -> str:
    """SQL for: something differs, but for a position and seal that there were none of yet."""
    other = "IS DISTINCT FROM" if postgres else "IS NOT"
    columns = [field.column for field in model._meta.concrete_fields]
    kept = [column for column in columns if column not in SEALERS_COLUMNS]
    parts = [f'NEW."{column}" {other} OLD."{column}"' for column in kept]
    sealed = " OR ".join(f'NEW."{column}" {other} OLD."{column}"' for column in SEALERS_COLUMNS)
    return " OR ".join([*parts, f'(OLD."position" IS NOT NULL AND ({sealed}))'])


# --- seals of the policy's versions ----------------------------------------------------------------------


def seal_versions() -> int:
    """Give every committed version its position and seal; returns how many."""
    if not PolicyVersion.objects.filter(position=None).exists():
        return 0
    with transaction.atomic():
        Trail.objects.get_or_create(pk=END)
        end = Trail.objects.select_for_update().get(pk=END)
        rows = list(PolicyVersion.objects.filter(position=None).order_by("id")[:BATCH])
        for row in rows:
            end.position += 1
            row.position = end.position
            row.seal = end.seal = sealed_after(end.seal, row)
        models.QuerySet[PolicyVersion](PolicyVersion).bulk_update(rows, SEALERS_COLUMNS, batch_size=100)
        end.save(update_fields=SEALERS_COLUMNS)
    return len(rows)


def sealed_after(previous: str, version: PolicyVersion) -> str:
    """The seal of a version at its position, SHA-256 in hex, chained to the ``previous`` one."""
    at = version.at.astimezone(UTC).isoformat(timespec="microseconds")
    content: list[Any] = [
        previous, version.position, version.pk, version.action, version.by_id, at, version.digest, version.changes,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def first_broken_version() -> int | None:
    """Where the chain of versions no longer fits together; None if it is whole."""
    expected, seal = 1, ""
    for row in PolicyVersion.objects.exclude(position=None).order_by("position").iterator(chunk_size=500):
        if row.position != expected or row.seal != sealed_after(seal, row):
            return expected
        expected, seal = expected + 1, row.seal
    end = Trail.objects.filter(pk=END).first()
    return None if (end.position if end else 0) == expected - 1 else expected


# --- the check -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Checked:
    """What the check of one table found: how many rows are sealed, and where the chain breaks first."""

    name: str
    sealed: int
    waiting: int
    broken: int | None


def check() -> list[Checked]:
    """Walk both chains from the beginning."""
    found = (
        ("Events", Event, sealer.first_broken_position),
        ("Policy versions", PolicyVersion, first_broken_version),
    )
    return [
        Checked(
            name=name,
            sealed=model.objects.exclude(position=None).count(),
            waiting=model.objects.filter(position=None).count(),
            broken=broken(),
        )
        for name, model, broken in found
    ]
