"""What a text means as a whole: the vectors of an optional sentence encoder, read beside the words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from triage.core.errors import EncoderError

Vectors = npt.NDArray[np.float32]
Spans = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the tokens of one text add to its vector: the rows add up to it.

    Attributes
    ----------
    spans : ndarray of int32, shape (n_tokens, 2)
        Place in the text of each token's first character and of the one behind its last; equal where a token
        stands for no part of the text.
    vectors : ndarray of float32, shape (n_tokens, size)
    """

    spans: Spans
    vectors: Vectors


class Encoder(Protocol):
    """What turns texts into rows of length one, such as `triage.core.learning.encoder.SentenceEncoder`."""

    @property
    def fingerprint(self) -> str: ...

    @property
    def size(self) -> int: ...

    def encode(self, texts: Iterable[str]) -> Vectors: ...

    def parts(self, text: str) -> Parts | None:
        """Take the vector of a text apart; None where the network gives no vectors of tokens."""
        ...


def open_encoder(place: Path) -> Encoder:
    """Load a sentence encoder, see `triage.core.learning.encoder.SentenceEncoder`; its packages are needed only by who asks for one.

    Raises
    ------
    EncoderError
        Packages, weights or tokenizer are missing or broken.
    """
    encoder: Encoder = import_module("triage.core.learning.encoder").SentenceEncoder(place)
    return encoder


def read_sentences(encoder: Encoder | None, texts: Sequence[str]) -> Vectors:
    """Read texts as wholes.

    Returns
    -------
    ndarray of float32, shape (n_texts, size)
        Without columns where there is no encoder.

    Raises
    ------
    EncoderError
        The encoder fails.
    """
    return np.zeros((len(texts), 0), dtype=np.float32) if encoder is None else encoder.encode(texts)


def refuse_other_encoder(encoder: Encoder | None, trained_with: str | None) -> None:
    """Raise EncoderError unless the encoder is the one with this fingerprint. Nothing stands in for it."""
    at_hand = None if encoder is None else encoder.fingerprint
    if at_hand == trained_with:
        return
    if trained_with is None:
        raise EncoderError(
            "The model was trained without the sentence encoder that is set; train again, or unset it."
        )
    if at_hand is None:
        raise EncoderError(
            "The model was trained with a sentence encoder and none is set; set it, or train again."
        )
    raise EncoderError(
        "The model was trained with another sentence encoder than the one that is set; train again."
    )
