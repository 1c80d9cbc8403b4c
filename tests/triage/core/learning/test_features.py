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
    known = len(vectoriser._meant)
    vectoriser.stems(words)
    assert len(vectoriser._meant) - known == MOST_SLIPS


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


#: Words twice, slips, building words alone, foreign signs, nothing; and enough texts that words are usual.
MANY = [
    *(f"where is my order {number}" for number in ("one", "two", "three", "four", "five", "six", "seven")),
    "whre is my ordeer, the order of the order?",
    "is it the one for us",
    "Über die Rückgabe, café №5 and 12345",
    "a",
    "",
    " ".join(f"ordr{letter}x" for letter in "abcdefgh") + " " + "oredr " * (MOST_SLIPS + 5),
]


@pytest.mark.parametrize("min_count", [1, 2])
@pytest.mark.parametrize("forgiving", [True, False])
def test_many_texts_at_once_have_the_features_of_each_alone(min_count: int, forgiving: bool) -> None:
    vectoriser = Vectoriser(min_count=min_count, forgiving=forgiving)
    matrix, stems = vectoriser.fit_read(MANY)
    spoken = [vectoriser.find(text) for text in MANY]
    alone = vectoriser.matrix([vectoriser.weigh(each) for each in spoken])
    assert stems == [each.stems for each in spoken]
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix.indptr, alone.indptr)
    np.testing.assert_array_equal(matrix.indices, alone.indices)
    np.testing.assert_allclose(matrix.data, alone.data, rtol=1e-5)


def test_a_feature_is_kept_where_enough_texts_have_it_however_often_it_stands_in_one() -> None:
    vectoriser = Vectoriser(min_count=2).fit(["parcel parcel parcel", "order lost", "order late"])
    assert list(vectoriser.vocabulary_[0]) == ["order"]
    assert list(vectoriser.vocabulary_[1]) == ["order"]
    assert {" ord", "rder", "der "} <= set(vectoriser.vocabulary_[2])
    assert not any("par" in piece for piece in vectoriser.vocabulary_[2])
    assert vectoriser.idf_[0] == pytest.approx(np.log(4 / 3) + 1)


def test_the_vocabulary_is_in_the_order_of_names() -> None:
    vectoriser = Vectoriser().fit(["order a orders ab", "a ab abc order0 9 order", "zoo Übung ordering"])
    for block in vectoriser.vocabulary_:
        assert list(block) == sorted(block)
        assert list(block.values()) == sorted(block.values())
