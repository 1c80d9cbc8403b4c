"""Texts that mean the same come together, the largest group first, and are named by what sets them apart."""

from __future__ import annotations

import pytest

from triage.core.similar import grouping
from triage.core.similar.grouping import group

TEXTS = [
    "Where is my parcel?",
    "I want a refund for the broken lamp",
    "My parcel has not arrived",
    "refund the lamp please",
    "Parcels: where are they?",
    "How do I change my password?",
]


def test_the_largest_group_comes_first_and_what_stands_alone_is_left_out() -> None:
    found = group(TEXTS)
    assert [sorted(one.members) for one in found] == [[0, 2, 4], [1, 3]]
    assert group(TEXTS) == found
    assert [sorted(one.members) for one in group(TEXTS, least=3)] == [[0, 2, 4]]
    assert len(group(TEXTS, least=1)) == 3


def test_a_group_is_named_by_whole_words_of_its_texts() -> None:
    parcels, lamps = group(TEXTS)
    assert parcels.words[0] == "parcel"
    assert {"refund", "lamp"} <= set(lamps.words)
    assert all(len(one.words) <= grouping.WORDS for one in (parcels, lamps))


def test_the_most_typical_text_of_a_group_is_named_first() -> None:
    texts = ["refund lamp", "refund lamp", "refund lamp for my aunt in Rome"]
    assert group(texts)[0].members == (0, 1, 2)
    assert group(texts[::-1])[0].members == (1, 2, 0)


@pytest.mark.parametrize("texts", [[], ["Where is my parcel?"], ["?", "!"], ["the", "and"]])
def test_where_there_is_nothing_to_compare_there_is_no_group(texts: list[str]) -> None:
    assert group(texts) == []


def test_more_texts_than_can_be_compared_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MOST", 2)
    assert group(["a parcel", "a parcel"]) != []
    with pytest.raises(ValueError, match="At most 2 texts"):
        group(["a parcel"] * 3)
