"""Where a text may go on to another question, and what speaks for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.core.reading.joints import WEIGHTS, Joint, Joints, Side, asks, find_joints, odds_of_two

A, B = "How do I change my PIN", "why was my transfer declined"


def signs(text: str, after: str) -> frozenset[str]:
    return next(joint.signs for joint in find_joints(text).found if joint.after == after)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        (f"{A}? {B}?", "question"),
        (f"{A}. {B}?", "end"),
        (f"{A}\n{B}?", "line"),
        (f"{A}, {B}?", "comma"),
        (f"{A} - {B}?", "dash"),
        (f"{A} / {B}?", "dash"),
        (f"{A} and {B}?", "join"),
        (f"{A} and also {B}?", "also"),
        (f"{A}? One more question, {B}?", "also"),
        (f"{A}? By the way, {B}?", "also"),
        (f"{A} today {B}?", "bare"),
    ],
)
def test_each_sign_is_seen(text: str, sign: str) -> None:
    assert {sign, "asks", "asked"} <= signs(text, f"{B}?")


@pytest.mark.parametrize("text", [f"1. {A}\n2. {B}", f"a) {A}\nb) {B}", f"• {A}\n• {B}"])
def test_the_items_of_a_list_are_announced(text: str) -> None:
    assert any({"also", "line"} <= joint.signs for joint in find_joints(text).found)


@pytest.mark.parametrize(
    "text",
    [
        "How do I change my PIN?",
        "I don't know why my payment was declined",
        "Where can I find the card or the PIN?",
        "Do you know how long it takes until the money is there?",
        "refund",
        " \n ",
    ],
)
def test_inside_one_clause_there_is_no_joint(text: str) -> None:
    assert find_joints(text).found == ()


@pytest.mark.parametrize(
    "text",
    [
        "It worked until May, second pair fits badly and how do I return it?",
        "Can it be sent by mail on a chosen date and which amounts are possible?",
        "I lost my card while I was away and need another one",
    ],
)
def test_an_ordinal_or_a_date_announces_nothing(text: str) -> None:
    assert not any("also" in joint.signs for joint in find_joints(text).found)


def test_a_clause_does_not_ask_what_the_next_sentence_asks() -> None:
    found = find_joints("My parcel came early and everything was perfect. Where can I leave a review?").found
    assert [joint.after for joint in found] == ["everything was perfect.", "Where can I leave a review?"]
    found = find_joints("My parcel came early and everything was perfect\nWhere can I leave a review?").found
    assert [joint.after for joint in found] == ["everything was perfect", "Where can I leave a review?"]


def test_a_side_is_never_too_short_to_ask_for_the_sake_of_a_mark() -> None:
    found = find_joints("I have used up my points and gift cards. How do I close my account?").found
    assert [joint.after for joint in found] == [
        "gift cards. How do I close my account?",
        "How do I close my account?",
    ]


def test_what_tells_and_what_points_back_says_so() -> None:
    assert {"after_tells", "short_after"} <= signs(
        "Where is my refund? I sent shoes back.", "I sent shoes back."
    )
    assert "points_back" in signs("I sent the shoes. When will it arrive?", "When will it arrive?")


def test_every_sign_and_belief_has_a_weight() -> None:
    side = Side("a", 0.9, 0.1), Side("b", 0.9, 0.1)
    every = Joint(
        1,
        "a",
        "b",
        frozenset(WEIGHTS) - {"base", "sure_before", "sure_after", "may_ask_the_other", "sure_whole"},
    )
    assert odds_of_two(every, *side, 0.9) > odds_of_two(every, *side, 0.99)


def test_sides_about_the_same_never_part() -> None:
    joint = find_joints(f"{A}? {B}?").found[0]
    assert odds_of_two(joint, Side("a", 1.0, 0.0), Side("a", 1.0, 0.0), 0.5) == float("-inf")
    assert odds_of_two(joint, Side("a", 1.0, 0.0), Side(None, 1.0, 0.0), 0.5) == float("-inf")


@given(st.sampled_from([0.0, 0.3, 0.9]), st.sampled_from([0.0, 0.3, 0.9]))
def test_the_surer_a_side_the_likelier_are_two(low: float, high: float) -> None:
    joint = find_joints(f"{A}? {B}?").found[0]
    odds = [
        odds_of_two(joint, Side("a", 0.8, 0.0), Side("b", sure, 0.0), 0.8) for sure in sorted((low, high))
    ]
    assert odds == sorted(odds)


def test_a_text_is_cut_in_its_own_words() -> None:
    joints = find_joints(f"{A}?\n\nAlso, {B}?")
    assert joints.cut(joints.found) == (f"{A}?", f"Also, {B}?")
    assert joints.cut([]) == (f"{A}? Also, {B}?",)
    assert Joints().cut([]) == ()


@given(st.text())
def test_cutting_loses_no_word(text: str) -> None:
    joints = find_joints(text)
    assert " ".join(joints.cut(joints.found)) == " ".join(text.split())


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (f"{A}?", True),
        ("tell me how it goes", True),
        ("I would like my money back", True),
        ("We moved house in May.", False),
    ],
)
def test_a_sentence_that_asks_is_known_without_its_mark(sentence: str, expected: bool) -> None:
    assert asks(sentence) is expected


@pytest.mark.parametrize(
    "text",
    [
        "Where is my parcel? Order 4711 was due on Monday.",
        "Could you kindly advise where our consignment is? The goods left Hamburg on 14 March.",
        "hi any chance of an invoice? order came yesterday, all good",
        "How do I redeem my gift card? It was a birthday present from my aunt.",
        "When are you open on Sunday? We are coming by train from Leeds.",
    ],
)
def test_what_only_tells_beside_a_question_adds_a_fact(text: str) -> None:
    assert any(joint.adds_fact for joint in find_joints(text).found)


@pytest.mark.parametrize(
    "text",
    [
        "Where is my parcel? My card was declined on Monday.",
        "Where is my parcel? I need an invoice for the kettle.",
        "Where is my parcel? The kettle does not switch on.",
        "Where is my parcel? Please cancel the kettle.",
        "Where is my parcel? How do I cancel the kettle?",
        "I bought a kettle on Monday. Order 4711 was due on Tuesday.",
        "Wo ist mein Paket? Die Bestellung sollte am Montag da sein.",
    ],
)
def test_a_wish_a_fault_or_another_question_is_no_added_fact(text: str) -> None:
    assert not any(joint.adds_fact for joint in find_joints(text).found)


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("How many loyalty points do I need for a voucher", False),
        ("Which of the cards can I use for the deposit", False),
        ("where is my parcel from last week do you take gift cards", True),
        ("Which one? ok do you take vouchers as well", True),
    ],
)
def test_what_a_question_asks_for_is_no_question_of_its_own(text: str, opens: bool) -> None:
    assert any("asks" in joint.signs for joint in find_joints(text).found) == opens
