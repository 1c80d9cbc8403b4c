"""Limits of shares: the same as the library's that we did without."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from triage.core.deciding import thresholds
from triage.core.deciding.bounds import lower_limit, smallest_sample, upper_limit


@given(st.integers(1, 20_000), st.floats(0, 1), st.sampled_from([0.025, 0.05, 0.1]))
def test_they_are_clopper_and_pearsons(seen: int, share: float, delta: float) -> None:
    wrong = int(share * seen)
    assert upper_limit(wrong, seen, delta=delta) == pytest.approx(
        thresholds.upper_bound(wrong, seen, delta=delta), abs=1e-9
    )
    lower = stats.beta.ppf(delta, wrong, seen - wrong + 1) if wrong else 0.0
    assert lower_limit(wrong, seen, delta=delta) == pytest.approx(lower, abs=1e-9)


@given(st.floats(0.1, 50), st.floats(0.1, 5000))
def test_they_take_effective_sample_sizes(wrong: float, right: float) -> None:
    expected = stats.beta.ppf(0.9, wrong + 1, right)
    assert upper_limit(wrong, wrong + right) == pytest.approx(expected, abs=1e-9)


def test_nothing_seen_limits_nothing() -> None:
    assert (lower_limit(0, 0), upper_limit(0, 0), upper_limit(3, 3)) == (0.0, 1.0, 1.0)


def test_the_smallest_sample_just_suffices() -> None:
    needed = smallest_sample(0.05)
    assert upper_limit(0, needed) <= 0.05 < upper_limit(0, needed - 1)
