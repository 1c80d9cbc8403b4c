"""A stand-in for a sentence encoder: words of one meaning share a direction. Always the same, no weights."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from triage.core.meaning import Vectors

SYNONYMS = {
    "parcel": "order",
    "shipment": "order",
    "reimburse": "refund",
    "repay": "refund",
    "purchase": "order",
}
SIZE = 32


class ConceptEncoder:
    """Sums one random direction a concept; the same sentence in other words lands at the same place."""

    size = SIZE

    def __init__(self, fingerprint: str = "concepts") -> None:
        self.fingerprint = fingerprint
        self.read: list[str] = []

    def encode(self, texts: Iterable[str]) -> Vectors:
        kept = list(texts)
        self.read += kept
        vectors = np.zeros((len(kept), SIZE), dtype=np.float32)
        for row, text in enumerate(kept):
            for word in text.lower().split():
                vectors[row] += _direction(SYNONYMS.get(word, word))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _direction(concept: str) -> Vectors:
    seed = int.from_bytes(hashlib.sha256(concept.encode()).digest()[:8])
    return np.random.default_rng(seed).normal(size=SIZE).astype(np.float32)
