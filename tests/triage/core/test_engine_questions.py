"""When two parts of a ticket count as two questions, told by keyword rules alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest

from triage.core.deciding.rules import RuleBook
from triage.core.engine import Engine
from triage.core.learning.model import Model, Prediction, Shares
from triage.core.reading.joints import Side, find_joints, odds_of_two
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


def test_different_questions_are_named_and_kept_apart() -> None:
    found = ENGINE.assess("", "I want to cancel my order. One more thing: how do I reset my password?")
    assert found.asked == ("cancel", "password")
    assert found.questions == ("I want to cancel my order.", "One more thing: how do I reset my password?")


def test_a_single_question_names_nothing_beside_its_intent() -> None:
    found = ENGINE.assess("", "How do I cancel my order?")
    assert (found.asked, found.questions) == ((), ("How do I cancel my order?",))


def test_parts_of_one_intent_are_one_question() -> None:
    assert not ENGINE.assess("", "Can I cancel my order? And how do I cancel my account?").several_questions


def test_a_threat_outside_the_question_still_reaches_the_guards() -> None:
    engine = Engine(rulebook=RuleBook([Rule("cancel", "cancel*", 0.8)], [Guard("legal", "court")]))
    story = "Our cat had kittens last week. I will see you in court. Nobody sleeps here. How do I cancel my order?"
    assert engine.assess("", story).guard == Guard("legal", "court")


def test_a_side_that_may_ask_the_same_as_the_other_speaks_against_two() -> None:
    joint = find_joints("Please take back my order. How do I get a refund?").found[0]
    sides = ([Side("cancel", 0.8, share), Side("refund", 0.8, share)] for share in (0.0, 0.5))
    unlike, alike = (odds_of_two(joint, *both, 0.9) for both in sides)
    assert alike < unlike


@pytest.mark.parametrize(
    "text",
    [
        "Var är mitt paket och hur ändrar jag mitt lösenord?",
        "Gdzie jest moja paczka? Jak zmienić hasło?",
        "我的包裹在哪里？我怎么改密码？",
        "cancel",
    ],
)
def test_what_nobody_can_take_apart_counts_as_several_unless_it_is_short(text: str) -> None:
    assert ENGINE.assess("", text).several_questions == (text != "cancel")


def test_a_question_in_the_subject_counts_beside_the_one_in_the_body() -> None:
    assert ENGINE.assess("How do I reset my password?", "Hello,\n\nplease cancel my order.").several_questions
    assert not ENGINE.assess("My order", "Hello,\n\nplease cancel my order.").several_questions


@pytest.mark.parametrize("joint", [" / ", " & "])
def test_signs_join_two_questions_too(joint: str) -> None:
    assert ENGINE.assess("", f"how do I cancel my order{joint}how do I reset my password").several_questions


class TwoTopics:
    """Is sure of either sentence, and of both together as it is told."""

    skipped_intents = ()
    intents = ("track", "late", "other")
    stance = None

    def __init__(self, whole: str, sure: float) -> None:
        self.whole, self.sure = whole, sure

    def predict(self, texts: Iterable[str], *, explain: bool = True) -> list[Prediction]:
        return [self._predict(text) for text in texts]

    def shares(self, texts: Sequence[str]) -> list[Shares]:
        return [Shares(self.intents, self._shares(self._predict(text).intent)) for text in texts]

    def clearest(self, texts: Sequence[str], count: int) -> list[str]:
        return list(texts[:count])

    def _shares(self, intent: str) -> npt.NDArray[np.float64]:
        return np.array([0.999 if one == intent else 0.0005 for one in self.intents])

    def _predict(self, text: str) -> Prediction:
        asks, tells = "Where" in text, "Monday" in text
        intent = self.whole if asks and tells else "track" if asks else "late"
        return Prediction(
            intent=intent,
            confidence=self.sure if asks and tells else 0.99,
            runner_up=None,
            runner_up_confidence=0.0,
            in_scope=True,
        )


@pytest.mark.parametrize(
    ("subject", "fact"),
    [
        ("", "Order 4711 was due on Monday."),
        ("My parcel", "It left your depot in Leeds on Monday."),
        ("", "bought it for a friend on Monday, she turned forty"),
    ],
)
@pytest.mark.parametrize(
    ("whole", "sure", "several"),
    [("track", 0.8, False), ("late", 0.97, False), ("late", 0.9, True), ("other", 0.97, True)],
)
def test_a_fact_beside_a_question_makes_no_second_question_where_the_whole_is_one(
    subject: str, fact: str, whole: str, sure: float, several: bool
) -> None:
    engine = Engine(RuleBook([]), cast(Model, TwoTopics(whole, sure)))
    assert engine.assess(subject, f"Where is my parcel? {fact}").several_questions == several


def test_a_fault_beside_a_question_is_a_second_question() -> None:
    engine = Engine(RuleBook([]), cast(Model, TwoTopics("track", 0.8)))
    assert engine.assess("", "Where is my parcel? My card was declined on Monday.").several_questions
