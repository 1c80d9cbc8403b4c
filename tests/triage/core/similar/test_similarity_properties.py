"""The fast search finds exactly what adding up every weight finds, whatever was added and removed."""

from __future__ import annotations

import functools
import random
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.core.similar import pruning
from triage.core.similar.postings_build import CHUNK
from triage.core.similar.ranking import count_keys, impacts_of, weigh_query
from triage.core.similar.similarity import TicketIndex
from triage.core.types import ResolvedTicket

WORDS = [f"{stem}{ending}" for stem in ("card", "mail", "pay", "lost", "blue") for ending in ("", "x", "q")]
counted_once = functools.cache(count_keys)
texts = st.lists(st.sampled_from(WORDS), min_size=0, max_size=12).map(" ".join)
tickets = st.dictionaries(st.integers(1, 10**12), texts, max_size=30)


@pytest.fixture(autouse=True)
def eager_pruning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prune as early as a large index would, so that small ones take the same paths."""
    for name, value in (("FIRST_READ", 3), ("PROBES", 2), ("SAMPLED", 4), ("SAMPLE_STEP", 3)):
        monkeypatch.setattr(pruning, name, value)


def plain_search(
    stored: dict[int, str], counted: dict[int, str], text: str, k: int
) -> list[tuple[int, float]]:
    """Rank ``stored`` by adding up weights; rarity counts ``counted``, which may hold erased tickets."""
    query = count_keys(text)
    if not query:
        return []
    known = [counted_once(each) for each in counted.values()]
    frequencies = np.array([sum(key in counts for counts in known) for key in query])
    weighed = weigh_query(query, np.full(len(query), -1), frequencies, len(counted))
    weights = {term.key: term.weight for term in weighed.terms}
    totals = {}
    for id_, each in stored.items():
        counts = counted_once(each)
        impacts = dict(zip(counts, impacts_of(counts).tolist(), strict=True))
        totals[id_] = sum(weight * impacts.get(key, 0) for key, weight in weights.items())
    ranked = sorted((-total, id_) for id_, total in totals.items() if total)
    return [(id_, min(1.0, -total / weighed.whole)) for total, id_ in ranked[:k]]


def found(index: TicketIndex, text: str, k: int) -> list[tuple[int, float]]:
    return [(ticket.id, ticket.similarity) for ticket in index.search(text, k)]


def built(stored: dict[int, str], folder: str) -> TicketIndex:
    return TicketIndex.build((ResolvedTicket(*item) for item in stored.items()), Path(folder) / "index")


@settings(max_examples=60, deadline=None)
@given(stored=tickets, text=texts, k=st.integers(1, 40))
def test_a_stored_index_ranks_like_the_plain_sum(stored: dict[int, str], text: str, k: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert found(built(stored, folder), text, k) == plain_search(stored, stored, text, k)


@settings(max_examples=40, deadline=None)
@given(stored=tickets, added=tickets, text=texts, k=st.integers(1, 10), seed=st.integers(0, 99))
def test_added_and_removed_tickets_rank_like_the_plain_sum(
    stored: dict[int, str], added: dict[int, str], text: str, k: int, seed: int
) -> None:
    added = {id_: each for id_, each in added.items() if id_ not in stored}
    erased = {id_ for id_ in [*stored, *added] if random.Random(seed * id_).random() < 0.3}
    with tempfile.TemporaryDirectory() as folder:
        index = built(stored, folder)
        for item in added.items():
            index.add(ResolvedTicket(*item))
        assert all(index.remove(id_) for id_ in erased)
    left = {id_: each for id_, each in (stored | added).items() if id_ not in erased}
    counted = stored | {id_: each for id_, each in added.items() if id_ not in erased}
    assert found(index, text, k) == plain_search(left, counted, text, k)
    assert len(index) == len(left)


@settings(max_examples=25, deadline=None)
@given(stored=tickets, text=texts)
def test_similarities_lie_between_zero_and_one_and_fall(stored: dict[int, str], text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        similarities = [each for _, each in found(built(stored, folder), text, 30)]
    assert all(0 < each <= 1 for each in similarities)
    assert similarities == sorted(similarities, reverse=True)


@settings(max_examples=25, deadline=None)
@given(stored=tickets)
def test_a_ticket_is_the_same_in_the_base_and_in_memory(stored: dict[int, str]) -> None:
    index = TicketIndex.empty()
    for item in stored.items():
        index.add(ResolvedTicket(*item))
    with tempfile.TemporaryDirectory() as folder:
        base = built(stored, folder)
        assert all(base.search(word, 30) == index.search(word, 30) for word in WORDS)


def zipf_tickets(n: int, seed: int) -> dict[int, str]:
    """Tickets of words as unevenly common as in a language."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 30, n)
    words = (f"w{number}" for number in rng.zipf(1.3, lengths.sum()))
    return {
        int(3 * place): " ".join(next(words) for _ in range(length)) for place, length in enumerate(lengths)
    }


@pytest.mark.parametrize("lookup_cost", [0, 1, 30])
def test_no_setting_of_the_pruning_changes_what_is_found(
    lookup_cost: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "LOOKUP_COST", lookup_cost)
    stored = zipf_tickets(1500, seed=4)
    index = built(stored, str(tmp_path))
    for text in list(zipf_tickets(15, seed=5).values()):
        assert found(index, text, 7) == plain_search(stored, stored, text, 7)


def test_the_order_and_the_chunks_of_a_build_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = zipf_tickets(300, seed=6)
    shuffled = dict(random.Random(1).sample(list(stored.items()), len(stored)))
    whole = built(stored, str(tmp_path / "whole"))
    monkeypatch.setattr("triage.core.similar.postings_build.CHUNK", 70)
    monkeypatch.setattr("triage.core.similar.postings_build.MERGED", 50)
    parts = built(shuffled, str(tmp_path / "parts"))
    assert CHUNK > 300
    assert all(whole.search(f"w{n} w{n + 1}", 20) == parts.search(f"w{n} w{n + 1}", 20) for n in range(1, 60))
