"""What a text means as a whole: the vectors of an optional sentence encoder, read beside the words."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np

from triage.core.errors import EncoderError
from triage.core.vectors import Encoder, Vectors


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
