"""An optional sentence encoder: any ONNX model of the kind, given by its folder.

The only module of the core that needs more than the core's own packages (requirements-encoder.txt). Nobody
imports it unless an encoder is configured; where its packages are missing, the import fails with a clear
EncoderError. There is no fallback: whoever asked for an encoder gets it or an error.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triage.core.errors import EncoderError
from triage.core.vectors import Parts, Vectors

# Without this the tokenizer's threads make every fork of a web server print a warning.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

try:
    import onnxruntime
    import tokenizers
except ImportError as error:
    raise EncoderError(
        f"the sentence encoder needs the package {error.name}; install requirements-encoder.txt"
    ) from error

WEIGHTS = "model.onnx"
TOKENIZER = "tokenizer.json"
#: Tokens of a text that are read, some 45 words: the ask, once greeting and quotes are stripped. Time grows
#: with them (on one core about 7 ms for 10, 20 ms for 64).
MOST_TOKENS = 64
#: Characters of a text that reach the tokenizer, whose time grows with them.
MOST_CHARACTERS = 4_000
#: Texts that go through the network together.
BATCH = 32
#: Single texts whose vectors are kept: a ticket's is asked for by the classifier, its explanation and the search.
KEPT = 64
_PROBE = "How do I reset my password?"
_MASK = "attention_mask"
_NUMBERS: dict[str, type[np.integer[Any]]] = {"tensor(int32)": np.int32, "tensor(int64)": np.int64}
_INPUTS = frozenset({"input_ids", _MASK, "token_type_ids", "position_ids"})


@dataclass(frozen=True, slots=True)
class _Single:
    """One text: its vector as a row, and what its tokens add to it."""

    vector: Vectors
    parts: Parts | None


class SentenceEncoder:
    """Texts to vectors of length one: mean of the token vectors, as in Sentence-BERT.

    Source: Reimers and Gurevych, "Sentence-BERT" (2019). The network takes ``input_ids``, ``attention_mask``
    and, if it has them, ``token_type_ids``, ``position_ids``; its first output is token vectors or one vector
    a text.

    Parameters
    ----------
    place : Path
        A folder with ``model.onnx`` (there, in ``onnx/``, or any name if it is the only one) and
        ``tokenizer.json``, or the .onnx file itself with ``tokenizer.json`` beside or above it.
    fingerprint : str, optional
        What `fingerprint` gave when a model was trained on this encoder's vectors. Other weights are refused.
    threads : int
        Threads for one call. One is best where several workers share the machine.

    Attributes
    ----------
    fingerprint : str
        SHA-256 of weights, whatever files they lie in, and tokenizer.
    size : int
        Length of a vector.

    Raises
    ------
    EncoderError
        If a file is missing or broken, the model is not a sentence encoder, or the fingerprint differs.
    """

    def __init__(self, place: Path, *, fingerprint: str | None = None, threads: int = 1) -> None:
        self._weights = _weights_at(place)
        tokenizer_file = _tokenizer_beside(self._weights)
        weights, tokenizer = _read(self._weights), _read(tokenizer_file)
        elsewhere = b"".join(_digest(file) for file in _named_in(weights, self._weights))
        self.fingerprint = hashlib.sha256(
            hashlib.sha256(weights).digest() + tokenizer + elsewhere
        ).hexdigest()
        if fingerprint is not None and fingerprint != self.fingerprint:
            raise EncoderError(f"{place} holds other weights than the model was trained with; train again")
        self._tokenizer = _tokenizer(tokenizer, tokenizer_file)
        self._session = _session(self._weights, threads)
        self._inputs = {each.name: _NUMBERS.get(each.type, np.int64) for each in self._session.get_inputs()}
        if _MASK not in self._inputs or not _INPUTS.issuperset(self._inputs):
            raise EncoderError(
                f"{self._weights} takes {list(self._inputs)}, not the inputs of a sentence encoder"
            )
        self._kept: OrderedDict[str, _Single] = OrderedDict()
        self._lock = threading.Lock()
        self.size = self._probe()

    def encode(self, texts: Iterable[str]) -> Vectors:
        """Turn texts into vectors.

        Parameters
        ----------
        texts : iterable of str
            Read to `MOST_TOKENS` tokens each.

        Returns
        -------
        ndarray of float32, shape (n_texts, size)
            Rows of length one, so their products are cosines. A text without tokens gives a row of zeros.

        Raises
        ------
        EncoderError
            If the network fails or yields numbers that are not finite.
        """
        cut = [_readable(text) for text in texts]
        if len(cut) == 1:
            return self._single(cut[0]).vector.copy()
        vectors = np.zeros((len(cut), self.size), dtype=np.float32)
        # Texts of like length go together, so that little is padded.
        order = sorted(range(len(cut)), key=lambda place: len(cut[place]))
        for begin in range(0, len(order), BATCH):
            places = order[begin : begin + BATCH]
            vectors[places] = self._encode([cut[place] for place in places])
        return vectors

    def parts(self, text: str) -> Parts | None:
        """Take the vector of one text apart into what each of its tokens adds.

        A mean of token vectors is a sum of their parts, and so is whatever is linear in it. After `encode` of
        the same text alone the network is not run again.

        Returns
        -------
        Parts or None
            None where the network itself makes one vector of a text. The arrays cannot be written to.

        Raises
        ------
        EncoderError
            As in `encode`.
        """
        return self._single(_readable(text)).parts

    def _single(self, text: str) -> _Single:
        with self._lock:
            if text in self._kept:
                self._kept.move_to_end(text)
                return self._kept[text]
        encodings = self._tokenizer.encode_batch([text])
        output, mask = self._run(encodings)
        parts = _parts(output[0], encodings[0]) if output.ndim == 3 else None
        single = _Single(self._pool(output, mask), parts)
        with self._lock:
            self._kept[text] = single
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return single

    def _probe(self) -> int:
        """Run the network once, so that broken weights show at start; return the length of a vector."""
        vector = self._encode([_PROBE])
        if vector.shape[0] != 1 or not np.isclose(np.linalg.norm(vector), 1, atol=1e-3):
            raise EncoderError(f"{self._weights} gives no vector for a plain question; replace it")
        return int(vector.shape[1])

    def _encode(self, texts: Sequence[str]) -> Vectors:
        return self._pool(*self._run(self._tokenizer.encode_batch(list(texts))))

    def _run(self, encodings: Sequence[Any]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """Give tokenized texts to the network; return its first output and which tokens of it count."""
        mask = np.array([each.attention_mask for each in encodings], dtype=np.int64)
        tokens = {
            "input_ids": np.array([each.ids for each in encodings], dtype=np.int64),
            _MASK: mask,
            "token_type_ids": np.array([each.type_ids for each in encodings], dtype=np.int64),
            "position_ids": np.broadcast_to(np.arange(mask.shape[1], dtype=np.int64), mask.shape),
        }
        try:
            output = self._session.run(
                None, {name: tokens[name].astype(kind, copy=False) for name, kind in self._inputs.items()}
            )[0]
        # onnxruntime raises its own bare exceptions, of many classes, from compiled code.
        except Exception as error:
            raise EncoderError(f"{self._weights} cannot be run ({error}); replace it") from error
        return np.asarray(output, dtype=np.float32), mask

    def _pool(self, output: npt.NDArray[np.float32], mask: npt.NDArray[np.int64]) -> Vectors:
        if output.ndim == 3:
            weights = mask[:, :, np.newaxis].astype(np.float32)
            output = (output * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)
        if output.ndim != 2 or not np.isfinite(output).all():
            raise EncoderError(f"{self._weights} gives no finite vectors; replace it")
        lengths = np.linalg.norm(output, axis=1, keepdims=True)
        return np.asarray(output / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _readable(text: str) -> str:
    # A lone half of a surrogate pair is legal in a str, but not in UTF-8.
    return text[:MOST_CHARACTERS].encode("utf-8", "replace").decode()


def _parts(output: npt.NDArray[np.float32], encoding: Any) -> Parts:
    """Share out a mean of length one: each token's vector by the length of their sum."""
    counts = np.asarray(encoding.attention_mask, dtype=bool)
    vectors = output[counts]
    length = float(np.linalg.norm(vectors.sum(axis=0)))
    vectors = vectors / np.float32(length or 1)
    spans = np.asarray(encoding.offsets, dtype=np.int32)[counts]
    for array in (spans, vectors):
        array.flags.writeable = False
    return Parts(spans, vectors)


