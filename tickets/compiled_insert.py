"""INSERTs of the rows that every ticket writes. Django builds the same text anew for each row; here it is built once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connections, models
from django.db.models.sql import InsertQuery

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

_texts: dict[tuple[type[models.Model], str, int], str] = {}


class CompiledInsert(models.Model):
    """A row that is inserted by a remembered statement, with the values that Django would give it."""

    class Meta:
        abstract = True

    def _do_insert(
        self, manager: Any, using: str, fields: list[Any], returning_fields: list[Any], raw: bool
    ) -> Any:
        """Django's single INSERT. What is not a plain value (``Now()``), or read from a fixture, is left to Django."""
        connection = connections[using]
        values = [] if raw else [field.pre_save(self, True) for field in fields]
        if raw or any(hasattr(value, "resolve_expression") for value in values):
            return super()._do_insert(manager, using, fields, returning_fields, raw)  # type: ignore[misc]
        pairs = zip(fields, values, strict=True)
        told = [field.get_db_prep_save(value, connection=connection) for field, value in pairs]
        with connection.cursor() as cursor:
            cursor.execute(_text(self, connection, fields, returning_fields), told)
            return [cursor.fetchone()] if returning_fields else []


def _text(
    row: models.Model, connection: BaseDatabaseWrapper, fields: list[Any], returning_fields: list[Any]
) -> str:
    """The same for all rows of a model that bring as many fields: all, or all but the number that the database gives."""
    key = (type(row), connection.vendor, len(fields))
    if key not in _texts:
        query = InsertQuery(type(row))
        query.insert_values(fields, [row])
        compiler: Any = query.get_compiler(connection=connection)
        compiler.returning_fields = returning_fields
        ((_texts[key], _),) = compiler.as_sql()
    return _texts[key]
