"""A stand-in for a sentence encoder: words of one meaning share a direction. Always the same, no weights."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

import numpy as np

from triage.core.vectors import Parts, Spans, Vectors

SYNONYMS = {
    "parcel": "order",
    "shipment": "order",
    "reimburse": "refund",
    "repay": "refund",
    "purchase": "order",
}
SIZE = 32


class ConceptEncoder:
    """Sums one random direction a concept; the same sentence in other words lands at the same place.

    Where ``pooled``, it does not tell what each word added.
    """

    size = SIZE

    def __init__(self, fingerprint: str = "concepts", *, pooled: bool = False) -> None:
        self.fingerprint = fingerprint
        self.pooled = pooled
        self.read: list[str] = []

    def encode(self, texts: Iterable[str]) -> Vectors:
        kept = list(texts)
        self.read += kept
        vectors = np.zeros((len(kept), SIZE), dtype=np.float32)
        for row, text in enumerate(kept):
            vectors[row] = _directions(text)[1].sum(axis=0)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(lengths > 0, lengths, 1), dtype=np.float32)

    def parts(self, text: str) -> Parts | None:
        spans, directions = _directions(text)
        length = float(np.linalg.norm(directions.sum(axis=0)))
        return None if self.pooled else Parts(spans, directions / np.float32(length or 1))


def _directions(text: str) -> tuple[Spans, Vectors]:
    """Where each word of a text stands, and its direction."""
    found = list(re.finditer(r"\S+", text))
    words = [each.group().lower() for each in found]
    spans = np.array([each.span() for each in found], dtype=np.int32).reshape(-1, 2)
    rows = [_direction(SYNONYMS.get(word, word)) for word in words]
    return spans, np.array(rows, dtype=np.float32).reshape(-1, SIZE)


def _direction(concept: str) -> Vectors:
    seed = int.from_bytes(hashlib.sha256(concept.encode()).digest()[:8])
    return np.random.default_rng(seed).normal(size=SIZE).astype(np.float32)
