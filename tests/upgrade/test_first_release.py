"""An installation made by the first release still loads, migrates and replays its decisions.

``first_release.tar.xz`` holds its database (202 decisions on ten intents of the starter pack, in every kind of
outcome), its model and its index of similar tickets, all made by the code before the modules moved into rooms.
"""

from __future__ import annotations

import re
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.installation import Installation

pytestmark = pytest.mark.process
ARCHIVE = Path(__file__).parent / "first_release.tar.xz"
DECISIONS = 202


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("first_release")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    installation = Installation(folder)
    installation.manage("migrate", "--verbosity", "0")
    return installation


def test_its_decisions_replay_identically_or_are_told_to_be_read_differently(upgraded: Installation) -> None:
    """The first release read questions by other rules; what that changes is named, never called identical."""
    told = upgraded.manage("replay_decisions", "--last", "1000").splitlines()[-1]
    counts = {name: int(number) for number, name in re.findall(r"(\d+) ([a-z ]+?)(?:,|$)", told)}
    assert counts["identical"] + counts["read differently now"] == DECISIONS
    assert counts["identical"] >= 150
    assert counts["different"] == counts["partly replayed"] == counts["cannot be replayed"] == 0


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
