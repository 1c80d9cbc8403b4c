"""Limits of shares: the same as the library's that we did without."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from triage.core.deciding import thresholds
from triage.core.deciding.bounds import difference_limits, lower_limit, smallest_sample, upper_limit


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


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_a_difference_has_the_limits_of_newcombes_table(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    difference, *limits = difference_limits(*one, *other)
    assert difference == pytest.approx(one[0] / one[1] - other[0] / other[1])
    assert limits == pytest.approx([low, high], abs=5e-5)
    back = difference_limits(*other, *one)
    assert back == pytest.approx((-difference, -limits[1], -limits[0]))
