"""What a model taught little, and some of it wrongly, says of itself when much is new."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from triage.core.learning.model import Model
from triage.core.types import Example

OPENINGS = ("hi", "hello team", "quick question", "sorry to bother you", "one thing", "good day")
DOINGS = ("change my {}", "cancel the {}", "why was my {} charged", "how do i share a {}", "my {} is gone")
THINGS = ("library card", "swimming course", "parking permit", "garden plot", "meeting room", "bus pass")
TAILS = (
    "today",
    "before the holidays",
    "for my daughter",
    "from my phone",
    "again",
    "since monday",
    "please",
)
INTENTS = tuple(itertools.product(DOINGS, THINGS))


def written(intent: tuple[str, str], chance: np.random.Generator) -> str:
    doing, thing = intent
    tails = chance.choice(TAILS, chance.integers(0, 4), replace=False)
    return " ".join([str(chance.choice(OPENINGS)), doing.format(thing), *map(str, tails)])


def stream(seed: int) -> tuple[list[Example], list[Example]]:
    """Half of the intents are taught, one label in twenty wrong; half of what then comes is of the others."""
    chance = np.random.default_rng(seed)
    order = [INTENTS[i] for i in chance.permutation(len(INTENTS))]
    taught, untaught = order[:15], order[15:]
    train = [
        Example(
            written(intent, chance), str(taught[chance.integers(15)] if chance.random() < 0.05 else intent)
        )
        for intent in taught
        for _ in range(chance.integers(12, 25))
    ]
    test = [Example(written(intent, chance), str(intent)) for intent in taught for _ in range(15)]
    return train, test + [Example(written(intent, chance), None) for intent in untaught for _ in range(15)]


@pytest.fixture(scope="module")
def answered() -> tuple[np.ndarray, np.ndarray, int]:
    """Confidence of the answered texts of three streams, whether they were right, and how many could be."""
    confidence, right, could = [], [], 0
    for seed in range(3):
        train, test = stream(seed)
        for example, found in zip(
            test, Model.fit(train, seed=seed).predict(e.text for e in test), strict=True
        ):
            could += example.intent is not None
            if found.in_scope and found.confidence >= 0.75:
                confidence.append(found.confidence)
                right.append(found.intent == example.intent)
    return np.asarray(confidence), np.asarray(right), could


def test_few_noisy_examples_promise_no_more_than_they_keep(
    answered: tuple[np.ndarray, np.ndarray, int],
) -> None:
    confidence, right, _ = answered
    chance = (right.mean() * (1 - right.mean()) / len(right)) ** 0.5
    assert confidence.mean() <= right.mean() + chance


def test_few_noisy_examples_still_answer(answered: tuple[np.ndarray, np.ndarray, int]) -> None:
    _, right, could = answered
    assert right.sum() >= 0.4 * could
