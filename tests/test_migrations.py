"""Migrations run while the release before still serves: what would stop it, or lock a table that grows, is refused.

The release before inserts rows without the new columns, reads columns that are still there, and goes on writing while
an index is made. So: a new column may be NULL or has a default in the database; nothing is removed or renamed in the
release that stops using it; on PostgreSQL an index on a table that grows is made CONCURRENTLY.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import models
from django.db.migrations import AddField
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED

OWN = ("tickets", "triage", "accounts", "watch", "desk", "search", "limits", "oversight", "tokens")
#: Written before this rule, or looked at: why each is let through.
LET_THROUGH = {
    ("tickets", "0002_metrics_indexes"), ("tickets", "0003_event_spine"), ("tickets", "0004_urgency_and_quarantine"),
    ("tickets", "0005_requester_mailbox"), ("triage", "0002_metrics_indexes"), ("triage", "0003_decision_objection"),
    ("tickets", "0007_waiting_index"), ("tickets", "0008_customer"), ("accounts", "0003_user_by_role"), ("triage", "0006_house_facts"),
    ("triage", "0004_decision_basis"), ("triage", "0005_example_stance"), ("triage", "0007_keep_who_read"),
}  # fmt: skip
TAKES_AWAY = {"RemoveField", "RenameField", "DeleteModel", "RenameModel", "AlterModelTable"}


def faults(operations: list[Operation]) -> Iterator[str]:
    made = {operation.name.lower() for operation in operations if type(operation).__name__ == "CreateModel"}  # type: ignore[attr-defined]
    for operation in operations:
        kind, table = type(operation).__name__, getattr(operation, "model_name", "").lower()
        if kind in TAKES_AWAY:
            yield f"{kind}: the release before still uses it"
        if kind == "AddField" and table not in made and not may_be_left_out(operation.field):  # type: ignore[attr-defined]
            yield f"{kind} {operation.name}: NOT NULL without db_default"  # type: ignore[attr-defined]
        if kind == "AddIndex" and table not in made:
            yield f"{kind} on {table}: locks writers; use AddIndexApart (tickets.migrations._apart)"


def may_be_left_out(field: models.Field) -> bool:  # type: ignore[type-arg]
    """Whether a row can be inserted by who does not know the column."""
    return bool(field.null or field.many_to_many or field.generated or field.db_default is not NOT_PROVIDED)


def test_no_migration_stops_the_release_before() -> None:
    loader = MigrationLoader(None)
    wrong = {
        f"{app}.{name}: {fault}"
        for (app, name), migration in loader.disk_migrations.items()
        if app in OWN and not migration.initial and name != "0001_initial" and (app, name) not in LET_THROUGH
        for fault in faults(migration.operations)
    }
    assert wrong == set(), "see the top of this file"


@pytest.mark.parametrize(
    ("field", "fine"),
    [
        (models.CharField(max_length=8, default=""), False),
        (models.CharField(max_length=8, default="", db_default=""), True),
        (models.DateTimeField(null=True), True),
        (models.BooleanField(default=False), False),
    ],
)
def test_a_column_that_the_release_before_cannot_leave_out_is_seen(field: models.Field, fine: bool) -> None:  # type: ignore[type-arg]
    assert bool(list(faults([AddField("ticket", "new", field)]))) is not fine
