"""Probabilities from scores, and how honest they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.core.learning.calibration import (
    brier,
    doubt_the_unlikely,
    expected_calibration_error,
    fit_sharpness,
    reliability,
    softmax,
)


@given(st.lists(st.floats(-500, 500), min_size=2, max_size=20))
def test_softmax_sums_to_one(scores: list[float]) -> None:
    assert softmax(np.asarray([scores])).sum() == pytest.approx(1)


def test_the_sharpness_of_drawn_labels_is_found_again() -> None:
    chance = np.random.default_rng(0)
    scores = chance.normal(size=(4000, 5))
    labels = np.asarray([chance.choice(5, p=row) for row in softmax(scores * 3)])
    assert fit_sharpness(scores, labels) == pytest.approx(3, rel=0.1)


def test_honest_confidence_has_no_calibration_error() -> None:
    confidence = np.repeat([0.25, 0.75], 400)
    right = np.concatenate([np.arange(400) < 100, np.arange(400) < 300])
    assert expected_calibration_error(confidence, right) == pytest.approx(0)


def test_boasting_is_measured() -> None:
    right = np.arange(100) < 60
    assert expected_calibration_error(np.full(100, 0.9), right) == pytest.approx(0.3)
    assert brier(np.full(100, 0.9), right) == pytest.approx(0.6 * 0.01 + 0.4 * 0.81)


def test_each_text_falls_into_one_bin() -> None:
    confidence = np.linspace(0, 1, 101)
    bins = reliability(confidence, np.ones(101))
    assert sum(b.count for b in bins) == 101
    assert all(b.low - 1e-9 <= b.confidence <= b.high + 1e-9 for b in bins)


def test_nothing_measured_is_no_error() -> None:
    assert expected_calibration_error(np.empty(0), np.empty(0)) == 0
    assert brier(np.empty(0), np.empty(0)) == 0


def test_below_one_half_what_two_doubt_is_lowered_in_order_and_nothing_else_is() -> None:
    values = [at / 100 for at in range(101)]
    found = [doubt_the_unlikely(value) for value in values]
    assert found == sorted(found)
    assert found[50:] == values[50:]
    assert (found[0], found[38]) == (0.0, pytest.approx(0.324, abs=0.001))
    assert all(0 < after < before for before, after in zip(values[1:50], found[1:50], strict=True))
