"""A model that also reads texts as wholes, with a stand-in for the encoder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage.core.concepts import ConceptEncoder
from tests.triage.core.shop import shop_examples
from triage.core import artefact
from triage.core.errors import EncoderError
from triage.core.learning.explanation import SENTENCE_TERM
from triage.core.learning.meaning import open_encoder
from triage.core.learning.model import Model

#: "repay" is in no example; the encoder knows that it means the same as "refund".
UNSEEN = "please repay the lamp"


@pytest.fixture(scope="module")
def encoded() -> Model:
    return Model.fit(shop_examples(), encoder=ConceptEncoder())


@pytest.fixture(scope="module")
def stored(encoded: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoded") / "model"
    encoded.save(folder)
    return folder


def test_meaning_counts_for_more_than_unseen_words(encoded: Model) -> None:
    plain = Model.fit(shop_examples())
    with_meaning, with_words = encoded.probabilities(UNSEEN), plain.probabilities(UNSEEN)
    assert encoded.predict([UNSEEN])[0].intent == "refund"
    assert with_meaning["refund"] > with_words["refund"]


def explain(model: Model, text: str) -> dict[str, float]:
    return {term.text: term.weight for term in model.predict([text])[0].terms}


def test_the_explanation_names_the_word_whose_meaning_spoke(encoded: Model) -> None:
    terms = explain(encoded, UNSEEN)
    assert terms["repay"] > 0.5 and SENTENCE_TERM not in terms


def test_a_word_has_one_line_for_its_letters_and_its_meaning(encoded: Model) -> None:
    lines = [term.text for term in encoded.predict([UNSEEN])[0].terms]
    assert sorted(line for line in lines if " " not in line) == sorted(UNSEEN.split())


def test_an_encoder_that_tells_no_words_apart_speaks_as_a_whole() -> None:
    terms = explain(Model.fit(shop_examples(), encoder=ConceptEncoder(pooled=True)), UNSEEN)
    assert terms[SENTENCE_TERM] > 0.5


@given(st.lists(st.sampled_from(["where", "repay", "refund", "the", "lamp", "my", "qqq", "12"]), max_size=9))
@settings(deadline=None, max_examples=40)
def test_an_explanation_adds_up_to_the_lead_that_it_explains(encoded: Model, said: list[str]) -> None:
    read = encoded._read(" ".join(said))
    scores, ranking = encoded._rank(read)
    spoken = (scores[0] - encoded._classifier.intercept_)[: len(encoded.intents)]
    top = int(ranking.top[0])
    contributions = encoded._contributions(read, top)
    assert sum(contributions.values()) == pytest.approx(float(spoken[top] - spoken.mean()), abs=1e-4)


def test_a_model_from_before_words_were_told_apart_explains_as_it_did(stored: Path, tmp_path: Path) -> None:
    earlier = shutil.copytree(stored, tmp_path / "earlier")
    manifest = artefact.read_manifest(stored)
    del manifest.settings["meaning_by_word"]
    artefact._write_manifest(earlier / "manifest.json", manifest)
    assert SENTENCE_TERM in explain(Model.load(earlier, encoder=ConceptEncoder()), UNSEEN)


def test_a_stored_model_predicts_the_same_to_the_last_bit(encoded: Model, stored: Path) -> None:
    texts = [UNSEEN, "where is my shipment", "", "zzz qqq", "is the desk under guarantee"]
    assert Model.load(stored, encoder=ConceptEncoder()).predict(texts) == encoded.predict(texts)


def test_training_twice_gives_the_same_version(tmp_path: Path, stored: Path) -> None:
    again = Model.fit(shop_examples()[::-1], encoder=ConceptEncoder()).save(tmp_path / "again")
    assert again.version == Model.load(stored, encoder=ConceptEncoder()).save(tmp_path / "copy").version


def test_it_is_not_loaded_without_its_encoder(stored: Path) -> None:
    with pytest.raises(EncoderError, match="none is set"):
        Model.load(stored)


def test_it_is_not_loaded_with_another_encoder(stored: Path) -> None:
    with pytest.raises(EncoderError, match="another sentence encoder"):
        Model.load(stored, encoder=ConceptEncoder("other weights"))


def test_a_model_of_words_is_not_loaded_where_an_encoder_is_asked_for(tmp_path: Path) -> None:
    Model.fit(shop_examples()).save(tmp_path / "words")
    with pytest.raises(EncoderError, match="without the sentence encoder"):
        Model.load(tmp_path / "words", encoder=ConceptEncoder())


def test_an_encoder_whose_weights_are_missing_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"model\.onnx|requirements-encoder"):
        open_encoder(tmp_path)
