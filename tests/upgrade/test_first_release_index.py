"""The index of similar tickets that the first release stored is still opened, and finds what it found."""

from __future__ import annotations

import json
import random
import tarfile
from pathlib import Path

import pytest

from tests.upgrade.test_first_release import ARCHIVE
from triage.core.artefact import MANIFEST, load, read_manifest
from triage.core.errors import ArtefactError
from triage.core.similar.postings import KIND
from triage.core.similar.similarity import TicketIndex
from triage.core.types import ResolvedTicket

#: What the first release itself found: id and similarity of the three nearest tickets.
FOUND = {
    "where is my parcel": [
        (18, 0.5968551354968217), (34, 0.33453217352514775), (37, 0.33453217352514775),
    ],
    "I want to cancel the order I made yesterday": [
        (21, 0.32668533899942054), (19, 0.29119180992853005), (23, 0.28056789646513425),
    ],
    "somebody hacked my account, running cities replied": [
        (5, 0.07183297947629158), (7, 0.06976881339938665), (34, 0.058622316584100026),
    ],
    "how do I reset the forgotten password": [
        (3, 0.535391288298265), (1, 0.3561046511627907), (45, 0.28054632705795496),
    ],
    "ponies running classes passing parties buses skies dyed": [(43, 0.08596614467326869)],
    "I can't find order2024_7 or my parcel, it didn't come": [
        (18, 0.33347865682342226), (11, 0.23822395318645972), (41, 0.23215427541707842),
    ],
    "my account isn't mine any more, 2fa doesn't work": [
        (5, 0.32073096794601436), (44, 0.17384871889498102), (23, 0.13293441585828764),
    ],
}  # fmt: skip


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        members = [member for member in archive.getmembers() if member.name.startswith("models/index-")]
        archive.extractall(tmp_path, members=members, filter="data")
    return next((tmp_path / "models").iterdir())


@pytest.mark.parametrize("text", FOUND)
def test_a_search_finds_the_same_tickets_to_the_last_digit(stored: Path, text: str) -> None:
    found = TicketIndex.open(stored).search(text, 3)
    assert [(ticket.id, ticket.similarity) for ticket in found] == FOUND[text]


def test_a_ticket_added_to_it_is_found_as_it_was(stored: Path) -> None:
    index = TicketIndex.open(stored)
    index.add(ResolvedTicket(900, "I can't find order2024_7 any more"))
    found = index.search("I can't find order2024_7 or my parcel, it didn't come", 3)
    assert [(ticket.id, ticket.similarity) for ticket in found] == [
        (900, 0.5229912069921576), (18, 0.3653877637242217), (11, 0.2527686092260569),
    ]  # fmt: skip


def test_its_manifest_says_what_the_new_one_says(stored: Path) -> None:
    manifest = read_manifest(stored)
    assert (manifest.kind, manifest.libraries) == (KIND, {"numpy": "2.4.6"})
    assert manifest.settings == {"intents": [], "tickets": 48, "terms": 327}


def test_any_flipped_bit_is_refused(stored: Path) -> None:
    files = sorted(stored.iterdir())
    chance = random.Random(1)
    for _ in range(200):
        path = chance.choice(files)
        whole = path.read_bytes()
        broken = bytearray(whole)
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        path.write_bytes(bytes(broken))
        with pytest.raises(ArtefactError):
            load(stored, kind=KIND)
        path.write_bytes(whole)
    assert load(stored, kind=KIND).manifest.settings["tickets"] == 48


def test_a_changed_manifest_is_refused(stored: Path) -> None:
    manifest = json.loads((stored / MANIFEST).read_text())
    (stored / MANIFEST).write_text(json.dumps(manifest | {"tickets": 49}, indent=1))
    with pytest.raises(ArtefactError, match="was changed"):
        TicketIndex.open(stored)
