"""Where the whole of a text says nothing to the model, one passage of it may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np
import pytest

from tests.triage.core.shop import shop_examples
from triage.core.deciding.rules import RuleBook
from triage.core.engine import MOST_SCRAP_CONFIDENCE, UNCLEAR, UNLIKE_ANYTHING, Engine
from triage.core.learning.model import Model, Prediction, Shares

QUESTION = "Could you refund the jacket I sent you?"
STORY = f"My account was opened on a rainy day in Leeds. {QUESTION} The cat sat on my grandmother again."


class FakeModel:
    """Knows one text by heart and believes everything else as little as it is told."""

    skipped_intents = ()
    intents = ("other", "refund")
    stance = None

    def __init__(self, known: str, *, elsewhere: float, in_scope: bool = True) -> None:
        self.known, self.elsewhere, self.in_scope = known, elsewhere, in_scope

    def predict(self, texts: Iterable[str], *, explain: bool = True) -> list[Prediction]:
        return [self._predict(text) for text in texts]

    def clearest(self, texts: Sequence[str], count: int) -> list[str]:
        return sorted(texts, key=lambda text: text != self.known)[:count]

    def shares(self, texts: Sequence[str]) -> list[Shares]:
        return [Shares(self.intents, np.array([0.6, 0.4]))] * len(texts)

    def _predict(self, text: str) -> Prediction:
        if text == self.known:
            return Prediction(
                intent="refund",
                confidence=0.9,
                runner_up="other",
                runner_up_confidence=0.1,
                in_scope=self.in_scope,
            )
        return Prediction(
            intent="other",
            confidence=self.elsewhere,
            runner_up="refund",
            runner_up_confidence=0.0,
            in_scope=False,
        )


def engine(known: str, *, elsewhere: float = 0.4, in_scope: bool = True) -> Engine:
    return Engine(RuleBook([]), cast(Model, FakeModel(known, elsewhere=elsewhere, in_scope=in_scope)))


def test_a_passage_that_is_known_much_better_stands_for_an_unclear_whole() -> None:
    found = engine(QUESTION).assess("", STORY)
    assert (found.intent, found.confidence, found.ask) == ("refund", 0.9, QUESTION)


def test_a_clear_whole_is_never_given_up_for_a_passage() -> None:
    assert engine(QUESTION, elsewhere=UNCLEAR).assess("", STORY).intent == "other"


def test_a_passage_of_a_text_unlike_anything_names_the_intent_but_is_not_sure() -> None:
    found = engine(QUESTION, elsewhere=UNLIKE_ANYTHING / 2).assess("", STORY)
    assert (found.intent, found.confidence) == ("refund", MOST_SCRAP_CONFIDENCE)


def test_a_scrap_names_the_intent_but_is_not_sure() -> None:
    found = engine("Refund my jacket now?").assess("", STORY.replace(QUESTION, "Refund my jacket now?"))
    assert (found.intent, found.confidence) == ("refund", MOST_SCRAP_CONFIDENCE)


def test_a_statement_out_of_scope_is_no_passage_to_go_by() -> None:
    known = "The cat sat on my grandmother again."
    assert engine(known, in_scope=False).assess("", STORY).intent == "other"


def test_the_clearest_texts_come_first() -> None:
    model = Model.fit(shop_examples())
    texts = ["violins and mushrooms", "please refund the jacket", "the jacket"]
    assert model.clearest(texts, 2)[0] == "please refund the jacket"
    assert len(model.clearest(texts, 2)) == 2


@pytest.mark.parametrize("body", ["Where is my parcel?", "", "??"])
def test_a_short_text_has_no_passages_to_choose_from(body: str) -> None:
    assert engine("parcel").assess("", body).ask == body
