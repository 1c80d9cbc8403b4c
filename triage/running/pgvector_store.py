"""The nearest vectors among all, by pgvector: a table for each index, beside the tickets in PostgreSQL.

The table is a copy of what lies sealed in the index's folder: named after it, written once in one transaction, and
made again where it is missing and small. Only erasing takes single rows out. Vectors are kept in two bytes a number.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import psycopg
from django.db import connection, transaction
from psycopg import sql

from triage.core.errors import ArtefactError
from triage.core.similar.nearest import Coded, Vector

NAME: Final = "nearest.pgvector"  # the file in an index's folder that names its table
PREFIX: Final = "triage_vectors_"
OLDEST: Final = (0, 8)  # the first version whose search goes on until a filter has let enough through
LINKS, BREADTH = 16, 128  # of the graph: links of each vector, and how many are weighed while one is put in
LOOKED_AT: Final = 800  # candidates of a search (hnsw.ef_search): where recall@5 is at least .97
MOST_LOOKED_AT: Final = 200_000  # of a search that a filter makes go on
FEW: Final = 20_000  # so many visible ids are compared one by one, which is exact
BUILT_AT_ONCE: Final = 50_000  # rows from which a missing table is no longer made while tickets wait
ADDED_AT_ONCE: Final = 20_000
BUILD_MEMORY: Final = "512MB"
SECONDS: Final = 2  # for one search


class PgvectorTables:
    """Keeps vectors in tables of the database that DATABASE_URL names."""

    def missing(self) -> str:
        """What the database lacks, and what to do about it; empty where nothing is."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
            row = cursor.fetchone()
        if row is None:
            return (
                "pgvector is not in the database. Install it (Debian: postgresql-NN-pgvector), then as its superuser: "
                "CREATE EXTENSION vector"
            )
        if tuple(int(part) for part in row[0].split(".")[:2]) < OLDEST:
            return f"pgvector {row[0]} is too old: 0.8 is needed. Install it, then: ALTER EXTENSION vector UPDATE"
        return ""

    def keep(self, folder: Path, vectors: Coded) -> None:
        self._check()
        table = _name(vectors)
        _build(table, vectors)
        (folder / NAME).write_text(table, encoding="ascii")

    def open(self, folder: Path, vectors: Coded) -> PgvectorStore:
        self._check()
        table = _name(vectors)
        if not _exists(table):
            if len(vectors) > BUILT_AT_ONCE:
                raise ArtefactError(f"The vectors of {folder} are not in the database; train again.")
            _build(table, vectors)
        return PgvectorStore(table)

    def forget(self, ticket_ids: Collection[int]) -> None:
        """Take erased tickets out of every table, in the transaction that erases them."""
        with connection.cursor() as cursor:
            for table in _tables(cursor):
                statement = sql.SQL("DELETE FROM {} WHERE ticket_id = ANY(%s)").format(sql.Identifier(table))
                cursor.execute(statement, [list(ticket_ids)])

    @transaction.atomic
    def drop_unused(self, folders: Collection[Path]) -> None:
        """Drop the tables that no index in ``folders`` names and that are a day old: younger ones may be being built."""
        files = [folder / "vectors" / NAME for folder in folders]
        used = {file.read_text(encoding="ascii").strip() for file in files if file.exists()}
        with connection.cursor() as cursor:
            for table in _tables(cursor, older=True):
                if table not in used:
                    cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(table)))

    def _check(self) -> None:
        if missing := self.missing():
            raise ArtefactError(missing)


class PgvectorStore:
    """One table, over a connection of its own that is opened by the first search. Safe for threads and forks."""

    def __init__(self, table: str) -> None:
        self._table = sql.Identifier(table)
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        self._process = 0

    def close(self) -> None:
        with self._lock:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._connection is not None and self._process == os.getpid():
            self._connection.close()
        self._connection = None

    def search(
        self, vector: Vector, k: int, *, without: Collection[int] = (), within: Collection[int] | None = None
    ) -> list[tuple[int, float]]:
        """See `NearestStore.search`. Raises ArtefactError where the database does not answer in time."""
        if within is not None:
            within = set(within).difference(without)
            without = ()
        if k < 1 or (within is not None and not within):
            return []
        query, values = self._query(vector, k, sorted(without), None if within is None else sorted(within))
        with self._lock:
            try:
                return self._rows(query, values)
            except psycopg.Error as error:
                self._hang_up()
                if not isinstance(error, psycopg.OperationalError) or isinstance(
                    error, psycopg.errors.QueryCanceled
                ):
                    raise _unsearchable(error) from None
            try:  # the server went away since the last search
                return self._rows(query, values)
            except psycopg.Error as error:
                self._hang_up()
                raise _unsearchable(error) from None

    def _query(
        self, vector: Vector, k: int, without: Sequence[int], within: Sequence[int] | None
    ) -> tuple[sql.Composed, dict[str, Any]]:
        near = sql.SQL("vector <#> %(vector)s::halfvec")
        source, chosen = sql.Composed([self._table]), sql.SQL("true")
        if within is not None and len(within) <= FEW:
            seen = "(SELECT * FROM {} WHERE ticket_id = ANY(%(within)s) OFFSET 0) AS seen"
            source = sql.SQL(seen).format(self._table)
        elif within is not None:
            chosen = sql.SQL("ticket_id = ANY(%(within)s)")
        elif without:
            chosen = sql.SQL("ticket_id <> ALL(%(without)s)")
        query = sql.SQL(
            "SELECT ticket_id, -({near}) FROM {source} WHERE {chosen} ORDER BY {near} LIMIT %(k)s"
        )
        values = {"vector": _written(vector), "k": k, "without": list(without), "within": list(within or ())}
        return query.format(near=near, source=source, chosen=chosen), values

    def _rows(self, query: sql.Composed, values: dict[str, Any]) -> list[tuple[int, float]]:
        one = self._open()
        # Settings of this transaction alone, so that a pool of connections is no danger; all of it in one round trip.
        with one.pipeline(), one.transaction():
            one.execute(
                "SELECT set_config('hnsw.ef_search', %s, true), set_config('hnsw.max_scan_tuples', %s, true),"
                " set_config('hnsw.iterative_scan', 'strict_order', true), set_config('statement_timeout', %s, true)",
                [str(LOOKED_AT), str(MOST_LOOKED_AT), f"{SECONDS}s"],
            )
            rows = one.execute(query, values).fetchall()
        return [(int(id_), float(cosine)) for id_, cosine in rows]

    def _open(self) -> psycopg.Connection[Any]:
        """A connection is nobody’s but the process’s that opened it."""
        if self._connection is None or self._process != os.getpid() or self._connection.closed:
            self._connection, self._process = _connect(), os.getpid()
        return self._connection


