"""The index of resolved tickets: what it finds, what it forgets, what it refuses."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from triage.core.artefact import read_manifest
from triage.core.errors import ArtefactError
from triage.core.similar import postings_build
from triage.core.similar.similarity import TicketIndex
from triage.core.terms import VERSION
from triage.core.types import ResolvedTicket

TICKETS = [
    ResolvedTicket(9, "Please reset my password", "password"),
    ResolvedTicket(2, "My new card has not arrived", "card"),
    ResolvedTicket(5, "The mail for the password reset never came", "password"),
    ResolvedTicket(7, "Card payment was charged twice", None),
]


@pytest.fixture
def index(tmp_path: Path) -> TicketIndex:
    return TicketIndex.build(TICKETS, tmp_path / "index")


def ids(index: TicketIndex, text: str, k: int = 5, exclude: tuple[int, ...] = ()) -> list[int]:
    return [ticket.id for ticket in index.search(text, k, exclude=exclude)]


def test_finds_the_tickets_that_share_words_best_first(index: TicketIndex) -> None:
    assert ids(index, "how do I reset passwords?") == [9, 5]


def test_the_same_words_are_similar_to_degree_one(index: TicketIndex) -> None:
    best = index.search("please RESET my password!")[0]
    assert (best.id, best.similarity, best.intent) == (9, 1.0, "password")


@pytest.mark.parametrize("text", ["", "   ", "!?", "the of and", "zyxgrmpf", "\ud800"])
def test_a_text_without_known_words_is_similar_to_nothing(index: TicketIndex, text: str) -> None:
    assert index.search(text) == ()


def test_words_nobody_used_lower_the_similarity(index: TicketIndex) -> None:
    assert index.search("password zyxgrmpf")[0].similarity < index.search("password")[0].similarity


def test_excluded_tickets_make_room_for_the_next(index: TicketIndex) -> None:
    assert ids(index, "password", k=1, exclude=(9,)) == [5]


def test_equal_tickets_come_in_the_order_of_their_ids(tmp_path: Path) -> None:
    index = TicketIndex.build([ResolvedTicket(n, "late parcel") for n in (8, 3, 5)], tmp_path / "index")
    index.add(ResolvedTicket(4, "late parcel"))
    assert ids(index, "late parcel", k=3) == [3, 4, 5]


def test_an_added_ticket_is_found_at_once(index: TicketIndex) -> None:
    index.add(ResolvedTicket(11, "fingerprint login fails", "login"))
    assert ids(index, "fingerprint") == [11]
    assert len(index) == 5 and 11 in index and index.recent == 1


def test_an_added_ticket_replaces_the_one_with_its_id(index: TicketIndex) -> None:
    index.add(ResolvedTicket(9, "fingerprint login fails"))
    index.add(ResolvedTicket(9, "parcel lost"))
    assert ids(index, "reset fingerprint parcel") == [9, 5]
    assert len(index) == 4


def test_confirmed_tickets_come_along_where_others_are_nearer(index: TicketIndex) -> None:
    for id_, text in ((20, "password of the printer"), (21, "password of my parcel box")):
        index.add(ResolvedTicket(id_, text, "printer", confirmed=True))
    assert ids(index, "password reset", k=2) == [9, 5]
    found = index.search("password reset", 2, confirmed=1)
    assert [(ticket.id, ticket.confirmed) for ticket in found] == [(9, False), (5, False), (20, True)]
    assert len(index.search("password reset", 4, confirmed=2)) == 4


def test_what_stands_in_the_index_when_it_is_built_counts_as_learnt(tmp_path: Path) -> None:
    index = TicketIndex.build([ResolvedTicket(3, "late parcel", "track", confirmed=True)], tmp_path / "index")
    assert [ticket.confirmed for ticket in index.search("late parcel", confirmed=1)] == [False]


@pytest.mark.parametrize("ticket_id", [9, 11])
def test_a_removed_ticket_is_gone_at_once(index: TicketIndex, ticket_id: int) -> None:
    index.add(ResolvedTicket(11, "reset it"))
    assert index.remove(ticket_id)
    assert ticket_id not in ids(index, "reset")
    assert ticket_id not in index and not index.remove(ticket_id) and len(index) == 4


def test_an_empty_index_learns_from_nothing(tmp_path: Path) -> None:
    for index in (TicketIndex.empty(), TicketIndex.build([], tmp_path / "index")):
        assert index.search("card") == () and len(index) == 0
        index.add(ResolvedTicket(1, "my card"))
        assert ids(index, "card") == [1]


def test_an_opened_index_finds_what_the_built_one_found(index: TicketIndex, tmp_path: Path) -> None:
    assert TicketIndex.open(tmp_path / "index").search("card payment") == index.search("card payment")


def test_building_over_an_index_replaces_it_and_leaves_open_ones_alone(
    index: TicketIndex, tmp_path: Path
) -> None:
    newer = TicketIndex.build([ResolvedTicket(1, "password")], tmp_path / "index")
    assert (ids(index, "password"), ids(newer, "password")) == ([9, 5], [1])
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_an_index_keeps_how_its_texts_were_split(index: TicketIndex, tmp_path: Path) -> None:
    assert read_manifest(tmp_path / "index").settings["terms_version"] == VERSION


def test_an_index_split_in_an_unknown_way_is_refused(
    index: TicketIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postings_build, "VERSION", 99)
    with pytest.raises(ArtefactError, match="version 99"):
        TicketIndex.build([ResolvedTicket(1, "password")], tmp_path / "index")


def test_an_id_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="ticket 3"):
        TicketIndex.build([ResolvedTicket(3, "a card"), ResolvedTicket(3, "b card")], tmp_path / "index")
    assert not list(tmp_path.iterdir())


def test_a_missing_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match=r"manifest\.json is missing"):
        TicketIndex.open(tmp_path)


def test_a_flipped_bit_in_any_file_is_refused_or_changes_nothing(index: TicketIndex, tmp_path: Path) -> None:
    expected = index.search("card password", 4)
    for path in (tmp_path / "index").iterdir():
        good = path.read_bytes()
        for place in range(0, len(good), max(1, len(good) // 40)):
            path.write_bytes(good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :])
            try:
                assert TicketIndex.open(tmp_path / "index").search("card password", 4) == expected
            except ArtefactError:
                assert path.read_bytes() != good
        path.write_bytes(good)


def test_threads_may_search_while_tickets_come_and_go(index: TicketIndex) -> None:
    def change(first: int) -> None:
        for id_ in range(first, first + 200):
            index.add(ResolvedTicket(id_, f"card number {id_}"))
            assert id_ in ids(index, f"number {id_}", k=1)
            assert id_ % 2 or index.remove(id_)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, (1000, 2000, 3000, 4000)))
    assert len(index) == 404 and index.recent == 400