def _weights_at(place: Path) -> Path:
    if place.is_file():
        return place
    usual = place / WEIGHTS, place / "onnx" / WEIGHTS
    found = [path for path in usual if path.is_file()] or sorted(place.glob("*.onnx"))
    return found[0] if len(found) == 1 or found[:1] == [usual[0]] else usual[0]


def _tokenizer_beside(weights: Path) -> Path:
    beside, above = weights.parent / TOKENIZER, weights.parent.parent / TOKENIZER
    return above if above.is_file() and not beside.is_file() else beside


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EncoderError(
            f"{path} cannot be read ({error.strerror}); put the encoder's file there"
        ) from error


def _tokenizer(content: bytes, path: Path) -> Any:
    try:
        tokenizer = tokenizers.Tokenizer.from_buffer(content)
    # The tokenizer library raises plain Exception for whatever its parser refuses.
    except Exception as error:
        raise EncoderError(f"{path} is no tokenizer ({error}); replace it") from error
    padding = tokenizer.padding or {}
    tokenizer.enable_truncation(MOST_TOKENS)
    tokenizer.enable_padding(pad_id=padding.get("pad_id", 0), pad_token=padding.get("pad_token", "[PAD]"))
    return tokenizer


def _named_in(weights: bytes, path: Path) -> list[Path]:
    """The files beside a network that it names: large ones keep their weights outside (external data)."""
    beside = sorted(file for file in path.parent.iterdir() if file.is_file() and file != path)
    return [file for file in beside if file.name != TOKENIZER and file.name.encode() in weights]


def _digest(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        raise EncoderError(
            f"{path} cannot be read ({error.strerror}); put the encoder's file there"
        ) from error


def _session(path: Path, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    # As above: bare exceptions from compiled code.
    except Exception as error:
        raise EncoderError(f"{path} is no ONNX model ({error}); replace it") from error
