"""A kept test database is used only as long as every migration is what it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests import migrated


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small house with one migration."""
    (tmp_path / "tickets/desk/migrations").mkdir(parents=True)
    (tmp_path / "tickets/desk/migrations/0001_initial.py").write_text("one = 1\n")
    (tmp_path / "requirements.txt").write_text("django==5.2\n")
    monkeypatch.setattr(migrated, "ROOT", tmp_path)
    monkeypatch.setattr(migrated, "KEPT", tmp_path / "kept")
    return tmp_path


@pytest.mark.parametrize(
    "changed",
    ["tickets/desk/migrations/0001_initial.py", "tickets/desk/migrations/0002_more.py", "requirements.txt"],
)
def test_another_migration_or_library_is_another_database(house: Path, changed: str) -> None:
    before = migrated.kept()
    (house / changed).write_text("two = 2\n")
    assert migrated.kept() != before


def test_code_beside_the_migrations_changes_nothing(house: Path) -> None:
    before = migrated.kept()
    (house / "tickets/desk/views.py").write_text("two = 2\n")
    assert migrated.kept() == before


def test_the_kept_one_holds_the_rows_and_takes_the_place_of_the_last(house: Path) -> None:
    migrated.KEPT.mkdir()
    (migrated.KEPT / "0123456789abcdef.sqlite3").write_text("")
    with closing(sqlite3.connect(":memory:")) as memory:
        memory.execute("CREATE TABLE a AS SELECT 7 AS b")
        migrated.keep(memory)
    assert [file.name for file in migrated.KEPT.iterdir()] == [migrated.kept().name]
    with closing(sqlite3.connect(migrated.kept())) as copy:
        assert copy.execute("SELECT b FROM a").fetchall() == [(7,)]
