"""What of a story bears on the question, sentence by sentence."""

from __future__ import annotations

import pytest

from triage.core.reading.focus import (
    MAX_PASSAGES,
    find_passages,
    focus,
    has_topic,
    is_courtesy,
    is_english,
    sentences,
)
from triage.core.reading.joints import find_joints


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Line\n\nbreak", ["Line", "break"]),
        ("Wait… what?", ["Wait…", "what?"]),
        ("你好。再见", ["你好。", "再见"]),
        ("at 6 p.m. on Monday", ["at 6 p.m. on Monday"]),
        ("at 6 pm. on Monday", ["at 6 pm. on Monday"]),
        ("am 8. Juni und am 12. Juli", ["am 8. Juni und am 12. Juli"]),
        ("version 3.11 is out", ["version 3.11 is out"]),
        ("  \n ", []),
    ],
)
def test_a_text_falls_into_its_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "Where is my parcel",
        "It does not work",
        "The app never loads",
        "I paid $5",
        "It cost 5 €",
        "It stopped working",
    ],
)
def test_a_fault_a_sum_or_a_matter_of_the_desk_is_a_topic(sentence: str) -> None:
    assert has_topic(sentence)


@pytest.mark.parametrize("sentence", ["It rained all day", "We moved in May", ""])
def test_the_weather_is_none(sentence: str) -> None:
    assert not has_topic(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Thanks a lot", "Many thanks", "Sorry to bother you", "My name is John Smith.", "Hello, this is Anna from Berlin",
        "I look forward to hearing from you", "Any help is welcome", "Have a nice day",
    ],
)  # fmt: skip
def test_thanks_and_names_are_courtesies(sentence: str) -> None:
    assert is_courtesy(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Thank you for the refund", "Where is it?", "Let me know when it ships", "This is Anna?",
        "My name is John Smith and my card does not work", "It rained",
    ],
)  # fmt: skip
def test_a_courtesy_that_speaks_of_the_matter_is_none(sentence: str) -> None:
    assert not is_courtesy(sentence)


STORY = "We moved house in May and it rained all week. The neighbours were lovely to us. Where is my parcel? Thanks a lot."


def test_of_a_story_the_question_stays_and_the_courtesy_goes() -> None:
    assert focus(STORY) == "Where is my parcel?"


def test_a_short_text_stays_but_for_its_courtesy() -> None:
    assert focus("It rained. Where is my parcel? Thanks a lot.") == "It rained.\nWhere is my parcel?"


@pytest.mark.parametrize(
    "text",
    [
        "Thanks a lot. Many thanks.",
        "Wir sind umgezogen und es hat geregnet. Wo ist denn mein Paket geblieben? Vielen Dank.",
        "Where is my parcel",
        "",
    ],
)
def test_where_nothing_else_is_left_or_the_words_are_foreign_all_of_it_stays(text: str) -> None:
    assert focus(text) == text


def test_too_little_of_a_matter_is_no_reason_to_drop_the_story() -> None:
    text = "We moved house in May and it rained all week and we were all wet. My parcel? We saw a film and a play."
    assert "We moved house" in focus(text)


@pytest.mark.parametrize(
    ("text", "english"),
    [("Where is my parcel, I want it", True), ("Wo ist denn mein Paket geblieben", False), ("", True)],
)
def test_small_words_tell_english(text: str, english: bool) -> None:
    assert is_english(text) is english
    assert is_english(text, share=0.0)


def test_a_text_of_one_stretch_offers_no_passages() -> None:
    assert find_passages(find_joints("Where is my parcel?")) == ()
    assert find_passages(find_joints("")) == ()


def test_sentences_and_their_neighbours_are_passages_each_once() -> None:
    text = "We moved house in May. Where is my parcel now? It never arrived here."
    found = find_passages(find_joints(text))
    assert "Where is my parcel now?" in found
    assert "We moved house in May. Where is my parcel now?" in found
    assert len(found) == len(set(found))


def test_there_are_never_more_passages_than_a_model_can_look_at() -> None:
    text = " ".join(f"Where is my parcel number {number} of this week now?" for number in range(60))
    found = find_passages(find_joints(text))
    assert 1 < len(found) <= MAX_PASSAGES
    assert all(len(passage) <= 400 for passage in found)
