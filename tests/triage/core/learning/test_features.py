"""Texts as words, pairs and letters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.core.errors import ArtefactError, TrainingError
from triage.core.learning.features import (
    BLOCK_WEIGHTS,
    MAX_WORDS,
    MOST_SLIPS,
    Vectoriser,
    reads_whole,
    word_spans,
    words_of,
)

TEXTS = ["Where is my order?", "refund my order please", "I can't log in", "café closed, order lost"]


@pytest.fixture(scope="module")
def vectoriser() -> Vectoriser:
    return Vectoriser().fit(TEXTS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Can't LOG in!", ["cant", "log", "in"]),
        ("Café №5", ["cafe", "no", "0"]),
        ("order 123456789", ["order", "000000"]),
        ("", []),
    ],
)
def test_words_are_folded_and_numbers_lose_their_value(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@given(st.text(max_size=60) | st.text(alphabet="aÉe\u0301İΣﬁ½'’´_ 3", max_size=60))
@settings(deadline=None)
def test_words_with_their_places_are_the_same_words(text: str) -> None:
    assert [word for _, _, word in word_spans(text)] == words_of(text)


def test_the_place_of_a_word_is_that_of_its_characters_as_written() -> None:
    text = "He can't pay the Café\u0301-ﬁne 12345"
    written = [text[begin:end] for begin, end, _ in word_spans(text)]
    assert written == ["He", "can't", "pay", "the", "Café", "ﬁne", "12345"]


USUAL = [
    f"{verb} my order and the parcel" for verb in ("where is", "cancel", "track", "change", "return", "send")
]


@pytest.mark.parametrize(
    "slip", ["pacel", "parccel", "parxel", "pracel", "parcell"]
)  # left out, doubled, wrong, swapped, one more
def test_one_slip_is_forgiven(slip: str) -> None:
    vectoriser = Vectoriser(min_count=2).fit(USUAL)
    vector = vectoriser.vector(f"my {slip} and order")
    assert (vector.known, vector.n_met) == (1.0, 4)
    assert vectoriser.find(f"my {slip}").words == ["my", slip]  # it is shown as it was written


@pytest.mark.parametrize("word", ["barcel", "pcl", "oder", "paarcell", "par5cel", "zzzzz"])
def test_two_slips_a_wrong_first_letter_or_a_short_word_are_not(word: str) -> None:
    vectoriser = Vectoriser(min_count=2).fit(USUAL)
    assert vectoriser.vector(f"my {word}").n_met == 0


def test_a_rare_word_is_not_what_was_meant_and_a_known_one_is_left_alone() -> None:
    vectoriser = Vectoriser().fit([*USUAL, "a parsec", "a panel"])
    assert vectoriser.stems(["panels", "parsecs", "pansel"]) == ["panel", "parsec", "pansel"]


def test_a_model_of_before_reads_slips_as_unknown_words() -> None:
    before = Vectoriser.from_arrays(Vectoriser(min_count=2).fit(USUAL).arrays(), forgiving=False)
    assert before.vector("track my pacel").known < 1


def test_a_text_full_of_unknown_words_is_cheap() -> None:
    vectoriser = Vectoriser(min_count=2).fit(USUAL)
    words = [f"parc{chr(97 + n % 26)}{chr(97 + n // 26)}xyz" for n in range(600)]
    vectoriser.stems(words)
    assert len(vectoriser._meant) == MOST_SLIPS


def test_a_hostile_text_is_cut() -> None:
    assert len(words_of("a " * 1_000_000)) == MAX_WORDS


def test_each_block_has_its_fixed_length(vectoriser: Vectoriser) -> None:
    vector = vectoriser.vector("where is my order")
    for low, high, weight in zip(vectoriser.starts_, vectoriser.starts_[1:], BLOCK_WEIGHTS, strict=False):
        inside = (vector.ids >= low) & (vector.ids < high)
        assert np.linalg.norm(vector.values[inside]) == pytest.approx(weight, rel=1e-5)


def test_the_order_of_words_changes_neighbours_but_not_pairs(vectoriser: Vectoriser) -> None:
    one, other = vectoriser.vector("refund order please"), vectoriser.vector("please order refund")
    pairs = slice(vectoriser.starts_[1], vectoriser.starts_[2])
    matrix = vectoriser.matrix([one, other]).toarray()
    assert np.allclose(matrix[0, pairs], matrix[1, pairs])
    assert not np.allclose(matrix[0, : vectoriser.starts_[1]], matrix[1, : vectoriser.starts_[1]])


def test_known_is_the_share_of_words_seen_in_training(vectoriser: Vectoriser) -> None:
    assert vectoriser.vector("where is my order").known == 1
    assert vectoriser.vector("quantum zebra").known == 0
    assert 0 < vectoriser.vector("my zebra").known < 1


@given(
    st.lists(st.sampled_from(["where", "is", "my", "order", "refund", "zebra", "cant", "log"]), max_size=12)
)
@settings(deadline=None)
def test_the_shares_of_the_terms_add_up_to_the_whole(vectoriser: Vectoriser, words: list[str]) -> None:
    text = " ".join(words)
    vector = vectoriser.vector(text)
    by_term = vectoriser.attribute(vectoriser.find(text), vector.ids, vector.values)
    assert sum(by_term.values()) == pytest.approx(float(vector.values.sum()), abs=1e-4)


def test_what_was_learnt_survives_storage(vectoriser: Vectoriser) -> None:
    again = Vectoriser.from_arrays(vectoriser.arrays())
    one, other = vectoriser.vector("my order is lost"), again.vector("my order is lost")
    assert np.array_equal(one.ids, other.ids)
    assert np.array_equal(one.values, other.values)


def test_a_cut_vocabulary_is_refused(vectoriser: Vectoriser) -> None:
    arrays = vectoriser.arrays() | {"terms": np.frombuffer(b"only\nthese", dtype=np.uint8)}
    with pytest.raises(ArtefactError, match="differ in length"):
        Vectoriser.from_arrays(arrays)


def test_texts_without_words_cannot_be_learned() -> None:
    with pytest.raises(TrainingError, match="No word"):
        Vectoriser().fit(["???", ""])


@pytest.mark.parametrize("unit", ["word ", "it's ", "\u00bd "])
def test_a_text_is_read_whole_up_to_the_last_word_that_is_read(unit: str) -> None:
    most = MAX_WORDS // len(words_of(unit))
    assert reads_whole(unit * most)
    assert not reads_whole(unit * (most + 1))
    assert len(words_of(unit * (most + 1))) == MAX_WORDS
