"""Thresholds that bound the error, proven on examples that the model has not learnt from.

The promise: of the tickets answered automatically, at most the target share is wrong, with 90 % certainty, as long
as tomorrow's tickets are like the labelled ones. See docs/triage.md for what that needs and what watches it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from triage.core.deciding.rules import RuleBook
from triage.core.deciding.thresholds import Guarantee, find_intent_thresholds
from triage.core.engine import Engine
from triage.core.learning.model import Model
from triage.core.types import Contrast, Example
from triage.core.vectors import Encoder

DELTA = 0.1  # the promise is broken with at most this probability
KEPT_FOR_PROOF = 4  # every fourth example of an intent is kept from training


@dataclass(frozen=True)
class ProvenModel:
    """A model trained on three quarters of the examples, and what the last quarter proves about it."""

    model: Model
    guarantee: Guarantee
    target_error: float

    def metrics(self) -> dict[str, Any]:
        """What a model version keeps of it; ``thresholds`` by intent, a held-back one out of reach."""
        found = self.guarantee.intents
        overall = self.guarantee.overall
        return {
            "promise": {
                "target_error": self.target_error,
                "certainty": 1 - DELTA,
                "sample_size": overall.sample_size,
                "bound": overall.bound,
                "threshold": overall.value,
                "coverage": overall.coverage,
                "held_back": list(self.guarantee.held_back),
            },
            "thresholds": {name: row.threshold.for_policy for name, row in found.items()},
        }


def prove(
    examples: Sequence[Example],
    *,
    target_error: float,
    floor: float,
    groups: Mapping[str, str],
    seed: int,
    encoder: Encoder | None = None,
    contrasts: Sequence[Contrast] = (),
) -> ProvenModel:
    """Train on three quarters, find thresholds on the rest. Deterministic for the same examples and seed."""
    learnt, kept = split(examples, seed)
    model = Model.fit(learnt, seed=seed, encoder=encoder, contrasts=contrasts)
    engine = Engine(RuleBook([], []), model)
    assessments = [engine.assess("", example.text) for example in kept]
    guarantee = find_intent_thresholds(
        [assessment.confidence for assessment in assessments],
        [
            example.intent is not None and assessment.intent == example.intent
            for example, assessment in zip(kept, assessments, strict=True)
        ],
        [assessment.intent or "" for assessment in assessments],
        target_error=target_error,
        delta=DELTA,
        floor=floor,
        groups=groups,
    )
    return ProvenModel(model, guarantee, target_error)


def split(examples: Sequence[Example], seed: int) -> tuple[list[Example], list[Example]]:
    """Every fourth text of each intent, in an order that depends on the texts and the seed alone."""
    by_intent: dict[str | None, list[Example]] = defaultdict(list)
    for example in examples:
        by_intent[example.intent].append(example)
    learnt: list[Example] = []
    kept: list[Example] = []
    for mine in by_intent.values():
        mine.sort(key=lambda example: hashlib.sha256(f"{seed}:{example.text}".encode()).digest())
        for place, example in enumerate(mine):
            (kept if place % KEPT_FOR_PROOF == 0 else learnt).append(example)
    return learnt, kept
