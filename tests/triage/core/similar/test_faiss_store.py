"""Finding by meaning alone, with real FAISS. Skipped where it is not installed (requirements-vectors.txt)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("faiss", reason="pip install -r requirements-vectors.txt")

from tests.triage.core.similar.test_encoder_index import TICKETS, TopicEncoder
from triage.core.errors import ArtefactError
from triage.core.similar import encoded_index, faiss_store
from triage.core.similar.encoded_index import EncodedTicketIndex
from triage.core.similar.faiss_store import FaissFiles, FaissStore
from triage.core.similar.nearest import Coded
from triage.core.types import ResolvedTicket

SIZE = 16
Vectors = npt.NDArray[np.float32]


def vectors(count: int, seed: int = 0) -> Vectors:
    rows = np.random.default_rng(seed).normal(size=(count, SIZE)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def store_of(rows: Vectors) -> FaissStore:
    codes, scales = encoded_index._coded(rows)
    return FaissStore.build(Coded(np.arange(len(rows), dtype=np.int64) * 3, codes, scales))


def exact(rows: Vectors, vector: Vectors, k: int, only: set[int] | None = None) -> list[int]:
    order = [int(place) * 3 for place in np.argsort(-(rows @ vector))]
    return [id_ for id_ in order if only is None or id_ in only][:k]


@pytest.fixture(params=["flat", "cells"])
def rows(request, monkeypatch) -> Vectors:
    """The same below the bound and beyond it, as if that were small."""
    if request.param == "cells":
        monkeypatch.setattr(faiss_store, "FLAT_MOST", 1000)
        monkeypatch.setattr(faiss_store, "PROBES", 12)
    return vectors(6000)


def test_it_finds_what_is_nearest(rows):
    store, asked = store_of(rows), vectors(50, seed=1)
    right = sum(
        len({id_ for id_, _ in store.search(vector, 5)} & set(exact(rows, vector, 5))) for vector in asked
    )
    assert right >= 0.9 * 5 * len(asked)


def test_a_filter_holds_inside_the_search(rows):
    """One in a hundred may be seen: still all five rows, and none that may not."""
    store, visible = store_of(rows), set(range(0, 18000, 300))
    for vector in vectors(20, seed=2):
        found = [id_ for id_, _ in store.search(vector, 5, within=visible)]
        assert len(found) == 5
        assert set(found) <= visible
        assert len(set(found) & set(exact(rows, vector, 5, visible))) >= 4


def test_what_may_not_count_does_not(rows):
    store, vector = store_of(rows), rows[7]
    assert store.search(vector, 1)[0][0] == 21
    assert 21 not in [id_ for id_, _ in store.search(vector, 5, without=[21])]
    assert store.search(vector, 5, within=[21], without=[21]) == []
    assert store.search(vector, 5, within=[]) == []


def test_it_is_read_back_as_it_was_written(rows, tmp_path):
    store = store_of(rows)
    store.write(tmp_path)
    assert FaissStore.open(tmp_path, store._vectors).search(rows[3], 5) == store.search(rows[3], 5)


def test_what_is_no_index_is_refused(tmp_path):
    (tmp_path / faiss_store.FILE).write_bytes(b"nonsense")
    with pytest.raises(ArtefactError):
        FaissStore.open(tmp_path, Coded.none(SIZE))


# --- Behind the one search ---------------------------------------------------------------------------------


@pytest.fixture
def index(tmp_path: Path) -> EncodedTicketIndex:
    return EncodedTicketIndex.build(TICKETS, tmp_path / "index", TopicEncoder(), nearest=FaissFiles())


def ids(index: EncodedTicketIndex, text: str, **options) -> list[int]:
    return [ticket.id for ticket in index.search(text, **options)]


def test_a_ticket_that_shares_no_word_is_found_by_its_meaning(index):
    (found,) = index.search("password?")
    assert (found.id, found.intent) == (4, "login")
    assert 0.5 <= found.similarity <= 1


def test_what_means_something_else_is_not_shown(index):
    assert 2 not in ids(index, "password?")


def test_new_and_erased_tickets_count_at_once(index):
    index.add(ResolvedTicket(9, "my secret phrase", "login"))
    assert set(ids(index, "password?")) == {4, 9}
    index.remove(4)
    index.remove(9)
    assert ids(index, "password?") == []


def test_a_ticket_that_was_replaced_counts_by_its_new_words(index):
    index.add(ResolvedTicket(4, "the card", "card"))
    assert ids(index, "password?") == []


def test_the_asking_ticket_itself_is_left_out(index):
    assert ids(index, "password?", exclude=[4]) == []


def test_an_index_of_few_that_has_no_store_gets_one_in_memory(tmp_path):
    EncodedTicketIndex.build(TICKETS, tmp_path / "index", TopicEncoder())
    opened = EncodedTicketIndex.open(tmp_path / "index", TopicEncoder(), nearest=FaissFiles())
    assert ids(opened, "password?") == [4]


def test_one_of_many_has_to_be_trained_again(tmp_path, monkeypatch):
    EncodedTicketIndex.build(TICKETS, tmp_path / "index", TopicEncoder())
    monkeypatch.setattr(faiss_store, "FLAT_MOST", 2)
    with pytest.raises(ArtefactError, match="train again"):
        EncodedTicketIndex.open(tmp_path / "index", TopicEncoder(), nearest=FaissFiles())


def test_a_changed_store_is_refused(tmp_path):
    EncodedTicketIndex.build(TICKETS, tmp_path / "index", TopicEncoder(), nearest=FaissFiles())
    file = tmp_path / "index" / "vectors" / faiss_store.FILE
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(ArtefactError):
        EncodedTicketIndex.open(tmp_path / "index", TopicEncoder(), nearest=FaissFiles())
