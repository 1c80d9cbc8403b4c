"""When two parts of a ticket count as two questions, told by keyword rules alone."""

from __future__ import annotations

import pytest

from triage.core.deciding.rules import RuleBook
from triage.core.engine import Engine
from triage.core.types import Guard, Rule

ENGINE = Engine(
    rulebook=RuleBook(
        [
            Rule("cancel", "cancel*", 0.8),
            Rule("password", "password", 0.8),
            Rule("late", "parcel", 0.45),
            Rule("late", "late", 0.3),
        ]
    )
)


@pytest.mark.parametrize(
    "text",
    [
        "Please cancel my order. Also, how do I reset my password?",
        "How do I cancel my order and where can I change my password?",
    ],
)
def test_two_sure_parts_are_two_questions(text: str) -> None:
    assert ENGINE.assess("", text).several_questions


def test_a_hint_of_another_intent_is_enough_where_the_whole_is_only_half_sure() -> None:
    assessment = ENGINE.assess("", "I want to cancel my order. Another question: where is my parcel?")
    assert 0.5 <= assessment.confidence < 0.95
    assert assessment.several_questions


def test_a_hint_is_not_enough_where_nothing_is_believed_anyway() -> None:
    assert not ENGINE.assess(
        "", "Where is my parcel? Another question: can you repair my lamp?"
    ).several_questions


def test_parts_of_one_intent_are_one_question() -> None:
    assert not ENGINE.assess("", "Can I cancel my order? And how do I cancel my account?").several_questions


def test_a_threat_outside_the_question_still_reaches_the_guards() -> None:
    engine = Engine(rulebook=RuleBook([Rule("cancel", "cancel*", 0.8)], [Guard("legal", "court")]))
    story = "Our cat had kittens last week. I will see you in court. Nobody sleeps here. How do I cancel my order?"
    assert engine.assess("", story).guard == Guard("legal", "court")


def test_a_part_that_may_ask_the_same_as_the_whole_is_no_other_question() -> None:
    rules = [Rule("cancel", "cancel*", 0.6), Rule("cancel", "order*", 0.7), Rule("refund", "refund*", 0.8)]
    engine = Engine(rulebook=RuleBook(rules))
    assert not engine.assess(
        "", "Please take back my order. Also, how do I cancel with a refund?"
    ).several_questions
    assert engine.assess(
        "", "Please cancel my order, the last order. Also, how do I get a refund?"
    ).several_questions


def test_a_question_in_the_subject_counts_beside_the_one_in_the_body() -> None:
    assert ENGINE.assess("How do I reset my password?", "Hello,\n\nplease cancel my order.").several_questions
    assert not ENGINE.assess("My order", "Hello,\n\nplease cancel my order.").several_questions


@pytest.mark.parametrize("joint", [" / ", " & "])
def test_signs_join_two_questions_too(joint: str) -> None:
    assert ENGINE.assess("", f"how do I cancel my order{joint}how do I reset my password").several_questions
