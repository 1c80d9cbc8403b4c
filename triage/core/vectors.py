"""What a sentence encoder gives: vectors of whole texts, and what each token adds to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

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
