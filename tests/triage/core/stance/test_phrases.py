"""Phrases keep the order of small words and see topics as one sign."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.core.stance.stances import ASKINGS, CONTRASTS
from triage.core.stance.phrases import MOST_TOKENS, PhraseReader, tokens_of

TEXTS = [example.text for example in ASKINGS] + [contrast.text for contrast in CONTRASTS]
INTENTS = [example.intent for example in ASKINGS] + [None] * len(CONTRASTS)


@pytest.fixture(scope="module")
def reader() -> PhraseReader:
    return PhraseReader().fit(TEXTS, INTENTS)


def weights(reader: PhraseReader, text: str) -> dict[int, float]:
    columns, values = reader.weigh(reader.find(text)[1])
    return dict(zip(columns.tolist(), values.tolist(), strict=True))


def test_words_are_lower_case_numbers_are_alike_and_marks_are_kept() -> None:
    assert tokens_of("Don’t CANCEL order 4711, please!") == [
        "don't",
        "cancel",
        "order",
        "0",
        ",",
        "please",
        "!",
    ]


def test_the_order_of_words_makes_a_difference(reader: PhraseReader) -> None:
    assert weights(reader, "do not cancel my order") != weights(reader, "cancel my order not do")


def test_topics_are_found_and_words_of_a_stance_are_not_among_them(reader: PhraseReader) -> None:
    topics = {word for word, number in reader.words_.items() if reader.is_topic_[number]}
    assert {"refund", "password", "parcel", "cancel"} <= topics
    assert not topics & {"not", "my", "please", "want"}


def test_phrases_with_a_gap_see_topics_as_one_sign(reader: PhraseReader) -> None:
    one, other = (set(weights(reader, f"please do not {topic}")) for topic in ("refund", "password"))
    shared = one & other
    kinds = {int(key) >> 60 for key in reader.keys_[sorted(shared)]}
    assert 3 in kinds  # a phrase with a gap that both have although the topics differ


def test_a_text_and_its_row_in_a_matrix_are_the_same(reader: PhraseReader) -> None:
    matrix = reader.matrix(TEXTS[:5])
    for row, text in enumerate(TEXTS[:5]):
        found = matrix[[row]].tocoo()
        assert dict(zip(found.col.tolist(), found.data.tolist(), strict=True)) == weights(reader, text)


def test_words_and_pieces_each_have_length_one(reader: PhraseReader) -> None:
    columns, values = reader.weigh(reader.find("please do not cancel my order")[1])
    pieces = reader.keys_[columns] >> np.uint64(60) == 4
    assert np.square(values[pieces]).sum() == pytest.approx(1.0, abs=1e-5)
    assert np.square(values[~pieces]).sum() == pytest.approx(1.0, abs=1e-5)


def test_what_is_stored_reads_as_before(reader: PhraseReader) -> None:
    again = PhraseReader.from_arrays(reader.arrays())
    for text in [*TEXTS[::40], "", "völlig unbekannt 漢字"]:
        assert weights(again, text) == weights(reader, text)


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    reader = _READER
    columns, values = reader.weigh(reader.find(text)[1])
    assert len(columns) == len(values)
    assert np.isfinite(values).all()
    assert (columns < len(reader.keys_)).all()


def test_of_a_long_text_no_more_is_read_than_is_said() -> None:
    assert len(tokens_of("word " * 5000)) == MOST_TOKENS


_READER = PhraseReader().fit(TEXTS, INTENTS)
