"""Words and terms: one way to split, fold and stem for all of the core."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.core import terms
from triage.core.errors import ArtefactError
from triage.core.terms import count_terms, placed_words, stem, tokeniser, without_accents, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Don't STOP", ["dont", "stop"]),
        ("it’s it`s", ["its", "its"]),
        ("'quoted'", ["quoted"]),
        ("ÄNDERN ça", ["andern", "ca"]),
        ("ﬁne №5", ["fine", "no", "5"]),
        ("x2y 4711", ["x", "2", "y", "4711"]),
        ("snake_case e-mail", ["snake", "case", "e", "mail"]),
        ("?!…", []),
    ],
)
def test_a_text_falls_into_runs_of_letters_and_of_digits(text: str, expected: list[str]) -> None:
    assert words(text) == expected
    assert [found.group() for found in terms.find_words(text)] == expected


def test_no_more_is_read_than_the_longest_text() -> None:
    text = "a " * (terms.LONGEST_TEXT // 2) + "beyond"
    assert "beyond" not in words(text)
    assert words(text[2:])[-1] == "be"
    assert list(placed_words(text))[-1][2] == "a"


@pytest.mark.parametrize("text", ["Ça l'été ﬁn", "Wo ist’s? 2x", "plain words", "e\u0301tat"])
def test_a_placed_word_says_where_it_stands_in_the_text(text: str) -> None:
    assert [word for _, _, word in placed_words(text)] == words(text)
    for start, end, word in placed_words(text):
        assert words(text[start:end]) == [word]


@given(st.text(max_size=200))
def test_places_rise_and_stay_within_the_text(text: str) -> None:
    last = 0
    for start, end, word in placed_words(text):
        assert last <= start < end <= len(text) or (start < end <= len(text) and word)
        last = start


def test_accents_go_and_plain_texts_stay_the_same_object() -> None:
    assert without_accents("Crème brûlée") == "Creme brulee"
    assert without_accents("①") == "1"
    plain = "plain"
    assert without_accents(plain) is plain


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("refund", "refund"), ("refunds", "refund"), ("refunded", "refund"), ("refunding", "refund"),
        ("shipped", "ship"), ("shipping", "ship"), ("running", "run"),
        ("falling", "fall"), ("passing", "pass"), ("buzzing", "buzz"),  # doubled in the word itself
        ("make", "mak"), ("making", "mak"), ("address", "address"), ("addresses", "address"), ("class", "class"),
        ("cities", "citi"), ("city", "citi"), ("status", "status"), ("play", "plai"), ("plays", "plai"), ("ties", "tie"), ("tries", "tri"),
        ("sing", "sing"), ("bring", "bring"), ("red", "red"), ("need", "need"),  # no ending, or nothing before it
        ("is", "is"), ("bus", "bus"), ("b2b", "b2b"), ("4711s", "4711s"), ("by", "by"), ("pay", "pay"),
    ],
)  # fmt: skip
def test_forms_of_a_word_share_a_stem(word: str, expected: str) -> None:
    assert stem(word) == expected


def test_a_giant_is_cut() -> None:
    assert stem("x" * 60) == "x" * terms.LONGEST_TERM


@given(st.text(alphabet="abcdeginrsyz", min_size=1, max_size=12))
def test_a_stem_is_never_empty_nor_longer_than_its_word(word: str) -> None:
    assert 0 < len(stem(word)) <= max(len(word), 1) + 1


def test_terms_are_counted_by_stem_without_stop_words() -> None:
    assert count_terms("The parcels and the PARCEL of my orders, not from me") == {"parcel": 2, "order": 1}
    assert count_terms("") == {}
    assert count_terms("b2b it's", split=tokeniser(1)) == {"b2b": 1, "s": 1}


def test_words_that_change_what_is_asked_are_no_terms_but_no_building_words_either() -> None:
    assert {"not", "no", "from", "by", "can"} == terms.STOP_WORDS - terms.BUILDING_WORDS


def test_what_was_made_by_a_version_is_read_by_it() -> None:
    assert tokeniser(terms.VERSION) is words
    assert tokeniser(1)("it's b2b") == ["it", "s", "b2b"]
    with pytest.raises(ArtefactError, match="version 7"):
        tokeniser(7)
