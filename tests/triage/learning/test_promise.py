"""Proven thresholds: kept apart from training, stricter where asked, out of reach where nothing is proven."""

from __future__ import annotations

import random

import pytest

from triage.core.deciding.policy import HELD_BACK
from triage.core.types import Example
from triage.learning import promise
from triage.models import Intent, ModelVersion
from triage.running import runtime

WORDS = {
    "refund": "refund money back returned reimbursement credited payback",
    "parcel": "parcel delivery tracking courier shipped package arrives",
    "login": "password login locked username reset account access",
}


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    """Three easy intents, 80 different texts each."""
    chance = random.Random(1)
    return [
        Example(" ".join([*chance.sample(words.split(), 4), f"case{number}"]), intent)
        for intent, words in WORDS.items()
        for number in range(80)
    ]


def test_a_quarter_of_every_intent_is_kept_from_training(examples: list[Example]) -> None:
    learnt, kept = promise.split(examples, seed=0)
    assert not {example.text for example in learnt} & {example.text for example in kept}
    assert [sum(example.intent == intent for example in kept) for intent in WORDS] == [20, 20, 20]


def test_the_split_depends_on_texts_and_seed_alone(examples: list[Example]) -> None:
    again = promise.split(list(reversed(examples)), seed=0)
    assert {e.text for e in again[1]} == {e.text for e in promise.split(examples, seed=0)[1]}


def test_an_easy_set_proves_a_loose_promise_and_not_a_strict_one(examples: list[Example]) -> None:
    loose, strict = (
        promise.prove(examples, target_error=target, floor=0.5, groups={}, seed=0).metrics()
        for target in (0.2, 0.001)
    )
    assert loose["promise"]["bound"] <= 0.2
    assert all(value <= 1 for value in loose["thresholds"].values())
    assert set(strict["thresholds"].values()) == {HELD_BACK}


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"promise": {"target_error": 0.02}, "thresholds": {"refund": 0.91}}, 0.91),
        ({"promise": {"target_error": 0.05}, "thresholds": {"refund": 0.91}}, HELD_BACK),
        ({"promise": {"target_error": 0.02}, "thresholds": {}}, HELD_BACK),
        ({}, HELD_BACK),
    ],
)
def test_a_threshold_counts_only_where_it_proves_what_is_asked(metrics: dict, expected: float) -> None:
    assert runtime.threshold_in(metrics, "refund", target_error=0.02) == expected


def test_the_configured_floor_stays_below_which_nothing_goes(settings: object) -> None:
    settings.TRIAGE_TARGET_ERROR = 0.05  # type: ignore[attr-defined]
    champion = ModelVersion(metrics={"promise": {"target_error": 0.05}, "thresholds": {"refund": 0.3}})
    assert runtime.threshold_for(Intent(slug="refund"), champion) == 0.75
    assert runtime.threshold_for(Intent(slug="refund", threshold=0.9), champion) == 0.9
    assert runtime.threshold_for(Intent(slug="other"), champion) == HELD_BACK
