"""The trained model on a small invented shop."""

from __future__ import annotations

import pytest

from triage.core.errors import TrainingError
from triage.core.model import Model
from triage.core.types import Example

TOPICS = {
    "track_order": ("where is my {}", "when will my {} arrive", "has the {} been sent yet"),
    "refund": ("i want my money back for the {}", "please refund the {}", "how do i return the {}"),
    "login": ("i cannot sign in to see the {}", "password rejected on the {} page", "locked out of {}"),
}
THINGS = ("parcel", "order", "jacket", "phone", "lamp", "desk")


def shop_examples() -> list[Example]:
    return [
        Example(phrase.format(thing), intent)
        for intent, phrases in TOPICS.items()
        for phrase in phrases
        for thing in THINGS
    ]


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.fit(shop_examples())


def test_a_new_wording_finds_its_intent(model: Model) -> None:
    assert model.predict(["please refund my lamp order"])[0].intent == "refund"


def test_an_intent_with_too_few_examples_is_named_as_skipped() -> None:
    model = Model.fit([*shop_examples(), Example("do you have gift cards", "gift_card")])
    assert model.skipped_intents == ("gift_card",)
    assert "gift_card" not in model.intents


def test_one_intent_alone_cannot_be_trained() -> None:
    with pytest.raises(TrainingError, match="at least two"):
        Model.fit([example for example in shop_examples() if example.intent == "login"])


@pytest.mark.parametrize("text", ["", "   ", "???", "\ud800", "x" * 100_000, "你好"])
def test_a_text_without_a_known_word_gets_no_confidence(model: Model, text: str) -> None:
    assert model.predict([text])[0].confidence < 0.1


def test_the_probabilities_of_all_intents_and_none_sum_to_one(model: Model) -> None:
    assert sum(model.probabilities("where is the jacket").values()) == pytest.approx(1)
