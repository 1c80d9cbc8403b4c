"""What a writer does with a topic is told apart, for topics it was never seen with, and explained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage.core.stance.stances import ASKINGS, CONTRASTS
from triage.core.deciding.rules import RuleBook
from triage.core.engine import Engine
from triage.core.learning.model import Model
from triage.core.stance.model import StanceModel, can_learn
from triage.core.types import Contrast, Example, Stance


@pytest.fixture(scope="module")
def taught() -> StanceModel:
    return StanceModel().fit(ASKINGS, CONTRASTS)


@pytest.mark.parametrize(
    ("text", "stance"),
    [
        ("please do not cancel my order", Stance.NOT_ASKED),
        ("thanks, i could reset my password now", Stance.SETTLED),
        ("my father died, i need to cancel my order", Stance.GRAVE),
        ("how do i cancel my order", None),
        ("i want to reset my password please", None),
    ],
)
def test_the_same_topic_is_asked_refused_settled_or_beside_something_grave(
    taught: StanceModel, text: str, stance: Stance | None
) -> None:
    found = taught.judge(text).stance
    assert (found.stance if found else None) is stance


def test_a_topic_that_no_contrast_text_had_is_refused_too() -> None:
    unseen = "track_order"
    model = StanceModel().fit(ASKINGS, [one for one in CONTRASTS if one.intent != unseen])
    found = model.judge("please do not track my parcel").stance
    assert found is not None
    assert found.stance is Stance.NOT_ASKED
    assert model.judge("how do i track my parcel").stance is None


def test_what_is_grave_is_named(taught: StanceModel) -> None:
    for text, topic in (
        ("my husband passed away and i have to get a refund", "death"),
        ("i was injured by it and want to get a refund", "injury"),
    ):
        found = taught.judge(text).stance
        assert found is not None
        assert (found.stance, found.topic) == (Stance.GRAVE, topic)


def test_the_words_that_spoke_and_the_nearest_taught_text_are_told(taught: StanceModel) -> None:
    found = taught.judge("please do not cancel my order").stance
    assert found is not None
    assert found.lead > 0
    assert "not" in {term.text for term in found.terms[:3] if term.weight > 0}
    assert found.nearest.startswith("please do not cancel my order")


def test_an_asking_is_likelier_the_plainer_it_is(taught: StanceModel) -> None:
    plain, refused = taught.judge("how do i get a refund"), taught.judge("i don't want to get a refund")
    assert plain.asking > 0.9
    assert refused.asking < 0.3


def test_the_same_texts_in_another_order_teach_the_same(taught: StanceModel) -> None:
    again = StanceModel().fit(ASKINGS[::-1], CONTRASTS[::-1])
    text = "please do not cancel my order"
    assert again.judge(text) == taught.judge(text)


def test_a_stored_model_judges_as_before(tmp_path: Path) -> None:
    model = Model.fit(ASKINGS, contrasts=CONTRASTS)
    model.save(tmp_path / "model")
    again = Model.load(tmp_path / "model")
    assert model.stance is not None
    assert again.stance is not None
    for text in ("please do not cancel my order", "how do i get a refund", "my father died", ""):
        before, after = model.stance.judge(text), again.stance.judge(text)
        assert after.asking == pytest.approx(before.asking, abs=2e-3)
        assert (after.stance is None) == (before.stance is None)


def test_a_model_without_contrast_texts_takes_everything_for_an_asking() -> None:
    model = Model.fit(ASKINGS)
    assert model.stance is None
    assert Engine(RuleBook([], []), model).assess("", "please do not cancel my order").stance is None


def test_the_engine_believes_less_of_what_is_hardly_asked() -> None:
    text = "i don't want to get a refund"
    trusting = Engine(RuleBook([], []), Model.fit(ASKINGS)).assess("", text)
    careful = Engine(RuleBook([], []), Model.fit(ASKINGS, contrasts=CONTRASTS)).assess("", text)
    assert careful.intent == trusting.intent == "get_refund"
    assert careful.confidence < 0.5 * trusting.confidence
    assert careful.stance is not None
    assert careful.stance.stance is Stance.NOT_ASKED


def test_a_stance_of_a_few_texts_is_left_out() -> None:
    few = [Contrast(f"robot text {n}", Stance.MACHINE_WRITTEN) for n in range(5)]
    model = StanceModel().fit(ASKINGS, [*CONTRASTS, *few])
    assert Stance.MACHINE_WRITTEN.value not in model.stances_


@pytest.mark.parametrize(
    ("askings", "contrasts", "enough"),
    [(ASKINGS, CONTRASTS, True), (ASKINGS, CONTRASTS[:5], False), (ASKINGS[:5], CONTRASTS, False)],
)
def test_it_is_learnt_only_from_enough_texts(
    askings: list[Example], contrasts: list[Contrast], enough: bool
) -> None:
    assert can_learn(askings, contrasts) is enough


def test_texts_without_an_intent_are_no_askings() -> None:
    assert not can_learn([replace(one, intent=None) for one in ASKINGS], CONTRASTS)


_TAUGHT = StanceModel().fit(ASKINGS, CONTRASTS)


@settings(max_examples=60)
@given(st.text(max_size=400))
def test_any_text_gets_a_probability(text: str) -> None:
    judged = _TAUGHT.judge(text)
    assert 0.0 <= judged.asking <= 1.0
    assert judged.stance is None or judged.stance.lead >= 0


def test_of_a_text_in_another_language_no_stance_is_named(taught: StanceModel) -> None:
    for text in (
        "Bitte stornieren Sie meine Bestellung auf keinen Fall",
        "请不要取消我的订单",
        "do nicht bitte keinesfalls",
    ):
        assert taught.judge(text).stance is None
