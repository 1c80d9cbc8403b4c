"""Finding by meaning with the real extension. Skipped where PostgreSQL has no pgvector; CI has one that has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from django.db import connection

from tests.triage.core.similar.test_encoder_index import TICKETS, TopicEncoder
from tickets.watch.findings import Level
from triage.core.errors import ArtefactError
from triage.core.similar.encoded_index import EncodedTicketIndex, _coded
from triage.core.similar.nearest import Coded, Vector
from triage.core.types import ResolvedTicket
from triage.running import pgvector_store, vector_store
from triage.running.pgvector_store import PgvectorStore, PgvectorTables

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
SIZE = 16


@pytest.fixture(autouse=True)
def extension() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'")
        if not cursor.fetchone()[0]:
            pytest.skip("PostgreSQL has no pgvector here (Debian: postgresql-NN-pgvector)")
        cursor.execute("CREATE EXTENSION IF NOT EXISTS vector")
    yield
    with connection.cursor() as cursor:
        for table in pgvector_store._tables(cursor):
            cursor.execute(f"DROP TABLE {table}")


def vectors(count: int, seed: int = 0) -> Vector:
    rows = np.random.default_rng(seed).normal(size=(count, SIZE)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def rows() -> Vector:
    return vectors(2000)


@pytest.fixture
def store(rows: Vector, tmp_path: Path) -> Iterator[PgvectorStore]:
    opened = opened_store(rows, tmp_path)
    yield opened
    opened.close()


def opened_store(rows: Vector, folder: Path) -> PgvectorStore:
    coded = Coded(np.arange(len(rows), dtype=np.int64) * 3, *_coded(rows))
    PgvectorTables().keep(folder, coded)
    return PgvectorTables().open(folder, coded)


def exact(rows: Vector, vector: Vector, k: int, only: set[int] | None = None) -> list[int]:
    order = [int(place) * 3 for place in np.argsort(-(rows @ vector))]
    return [id_ for id_ in order if only is None or id_ in only][:k]


def test_it_finds_what_is_nearest(store, rows):
    asked = vectors(30, seed=1)
    found = [store.search(vector, 5) for vector in asked]
    right = sum(
        len({id_ for id_, _ in one} & set(exact(rows, vector, 5)))
        for one, vector in zip(found, asked, strict=True)
    )
    assert right >= 0.95 * 5 * len(asked)
    assert all(abs(cosine - rows[id_ // 3] @ asked[0]) < 0.02 for id_, cosine in found[0])
    assert [cosine for _, cosine in found[0]] == sorted((cosine for _, cosine in found[0]), reverse=True)


@pytest.mark.parametrize("few", [20_000, 0])
def test_a_filter_holds_inside_the_search(store, rows, monkeypatch, few):
    """One in a hundred may be seen: all five rows, and none that may not, compared one by one or by the graph."""
    monkeypatch.setattr(pgvector_store, "FEW", few)
    visible = set(range(0, 6000, 300))
    for vector in vectors(5, seed=2):
        found = [id_ for id_, _ in store.search(vector, 5, within=visible)]
        assert set(found) == set(exact(rows, vector, 5, visible))


def test_more_than_a_search_weighs_may_be_hidden(store, rows):
    vector = rows[7]
    hidden = exact(rows, vector, 600)
    found = [id_ for id_, _ in store.search(vector, 5, without=hidden)]
    assert len(found) == 5
    assert not set(found) & set(hidden)
    assert store.search(vector, 5, within=[21], without=[21]) == []
    assert store.search(vector, 5, within=[]) == []


def test_what_is_erased_is_gone_from_the_table(store, rows, settings):
    settings.VECTOR_STORE, settings.TRIAGE_ENCODER = "pgvector", Path("/encoder")
    assert store.search(rows[7], 1)[0][0] == 21
    vector_store.forget([21])
    assert 21 not in [id_ for id_, _ in store.search(rows[7], 5)]
    with connection.cursor() as cursor:
        (table,) = pgvector_store._tables(cursor)
        cursor.execute(f"SELECT count(*) FROM {table} WHERE ticket_id = 21")
        assert cursor.fetchone()[0] == 0


def test_a_server_that_hung_up_is_asked_again(store, rows):
    store.search(rows[7], 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [store._connection.info.backend_pid])
    assert store.search(rows[7], 1)[0][0] == 21


def test_a_table_that_is_gone_is_an_error_of_the_engine(store, rows):
    with connection.cursor() as cursor:
        (table,) = pgvector_store._tables(cursor)
        cursor.execute(f"DROP TABLE {table}")
    with pytest.raises(ArtefactError, match="cannot be searched"):
        store.search(rows[7], 1)


def test_without_the_extension_it_is_refused_and_doctor_says_what_to_do(rows, tmp_path, settings):
    settings.VECTOR_STORE, settings.TRIAGE_ENCODER = "pgvector", Path("/encoder")
    assert vector_store.check().level == Level.OK
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION vector")
    with pytest.raises(ArtefactError, match="CREATE EXTENSION vector"):
        opened_store(rows, tmp_path)
    assert "CREATE EXTENSION vector" in vector_store.check().advice


def test_tables_that_no_index_names_are_dropped_after_a_day(rows, tmp_path):
    for name, part in (("old", rows[:50]), ("used", rows[:60]), ("new", rows[:70])):
        folder = tmp_path / name / "vectors"
        folder.mkdir(parents=True)
        opened_store(part, folder).close()
    with connection.cursor() as cursor:
        for name in ("old", "used"):
            table = (tmp_path / name / "vectors" / pgvector_store.NAME).read_text()
            cursor.execute(f"COMMENT ON TABLE {table} IS '2026-01-01T00:00Z'")
        PgvectorTables().drop_unused([tmp_path / "used"])
        assert len(pgvector_store._tables(cursor)) == 2
        assert table in pgvector_store._tables(cursor)


# --- Behind the one search ---------------------------------------------------------------------------------


@pytest.fixture
def index(tmp_path: Path) -> Iterator[EncodedTicketIndex]:
    built = EncodedTicketIndex.build(TICKETS, tmp_path / "index", TopicEncoder(), nearest=PgvectorTables())
    yield built
    built._nearest.close()


def ids(index: EncodedTicketIndex, text: str, **options) -> list[int]:
    return [ticket.id for ticket in index.search(text, **options)]


def test_new_and_erased_tickets_count_at_once(index):
    assert ids(index, "password?") == [4]
    index.add(ResolvedTicket(9, "my secret phrase", "login"))
    assert set(ids(index, "password?")) == {4, 9}
    index.remove(4)
    index.remove(9)
    assert ids(index, "password?") == []


def test_a_missing_table_of_few_is_made_again_and_one_of_many_is_not(index, tmp_path, monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {pgvector_store._tables(cursor)[0]}")
    again = EncodedTicketIndex.open(tmp_path / "index", TopicEncoder(), nearest=PgvectorTables())
    assert ids(again, "password?") == [4]
    again._nearest.close()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {pgvector_store._tables(cursor)[0]}")
    monkeypatch.setattr(pgvector_store, "BUILT_AT_ONCE", 2)
    with pytest.raises(ArtefactError, match="train again"):
        EncodedTicketIndex.open(tmp_path / "index", TopicEncoder(), nearest=PgvectorTables())
