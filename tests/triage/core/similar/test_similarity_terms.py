"""The terms a ticket is indexed by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.core.errors import ArtefactError
from triage.core.learning.features import words_of
from triage.core.terms import (
    LONGEST_TERM,
    LONGEST_TEXT,
    STOP_WORDS,
    VERSION,
    count_terms,
    placed_words,
    stem,
    tokeniser,
    words,
)


@pytest.mark.parametrize(
    "forms",
    [
        ("card", "cards"),
        ("refund", "refunds", "refunded", "refunding"),
        ("charge", "charges", "charged", "charging"),
        ("deny", "denies", "denied"),
        ("stop", "stops", "stopped", "stopping"),
        ("process", "processes", "processed"),
        ("install", "installs", "installed", "installing"),
    ],
)
def test_the_forms_of_a_word_share_a_stem(forms: tuple[str, ...]) -> None:
    assert len({stem(form) for form in forms}) == 1


@pytest.mark.parametrize("pair", [("status", "state"), ("bring", "bred"), ("ring", "red")])
def test_different_words_keep_different_stems(pair: tuple[str, str]) -> None:
    assert stem(pair[0]) != stem(pair[1])


@pytest.mark.parametrize("word", ["ab1234s", "i7", "db2s", "gas"])
def test_short_words_and_numbers_stay_as_they_are(word: str) -> None:
    assert stem(word) == word


def test_accents_and_case_make_no_difference() -> None:
    assert count_terms("CAFÉ café cafe\u0301") == {"caf": 3}


def test_words_of_grammar_are_no_terms() -> None:
    assert count_terms(" ".join(STOP_WORDS)) == {}


def test_a_pasted_log_is_read_to_its_limit_only() -> None:
    assert sum(map(len, words("x" * 10 * LONGEST_TEXT))) == LONGEST_TEXT
    assert max(map(len, count_terms("x" * 10 * LONGEST_TEXT))) == LONGEST_TERM


@given(st.text())
def test_no_text_breaks_the_terms(text: str) -> None:
    counts = count_terms(text)
    assert all(term and repeats > 0 for term, repeats in counts.items())
    assert sum(counts.values()) <= len(words(text))


def test_an_apostrophe_joins_and_digits_stand_apart_from_letters() -> None:
    assert words("I can't find order2024_7") == ["i", "cant", "find", "order", "2024", "7"]


@given(st.text())
def test_the_model_reads_the_words_of_the_index_with_their_numbers_masked(text: str) -> None:
    masked = ["0" * min(len(word), 6) if word[0].isdigit() else word[:LONGEST_TERM] for word in words(text)]
    assert words_of(text) == masked[:400]


@given(st.text())
def test_placed_words_are_the_words(text: str) -> None:
    assert [word for _, _, word in placed_words(text)] == words(text)


def test_a_version_that_nobody_knows_is_refused() -> None:
    assert tokeniser(VERSION) is words
    with pytest.raises(ArtefactError, match="version 99"):
        tokeniser(99)
