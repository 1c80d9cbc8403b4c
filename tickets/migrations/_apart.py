"""Index changes on a table that is in use: beside the writers on PostgreSQL, as ever on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.migrations import AddIndex, RunPython


class AddIndexApart(AddIndex):
    """Made CONCURRENTLY on PostgreSQL; its migration is not atomic."""

    atomic = False

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        model = to_state.apps.get_model(app_label, self.model_name)
        schema_editor.add_index(model, self.index, concurrently=True)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_backwards(app_label, schema_editor, from_state, to_state)
            return
        model = from_state.apps.get_model(app_label, self.model_name)
        schema_editor.remove_index(model, self.index, concurrently=True)


def drop_indexes(made: Mapping[str, str], *, only: str = "") -> RunPython:
    """Drop indexes by name, each with what it was made ON, to be made again backwards; ``only`` on one vendor.

    By name, as an AlterField would copy the whole table on SQLite, which loses its triggers.
    """

    def on_each(statement: Callable[[str, str, str], str]) -> Callable[[Any, Any], None]:
        def run(apps: Any, schema_editor: Any) -> None:
            vendor = schema_editor.connection.vendor
            if only and vendor != only:
                return
            apart = "CONCURRENTLY " if vendor == "postgresql" else ""
            for name, on in made.items():
                schema_editor.execute(statement(apart, name, on))

        return run

    return RunPython(
        on_each(lambda apart, name, on: f'DROP INDEX {apart}IF EXISTS "{name}"'),
        on_each(lambda apart, name, on: f'CREATE INDEX {apart}IF NOT EXISTS "{name}" ON {on}'),
        atomic=False,
    )
