"""One question stays one, two become two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.core.reading.questions import MAX_QUESTIONS, split_questions

A, B = "How do I change my PIN", "why was my transfer declined"


@pytest.mark.parametrize(
    "text",
    [
        f"{A}? {B.capitalize()}?",
        f"{A} and {B}?",
        f"{A} and also {B}?",
        f"{A}? Also, {B}?",
        f"{A}, also {B}",
        f"{A}? Another thing: {B}?",
        f"{A}? One more question, {B}?",
        f"{A} {B}",
        f"{A}?\n\n{B}?",
        f"1. {A}\n2. {B}",
        f"- {A}\n- {B}",
        f"{A}? By the way, {B}?",
        f"{A}; {B}",
        "My card was stolen. I want a refund for my order.",
        "I need a new card and my transfer is still pending",
        "I want to close my account please tell me what is the exchange rate",
    ],
)
def test_two_joined_questions_are_two(text: str) -> None:
    assert len(split_questions(text)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "How do I change my PIN?",
        "I topped up an hour ago. Why is it still pending?",
        "I lost my card! What should I do?",
        "My transfer failed. Can you help me please?",
        "How many cards can I have?",
        "Please tell me what I can do about my card",
        "I don't know why my payment was declined",
        "Where can I find the card and the PIN?",
        "Do you know how long it takes until the money is there?",
        "Why was I charged a fee when I paid by card?",
        "I bought shoes last week and paid by card. They are for my son. Where is my order?",
        "refund",
    ],
)
def test_one_question_with_its_context_is_one(text: str) -> None:
    assert len(split_questions(text)) == 1


@pytest.mark.parametrize(
    "closing", ["Please get back to me as soon as you can.", "Please let me know if more is needed."]
)
def test_a_courtesy_that_asks_for_an_answer_is_no_question(closing: str) -> None:
    assert split_questions(f"{A}? {closing}") == (f"{A}?",)


@pytest.mark.parametrize("opening", ["Let me know", "Please let me know"])
def test_asking_to_be_told_how_is_a_question(opening: str) -> None:
    assert len(split_questions(f"{B.capitalize()}? {opening} how long moving house takes.")) == 2


def test_the_parts_keep_the_words_of_the_text() -> None:
    assert split_questions("How do I pay? And also where is my order?") == (
        "How do I pay?",
        "where is my order?",
    )


def test_a_text_without_a_question_is_one_part() -> None:
    assert split_questions("blue\n green") == ("blue green",)
    assert split_questions(" \n ") == ()


def test_no_more_parts_than_anyone_would_answer() -> None:
    many = "\n".join(f"{n}. How do I pay invoice {n}?" for n in range(1, 60))
    assert len(split_questions(many)) == MAX_QUESTIONS


@given(st.text())
def test_the_parts_hold_only_words_of_the_text(text: str) -> None:
    words = set(text.split())
    loose = {w.strip(" ,;:.-–—•") for w in words} | words
    for part in split_questions(text):
        assert part.strip()
        assert all(word in loose or any(word in w for w in words) for word in part.split())


def test_a_question_about_it_belongs_to_what_was_told_before() -> None:
    story = "I sent the shoes back two weeks ago and still have no money back. When will it arrive?"
    assert split_questions(story) == (story,)


def test_a_question_that_only_sounds_like_it_stands_alone() -> None:
    assert len(split_questions("How do I cancel my order? Is it possible to get an invoice?")) == 2


def test_what_is_told_after_the_question_belongs_to_it() -> None:
    text = "Where is my refund? I sent the shoes back."
    assert split_questions(text) == (text,)
