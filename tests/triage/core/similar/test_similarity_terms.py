"""The terms a ticket is indexed by."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.core.terms import LONGEST_TERM, LONGEST_TEXT, STOP_WORDS, count_terms, stem, words


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