def _unsearchable(error: psycopg.Error) -> ArtefactError:
    return ArtefactError(f"The vectors in the database cannot be searched: {type(error).__name__}")


def _tables(cursor: Any, *, older: bool = False) -> list[str]:
    aged = "AND obj_description(oid, 'pg_class')::timestamptz < now() - interval '1 day'" if older else ""
    cursor.execute(
        f"SELECT relname FROM pg_class WHERE relkind = 'r' AND pg_table_is_visible(oid) AND relname ~ %s {aged}",  # noqa: S608
        [f"^{PREFIX}[0-9a-f]{{24}}$"],
    )
    return [name for (name,) in cursor.fetchall()]


def _name(vectors: Coded) -> str:
    """Of the table: the same vectors of the same tickets have the same."""
    told = hashlib.sha256(f"{vectors.size} {len(vectors)} ".encode())
    for part in (vectors.ids, vectors.scales, vectors.codes[:256]):
        told.update(np.ascontiguousarray(part).tobytes())
    return PREFIX + told.hexdigest()[:24]


def _connect() -> psycopg.Connection[Any]:
    given = connection.get_connection_params()
    kept = {name: value for name, value in given.items() if name not in {"cursor_factory", "context"}}
    return psycopg.connect(**kept, autocommit=True)


def _exists(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [table])
        return bool(cursor.fetchone()[0])


def _build(table: str, vectors: Coded) -> None:
    """Write a table and its graph, whole or not at all. Who comes second finds it made."""
    name = sql.Identifier(table)
    with _connect() as one, one.transaction():
        one.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [table])
        one.execute("SET LOCAL statement_timeout = 0")
        one.execute(sql.SQL("SET LOCAL maintenance_work_mem = {}").format(BUILD_MEMORY))
        row = one.execute("SELECT to_regclass(%s)", [table]).fetchone()
        if row is not None and row[0] is not None:
            return
        made = sql.SQL("CREATE TABLE {} (ticket_id bigint PRIMARY KEY, vector halfvec({}) NOT NULL)")
        one.execute(made.format(name, sql.Literal(vectors.size)))
        copy = sql.SQL("COPY {} (ticket_id, vector) FROM STDIN (FORMAT BINARY)").format(name)
        with one.cursor().copy(copy) as stream:
            stream.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for start in range(0, len(vectors), ADDED_AT_ONCE):
                stream.write(_binary(vectors, slice(start, start + ADDED_AT_ONCE)))
            stream.write(b"\xff\xff")
        graph = sql.SQL(
            "CREATE INDEX ON {} USING hnsw (vector halfvec_ip_ops) WITH (m = {}, ef_construction = {})"
        )
        one.execute(graph.format(name, sql.Literal(LINKS), sql.Literal(BREADTH)))
        one.execute(sql.SQL("ANALYZE {}").format(name))
        row = one.execute("SELECT now()::text").fetchone()
        one.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(name, sql.Literal(row[0] if row else "")))


def _binary(vectors: Coded, part: slice) -> bytes:
    """Rows as COPY reads them: two fields, each with its length; a halfvec is its size, 0, and its numbers."""
    size, ids = vectors.size, vectors.ids[part]
    kind = np.dtype([
        ("fields", ">i2"), ("id_bytes", ">i4"), ("id", ">i8"), ("bytes", ">i4"), ("size", ">i2"), ("unused", ">i2"),
        ("numbers", ">f2", (size,)),
    ])  # fmt: skip
    rows = np.zeros(len(ids), kind)
    rows["fields"], rows["id_bytes"], rows["id"] = 2, 8, ids
    rows["bytes"], rows["size"], rows["numbers"] = 4 + 2 * size, size, vectors.rows(part)
    return rows.tobytes()


def _written(vector: Vector) -> str:
    return "[" + ",".join(f"{number:.6g}" for number in vector.tolist()) + "]"
