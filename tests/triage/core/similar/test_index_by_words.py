"""Where there is no encoder, tickets are found by their words, and what was stored is opened so."""

from __future__ import annotations

from pathlib import Path

from triage.core.similar.encoded_index import build_index, open_index
from triage.core.similar.similarity import TicketIndex
from triage.core.types import ResolvedTicket

TICKETS = [
    ResolvedTicket(7, "please refund the lamp", "refund", confirmed=True),
    ResolvedTicket(8, "where is my parcel", "track", confirmed=True),
]


def test_an_index_without_an_encoder_is_one_of_words(tmp_path: Path) -> None:
    built = build_index(TICKETS, tmp_path / "index", None)
    opened = open_index(tmp_path / "index", None)
    assert isinstance(built, TicketIndex)
    assert isinstance(opened, TicketIndex)
    for index in (built, opened):
        assert [one.id for one in index.search("refund for my lamp", k=1)] == [7]
