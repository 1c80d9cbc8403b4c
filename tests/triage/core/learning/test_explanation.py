"""What each word of a text adds to what its vector says, from the tokens of any tokenizer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.core.learning.explanation import NO_WORD_TERM, SENTENCE_TERM, attribute_meaning
from triage.core.learning.features import words_of
from triage.core.vectors import Parts

LEAD = np.array([1, 0], dtype=np.float32)


def parts_of(*tokens: tuple[int, int, float]) -> Parts:
    """Tokens as (begin, end, what it says)."""
    spans = np.array([token[:2] for token in tokens], dtype=np.int32).reshape(-1, 2)
    return Parts(spans, np.array([[token[2], 9] for token in tokens], dtype=np.float32).reshape(-1, 2))


def explain(text: str, *tokens: tuple[int, int, float]) -> dict[str, float]:
    parts = parts_of(*tokens)
    return attribute_meaning(text, parts.vectors.sum(axis=0), parts, LEAD)


def test_pieces_are_merged_into_their_word_wherever_it_stands() -> None:
    assert explain("repay, Repay", (0, 2, 1), (2, 5, 2), (7, 12, 4)) == {"repay": 7}


def test_what_stands_for_no_word_is_one_term() -> None:
    assert explain("pay!", (0, 0, 1), (0, 3, 2), (3, 4, 4), (0, 0, 8)) == {NO_WORD_TERM: 13, "pay": 2}


def test_a_token_that_reaches_over_a_blank_goes_to_the_word_it_covers_most() -> None:
    assert explain("re pay", (2, 6, 1), (0, 5, 2)) == {"pay": 1, "re": 2}


def test_words_are_spelled_as_in_the_rest_of_the_explanation() -> None:
    assert explain("can't Café 77", (0, 3, 1), (3, 4, 1), (4, 5, 1), (6, 10, 4), (11, 13, 5)) == {
        "cant": 3,
        "cafe": 4,
        "00": 5,
    }


def test_without_parts_the_sentence_speaks_as_a_whole() -> None:
    assert attribute_meaning("pay", LEAD * 3, None, LEAD) == {SENTENCE_TERM: 3}


@given(
    st.text(alphabet="abé' 7!ﬁ\n", max_size=30),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6), st.integers(-9, 9)), max_size=12),
)
@settings(deadline=None)
def test_whatever_the_tokens_are_the_shares_add_up(text: str, tokens: list[tuple[int, int, int]]) -> None:
    found = explain(text, *((begin, begin + length, said) for begin, length, said in tokens))
    assert sum(found.values()) == pytest.approx(sum(said for *_, said in tokens))
    assert set(found) <= {NO_WORD_TERM, *words_of(text)}
