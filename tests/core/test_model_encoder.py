"""A model that also reads texts as wholes, with a stand-in for the encoder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.concepts import ConceptEncoder
from tests.core.shop import shop_examples
from triage.core.errors import EncoderError
from triage.core.meaning import open_encoder
from triage.core.model import SENTENCE_TERM, Model

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


def test_the_explanation_names_what_the_sentence_said(encoded: Model) -> None:
    terms = {term.text: term.weight for term in encoded.predict([UNSEEN])[0].terms}
    assert terms[SENTENCE_TERM] > 0


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
