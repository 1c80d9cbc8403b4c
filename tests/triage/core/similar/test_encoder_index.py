"""Similar tickets in order of meaning, with a tiny encoder that knows three meanings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from triage.core.errors import ArtefactError
from triage.core.similar.encoded_index import EncodedTicketIndex
from triage.core.types import ResolvedTicket


class TopicEncoder:
    """Three directions: passwords, cards, everything."""

    size = 3

    def __init__(self, fingerprint: str = "topics") -> None:
        self.fingerprint = fingerprint

    def encode(self, texts: Iterable[str]) -> npt.NDArray[np.float32]:
        rows = [[("password" in t) or ("secret" in t), "card" in t, 0.3] for t in texts]
        vectors = np.array(rows, dtype=np.float32).reshape(-1, 3)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def parts(self, text: str) -> None:
        return None


TICKETS = [
    ResolvedTicket(4, "lost my secret again", "login"),
    ResolvedTicket(2, "lost my blue card", "card"),
    ResolvedTicket(3, "lost again", None),
]


@pytest.fixture
def index(tmp_path: Path) -> EncodedTicketIndex:
    return EncodedTicketIndex.build(TICKETS, tmp_path / "index", TopicEncoder())


def ids(index: EncodedTicketIndex, text: str, k: int = 5, exclude: tuple[int, ...] = ()) -> list[int]:
    return [ticket.id for ticket in index.search(text, k, exclude=exclude)]


def test_meaning_goes_before_words(index: EncodedTicketIndex) -> None:
    assert ids(index, "lost my blue password")[0] == 4


def test_the_same_text_is_similar_to_degree_one(index: EncodedTicketIndex) -> None:
    best = index.search("lost my blue card")[0]
    assert (best.id, best.intent) == (2, "card") and best.similarity == pytest.approx(1, abs=0.01)


def test_nothing_shared_means_nothing_similar(index: EncodedTicketIndex) -> None:
    assert index.search("") == () and index.search("zyx") == () and index.search("lost", 0) == ()


def test_excluded_and_removed_tickets_are_not_found(index: EncodedTicketIndex) -> None:
    assert index.remove(2) and not index.remove(2)
    assert ids(index, "lost card", exclude=(3,)) == [4]
    assert len(index) == 2 and 2 not in index


def test_an_added_ticket_is_found_at_once_by_its_meaning(index: EncodedTicketIndex) -> None:
    index.add(ResolvedTicket(2, "lost the other password", "login", confirmed=True))
    assert set(ids(index, "lost password", 2)) == {2, 4}
    assert len(index) == 3 and index.recent == 1
    found = index.search("lost my secret", 1, confirmed=1)
    assert [(ticket.id, ticket.intent, ticket.confirmed) for ticket in found] == [
        (4, "login", False),
        (2, "login", True),
    ]


def test_an_empty_index_learns(tmp_path: Path) -> None:
    built = EncodedTicketIndex.build([], tmp_path / "index", TopicEncoder())
    for index in (EncodedTicketIndex.empty(TopicEncoder()), built):
        index.add(ResolvedTicket(1, "my card"))
        assert ids(index, "card") == [1]


def test_an_index_of_another_encoder_is_refused(index: EncodedTicketIndex, tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="another encoder"):
        EncodedTicketIndex.open(tmp_path / "index", TopicEncoder("others"))


@pytest.mark.parametrize("name", ["ids.npy", "codes.npy", "scales.npy", "manifest.json"])
def test_changed_vectors_are_refused(index: EncodedTicketIndex, tmp_path: Path, name: str) -> None:
    path = tmp_path / "index" / "vectors" / name
    content = bytearray(path.read_bytes())
    content[-6] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtefactError):
        EncodedTicketIndex.open(tmp_path / "index", TopicEncoder())
