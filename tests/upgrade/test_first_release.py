"""An installation made by the first release still loads, migrates and replays its decisions.

``first_release.tar.xz`` holds its database (202 decisions on ten intents of the starter pack, in every kind of
outcome), its model and its index of similar tickets, all made by the code before the modules moved into rooms.
"""

from __future__ import annotations

import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.installation import Installation

pytestmark = pytest.mark.process
ARCHIVE = Path(__file__).parent / "first_release.tar.xz"
DECISIONS = 202
#: Since the model parts the questions of a text: most of these differ in the number of its parts alone.
READ_DIFFERENTLY = 45


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("first_release")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    installation = Installation(folder)
    installation.manage("migrate", "--verbosity", "0")
    return installation


def test_its_decisions_replay_unless_they_are_read_differently_now(upgraded: Installation) -> None:
    told = upgraded.manage("replay_decisions", "--last", "1000")
    assert told.splitlines()[-1].startswith(
        f"{DECISIONS - READ_DIFFERENTLY} identical, 0 partly replayed, {READ_DIFFERENTLY} read differently now, "
        "0 different, 0 cannot"
    )


def test_its_tickets_and_events_are_all_there(upgraded: Installation) -> None:
    with closing(sqlite3.connect(upgraded.database)) as database:
        counts = {
            table: database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            for table in ("tickets_ticket", "tickets_event", "triage_decision")
        }
        jobs = database.execute("SELECT COUNT(*) FROM tickets_event WHERE kind = 'auto_resolved'").fetchone()[
            0
        ]
    assert counts["triage_decision"] == DECISIONS
    assert counts["tickets_ticket"] >= DECISIONS
    assert counts["tickets_event"] >= 2 * DECISIONS
    assert jobs == 78
