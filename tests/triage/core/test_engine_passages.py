"""Where the whole of a text says nothing to the model, one passage of it may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from tests.triage.core.shop import shop_examples
from triage.core.deciding.rules import RuleBook
from triage.core.engine import MOST_PASSAGE_CONFIDENCE, UNCLEAR, Engine
from triage.core.learning.calibration import doubt_the_unlikely
from triage.core.learning.model import MOST_LONG_CONFIDENCE, Model, Prediction, Shares
from triage.core.learning.training import LEAST_LONGEST
from triage.core.stance.model import Judgement
from triage.core.types import Example, Stance, StanceFound

QUESTION = "Could you refund the jacket I sent you?"
STORY = f"My account was opened on a rainy day in Leeds. {QUESTION} The cat sat on my grandmother again."


class FakeModel:
    """Knows one text by heart and believes everything else as little as it is told."""

    skipped_intents = ()
    intents = ("other", "refund")
    stance: FakeStance | None = None

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


def test_a_passage_that_is_known_much_better_names_the_intent_but_is_never_sure() -> None:
    found = engine(QUESTION).assess("", STORY)
    assert (found.intent, found.confidence, found.ask) == ("refund", MOST_PASSAGE_CONFIDENCE, QUESTION)


def test_a_clear_whole_is_never_given_up_for_a_passage() -> None:
    assert engine(QUESTION, elsewhere=UNCLEAR).assess("", STORY).intent == "other"


def test_a_statement_out_of_scope_is_no_passage_to_go_by() -> None:
    known = "The cat sat on my grandmother again."
    assert engine(known, in_scope=False).assess("", STORY).intent == "other"


def test_of_a_text_longer_than_those_taught_the_model_is_never_sure() -> None:
    model = Model.fit(shop_examples())
    short = "please refund the jacket, where is my refund for the jacket?"
    long = " ".join([short] * (LEAST_LONGEST // 8))
    sure, unsure = model.predict([short, long])
    assert (unsure.intent, unsure.confidence) == (sure.intent, MOST_LONG_CONFIDENCE)
    assert sure.confidence > MOST_LONG_CONFIDENCE


def test_a_house_that_taught_whole_letters_is_sure_of_letters(tmp_path: Path) -> None:
    letters = [Example(f"{example.text} {'so be it ' * 30}", example.intent) for example in shop_examples()]
    model = Model.fit(letters)
    assert model.longest > LEAST_LONGEST
    model.save(tmp_path / "model")
    assert Model.load(tmp_path / "model").longest == model.longest


class FakeStance:
    """Takes a text with "unless" or "funeral" in it for less of an asking, and holds up one that begins with "never"."""

    def judge(self, text: str) -> Judgement:
        held = StanceFound(Stance.NOT_ASKED, 1.0) if text.startswith("Never") else None
        grave = "funeral" in text
        return Judgement(0.25 if grave or "unless" in text else 1.0, held, leans_grave=grave)

    def is_foreign_tale(self, told: str, asked: str) -> bool:
        return "spindle" in told.replace(asked, "")


@pytest.mark.parametrize(
    ("question", "held"),
    [("Could you refund the jacket I sent you?", False), ("Never refund the jacket I sent you!", True)],
)
def test_the_question_in_a_letter_is_judged_beside_the_whole_of_it(question: str, held: bool) -> None:
    fake = FakeModel(question, elsewhere=0.4)
    fake.stance = FakeStance()
    frame = "Kind regards from the coast, unless it rains again,\nTheodora Wintergreen"
    found = Engine(RuleBook([]), cast(Model, fake)).assess("", f"Hello there,\n\n{question}\n\n{frame}")
    assert (found.intent, found.confidence) == ("refund", pytest.approx(doubt_the_unlikely(0.9 * 0.5)))
    assert (found.stance is not None) == held


def test_a_question_beside_a_tale_of_what_nobody_taught_is_never_sure() -> None:
    question = "Could you refund the jacket I sent you?"
    fake = FakeModel(question, elsewhere=0.4)
    fake.stance = FakeStance()
    engine = Engine(RuleBook([]), cast(Model, fake))
    for frame, most in (
        ("It rained a lot on the coast.", 0.9),
        ("The spindle is crooked.", MOST_PASSAGE_CONFIDENCE),
    ):
        found = engine.assess("", f"Hello there,\n\n{question}\n\nKind regards,\n{frame}")
        assert (found.intent, found.confidence) == ("refund", most)


def test_what_may_be_grave_beside_a_question_is_not_weighed_against_it() -> None:
    question = "Could you refund the jacket I sent you?"
    fake = FakeModel(question, elsewhere=0.4)
    fake.stance = FakeStance()
    frame = "Kind regards from the funeral on the coast,\nTheodora Wintergreen"
    found = Engine(RuleBook([]), cast(Model, fake)).assess("", f"Hello there,\n\n{question}\n\n{frame}")
    assert found.confidence == pytest.approx(doubt_the_unlikely(0.9 * 0.25))


def test_the_clearest_texts_come_first() -> None:
    model = Model.fit(shop_examples())
    texts = ["violins and mushrooms", "please refund the jacket", "the jacket"]
    assert model.clearest(texts, 2)[0] == "please refund the jacket"
    assert len(model.clearest(texts, 2)) == 2


@pytest.mark.parametrize("body", ["Where is my parcel?", "", "??"])
def test_a_short_text_has_no_passages_to_choose_from(body: str) -> None:
    assert engine("parcel").assess("", body).ask == body
