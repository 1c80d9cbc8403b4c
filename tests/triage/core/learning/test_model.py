"""The trained model on a small invented shop."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage.core.shop import shop_examples
from triage.core import terms
from triage.core.artefact import MANIFEST, PARTS, seal
from triage.core.errors import ArtefactError, TrainingError
from triage.core.learning.model import KIND, Model, fingerprint
from triage.core.learning.training import Call, start_together
from triage.core.types import Example


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.fit(shop_examples())


@pytest.mark.parametrize(
    ("text", "intent"),
    [("please refund my lamp order", "refund"), ("the phone just broke", "warranty")],
)
def test_a_new_wording_finds_its_intent(model: Model, text: str, intent: str) -> None:
    assert model.predict([text])[0].intent == intent


def test_a_taught_question_is_trusted_more_than_a_foreign_one(model: Model) -> None:
    taught, foreign = model.predict(["where is my order", "which wine goes with fish"])
    assert taught.confidence > foreign.confidence + 0.2


def test_an_intent_with_too_few_examples_is_named_as_skipped() -> None:
    model = Model.fit([*shop_examples(), Example("do you have gift cards", "gift_card")])
    assert model.skipped_intents == ("gift_card",)
    assert "gift_card" not in model.intents


def test_one_intent_alone_cannot_be_trained() -> None:
    with pytest.raises(TrainingError, match="at least two"):
        Model.fit([example for example in shop_examples() if example.intent == "login"])


@pytest.mark.parametrize("odd_ones", range(4))
def test_texts_that_are_almost_all_easy_can_be_learnt(odd_ones: int) -> None:
    easy = [Example(f"{intent} number {n}", intent) for intent in ("refund", "login") for n in range(14)]
    odd = [Example(f"refund or login, case {n}", ("refund", "login")[n % 2]) for n in range(odd_ones)]
    assert Model.fit([*easy, *odd]).predict(["refund number 3"])[0].intent == "refund"


def test_two_intents_are_enough() -> None:
    two = [example for example in shop_examples() if example.intent in {"login", "refund"}]
    assert Model.fit(two).predict(["password rejected"])[0].intent == "login"


def test_repeated_examples_count_once() -> None:
    assert Model.fit(shop_examples() * 3).metrics["texts"] == len(shop_examples())


def test_a_text_with_two_labels_keeps_the_more_frequent_one() -> None:
    wrong = Example("where is my order", "refund")
    model = Model.fit([*shop_examples(), *shop_examples(), wrong])
    assert model.predict(["where is my order"])[0].intent == "track_order"


@pytest.mark.parametrize("text", ["", "   ", "???", "\ud800", "x" * 100_000, "你好"])
def test_a_text_without_a_known_word_gets_no_confidence(model: Model, text: str) -> None:
    assert model.predict([text])[0].confidence < 0.1


@pytest.mark.parametrize("text", ["refund", "refund refund", "refund 42"])
def test_a_bare_word_is_never_sure(model: Model, text: str) -> None:
    found = model.predict([text])[0]
    assert not found.in_scope
    assert found.confidence <= 0.5


BARE = ["unsubscribe", "unsubscribe me please", "please stop the newsletter", "no newsletter any more",
        "take me off the newsletter", "how do I unsubscribe from the newsletter"]  # fmt: skip


def test_a_bare_word_is_believed_where_it_was_taught_bare(tmp_path: Path) -> None:
    model = Model.fit([*shop_examples(), *(Example(text, "newsletter") for text in BARE)])
    taught, not_taught = model.predict(["Unsubscribe!", "newsletter"])
    assert (taught.intent, not_taught.intent) == ("newsletter", "newsletter")
    assert taught.confidence > 0.5 >= not_taught.confidence
    assert not not_taught.in_scope
    model.save(tmp_path / "model")
    former = Model.load(tmp_path / "model")
    former._vectoriser.forgiving = False  # as one that was stored before
    assert former.predict(["unsubscribe"])[0].confidence <= 0.5


def test_words_that_only_build_a_sentence_are_never_sure() -> None:
    taught = ["that is it", "it is that", "so it is", "that would be it", "it is as it should be"]
    model = Model.fit([*shop_examples(), *(Example(text, "yes") for text in taught)])
    found = model.predict(["that is it"])[0]
    assert (found.intent, found.in_scope) == ("yes", False)
    assert found.confidence <= 0.5


def test_a_foreign_text_with_familiar_words_is_not_in_scope(model: Model) -> None:
    assert not model.predict(["zvrati prosim refund mojej lamp dakujem pekne"])[0].in_scope


@given(st.text(max_size=200))
@settings(deadline=None, max_examples=60)
def test_the_probabilities_of_all_intents_and_none_sum_to_one(model: Model, text: str) -> None:
    found = model.probabilities(text)
    assert sum(found.values()) == pytest.approx(1)
    assert all(0 <= value <= 1 for value in found.values())


@given(st.text(max_size=200))
@settings(deadline=None, max_examples=60)
def test_the_runner_up_is_never_above_the_best(model: Model, text: str) -> None:
    found = model.predict([text])[0]
    assert 0 <= found.runner_up_confidence <= max(found.confidence, 1 - found.confidence)
    assert found.confidence + found.runner_up_confidence <= 1 + 1e-9


def test_the_order_of_the_examples_does_not_matter(model: Model) -> None:
    turned = Model.fit(shop_examples()[::-1])
    texts = ["where is my lamp", "no idea what this is", "refund"]
    assert turned.predict(texts) == model.predict(texts)


def test_the_explanation_names_the_telling_word_first(model: Model) -> None:
    terms = model.predict(["please refund the lamp"])[0].terms
    assert any("refund" in term.text for term in terms[:2])
    assert terms[0].weight > 0


def test_the_explanation_shows_what_speaks_against(model: Model) -> None:
    terms = model.predict(["please refund the invoice"])[0].terms
    assert min(term.weight for term in terms) < 0


def test_a_stored_model_replays_every_prediction(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    texts = [example.text for example in shop_examples()]
    assert Model.load(tmp_path / "model").predict(texts) == model.predict(texts)


def test_training_twice_gives_the_same_version(model: Model, tmp_path: Path) -> None:
    first = model.save(tmp_path / "first")
    second = Model.fit(shop_examples()).save(tmp_path / "second")
    assert first.version == second.version


def test_a_model_is_not_stored_over_another(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    with pytest.raises(ArtefactError, match="exists already"):
        model.save(tmp_path / "model")


def test_the_fingerprint_tells_other_examples_apart() -> None:
    assert fingerprint(shop_examples()) == fingerprint(shop_examples()[::-1])
    assert fingerprint(shop_examples()) != fingerprint(shop_examples()[1:])


def test_a_stored_model_without_its_fitted_parts_is_refused(model: Model, tmp_path: Path) -> None:
    manifest = model.save(tmp_path / "model")
    for name in (PARTS, MANIFEST):
        (tmp_path / "model" / name).unlink()
    seal(tmp_path / "model", kind=KIND, settings=manifest.settings)
    with pytest.raises(ArtefactError, match="lacks the part"):
        Model.load(tmp_path / "model")


def test_a_model_taught_words_split_in_another_way_is_refused(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.save(tmp_path / "model")
    monkeypatch.setattr(terms, "VERSION", terms.VERSION + 1)
    with pytest.raises(ArtefactError, match="split in another way"):
        Model.load(tmp_path / "model")


def test_what_two_processes_do_comes_back_in_the_order_of_the_calls() -> None:
    calls: list[Call] = [(pow, (number, 2)) for number in range(5)]
    assert (
        list(start_together(calls, many=True)) == list(start_together(calls, many=False)) == [0, 1, 4, 9, 16]
    )
