"""On PostgreSQL: a backup taken while others write restores whole, and a raw dump holds nothing of who was erased."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from helpdesk import backups
from tests.installation import Installation
from tests.tickets.test_privacy import SCENE, TRACES
from tickets.background import sealer
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Event, Ticket

pytestmark = [pytest.mark.postgres, pytest.mark.process, pytest.mark.django_db(transaction=True)]


def address(name: str) -> str:
    at = connection.settings_dict
    return f"postgres://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{name}"


@pytest.fixture
def house(tmp_path: Path) -> Installation:
    (tmp_path / "var").mkdir()
    return Installation(tmp_path / "var", DATABASE_URL=address(connection.settings_dict["NAME"]))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Installation]:
    """An empty database on the same server, and an empty folder."""
    name = f"{connection.settings_dict['NAME']}_again"
    run_sql(f"DROP DATABASE IF EXISTS {name}")
    run_sql(f"CREATE DATABASE {name}")
    (tmp_path / "again").mkdir()
    yield Installation(tmp_path / "again", DATABASE_URL=address(name))
    run_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def run_sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def writer() -> Iterator[None]:
    """Somebody who goes on writing tickets, each with its Event, and sealing them."""
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.wait(0.05):
            number += 1
            submit_ticket(
                Submission(subject="", body="Where is my refund?", guest_email=f"g{number}@example.com")
            )
            if number % 5 == 0:
                sealer.seal_events()
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    yield
    ended.set()
    thread.join(30)


FIGURES = """
import django; django.setup()
from tickets.models import Event, Message, Ticket
from triage.oversight import trail
created = Event.objects.filter(kind="created")
print(Ticket.objects.count(), Message.objects.filter(sender="requester").count(), created.count(), len(trail.unprotected()))
"""


def test_a_backup_taken_while_others_write_restores_whole(
    house: Installation, elsewhere: Installation, writer: None, tmp_path: Path
) -> None:
    media = house.folder / "media" / "attachments"
    media.mkdir(parents=True)
    (media / "one").write_bytes(b"a file")
    archive = tmp_path / "backup.tar"
    assert "is whole" in house.manage("backup", str(archive))
    assert archive.stat().st_mode & 0o077 == 0
    assert "whole" in elsewhere.manage("restore", str(archive))
    tickets, words, events, unprotected = map(int, elsewhere.run("-c", FIGURES).stdout.split())
    assert tickets == words == events > 0
    assert tickets <= Ticket.objects.count()
    assert unprotected == 0
    assert (elsewhere.folder / "media" / "attachments" / "one").read_bytes() == b"a file"
    refused = elsewhere.run("manage.py", "restore", str(archive))
    assert (refused.returncode, "Restore into an empty one" in refused.stderr) == (1, True)


def test_a_trail_that_was_broken_before_the_backup_is_told_after_it(
    house: Installation, elsewhere: Installation, tmp_path: Path
) -> None:
    for number in range(3):
        submit_ticket(Submission(subject="", body="Refund?", guest_email=f"g{number}@example.com"))
    sealer.seal_events()
    run_sql("ALTER TABLE tickets_event DISABLE TRIGGER USER")
    run_sql("UPDATE tickets_event SET kind = 'noted' WHERE position = 2")
    run_sql("ALTER TABLE tickets_event ENABLE TRIGGER USER")
    archive = tmp_path / "backup.tar"
    house.manage("backup", str(archive))
    told = elsewhere.run("manage.py", "restore", str(archive))
    assert (told.returncode, "broken at position 2" in told.stderr) == (1, True)


def dump(tmp_path: Path) -> bytes:
    """All that the database holds, as text."""
    file = tmp_path / "dump.sql"
    file.unlink(missing_ok=True)
    backups.run_postgres("pg_dump", "--format=plain", f"--file={file}")
    return file.read_bytes().lower()


def test_a_raw_dump_holds_no_word_of_who_was_erased(house: Installation, tmp_path: Path) -> None:
    made = house.run("-c", SCENE)
    assert made.returncode == 0, made.stderr
    assert all(word in dump(tmp_path) for word in TRACES)
    receipt = house.manage("erase_person", "zebedee@example.com", "--yes")
    assert "models_that_learnt_the_texts" in receipt
    after = dump(tmp_path)
    assert [word for word in TRACES if word in after] == []
    assert after.count(b"where is my parcel?") >= 2
    files = [file for file in house.folder.rglob("*") if file.is_file()]
    assert not [file for file in files if any(word in file.read_bytes().lower() for word in TRACES)]


def test_the_trail_of_a_database_cannot_be_emptied_either() -> None:
    submit_ticket(Submission(subject="", body="Refund?", guest_email="g@example.com"))
    name = Event._meta.db_table
    with pytest.raises(Exception, match="cannot be changed"):
        run_sql(f"TRUNCATE {name} CASCADE")
