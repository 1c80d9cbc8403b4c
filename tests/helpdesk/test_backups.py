"""A backup taken while others write restores to a whole helpdesk; one that is damaged is refused."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.installation import Installation

TICKET = (
    "INSERT INTO tickets_ticket (reference, requester_email, requester_name, sender_verified, subject, channel, status, "
    "human_requested, reopen_count, escalation_reason, closure, created_at, updated_at) "
    "VALUES (?, 'rita@example.com', '', 0, 'Refund', 'web', 'open', 0, 0, '', '', '2026-01-01', '2026-01-01')"
)
EVENT = (
    "INSERT INTO tickets_event (ticket_id, kind, before, after, facts, at, seal) "
    "VALUES (?, 'created', '', 'open', '{}', '2026-01-01 00:00:00', '')"
)


@pytest.fixture
def writer(installation: Installation) -> Iterator[None]:
    """Somebody who goes on writing, a ticket and its Event in each transaction."""
    ended = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(installation.database, timeout=20)) as connection:
            number = 0
            while not ended.wait(0.002):
                number += 1
                with connection:
                    row = connection.execute(TICKET, [f"R{number}"])
                    connection.execute(EVENT, [row.lastrowid])

    thread = threading.Thread(target=write)
    thread.start()
    yield
    ended.set()
    thread.join(10)


def test_a_backup_taken_while_others_write_restores_whole(
    installation: Installation, writer: None, tmp_path: Path
) -> None:
    media = installation.folder / "media" / "attachments"
    media.mkdir(parents=True)
    (media / "one").write_bytes(b"a file")
    archive = tmp_path / "backup.tar"
    assert "is whole" in installation.manage("backup", str(archive))
    assert archive.stat().st_mode & 0o077 == 0
    again = Installation(tmp_path / "again")
    again.folder.mkdir()
    assert "whole" in again.manage("restore", str(archive))
    assert again.count("tickets_ticket") == again.count("tickets_event") > 0
    assert (again.folder / "media" / "attachments" / "one").read_bytes() == b"a file"
    refused = again.run("manage.py", "restore", str(archive))
    assert (refused.returncode, "Restore into an empty one" in refused.stderr) == (1, True)


def test_an_archive_in_which_one_byte_changed_is_refused(installation: Installation, tmp_path: Path) -> None:
    archive = tmp_path / "backup.tar"
    installation.manage("backup", str(archive))
    content = bytearray(archive.read_bytes())
    place = content.find(b"SQLite format 3") + 5000
    content[place] ^= 1
    archive.write_bytes(bytes(content))
    refused = installation.run("manage.py", "backup", "--verify", str(archive))
    assert refused.returncode == 1
    assert "damaged" in refused.stderr
    assert "Traceback" not in refused.stderr
    archive.write_bytes(bytes(content[: len(content) // 2]))
    assert installation.run("manage.py", "backup", "--verify", str(archive)).returncode == 1
