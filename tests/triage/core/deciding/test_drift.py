"""The watch over what comes in: rarely wrong, and in time. Simulated on the function that decides, with seeds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from triage.core.deciding import drift
from triage.core.deciding.bounds import two_sided
from triage.core.deciding.drift import compare

Floats = npt.NDArray[np.float64]
KINDS, REFERENCE, WEEK = 4, 28, 7
LANGUAGES = (0.85, 0.1, 0.03, 0.02)
INTENTS = (0.2, *[0.04] * 20)


def days_of(
    shares: tuple[float, ...], *, a_day: float, days: int, seed: int, bursts: float | None = None
) -> Floats:
    """Tickets of each day and value: fewer at week-ends; with ``bursts`` each day has shares of its own."""
    luck = np.random.default_rng(seed)
    sizes = luck.poisson(a_day * np.where(np.arange(days) % 7 > 4, 0.5, 1.2))
    own = luck.dirichlet(np.array(shares) * bursts, size=days) if bursts else np.tile(shares, (days, 1))
    return luck.multinomial(sizes, own).astype(np.float64)


def warned_on(days: Floats, *, since: int = REFERENCE) -> int | None:
    """How many days after the reference there is a warning, looked at after each finished day."""
    reference = days[:REFERENCE]
    for last in range(since + 1, len(days) + 1):
        latest = days[max(REFERENCE, last - WEEK) : last]
        if len(latest) < WEEK:
            continue
        sizes = drift._sizes(reference.sum(axis=0), latest.sum(axis=0))
        p = drift.probabilities(reference, latest)
        if np.any((p <= drift.YEARLY / (drift.LOOKS * KINDS)) & (sizes >= drift.SMALLEST)):
            return last - since
    return None


def false_warnings(runs: int, first_seed: int) -> float:
    """The share of houses with a warning of any kind within a year in which nothing changed."""
    false = 0
    for seed in range(first_seed, first_seed + runs):
        streams = [
            days_of(LANGUAGES, a_day=40, days=REFERENCE + 365, seed=seed),
            days_of(INTENTS, a_day=60, days=REFERENCE + 365, seed=seed + 10_000, bursts=100.0),
            days_of((0.8, 0.12, 0.08), a_day=100, days=REFERENCE + 365, seed=seed + 20_000, bursts=40.0),
            days_of((0.1, 0.4, 0.3, 0.15, 0.05), a_day=60, days=REFERENCE + 365, seed=seed + 30_000),
        ]
        false += any(warned_on(days) is not None for days in streams)
    return false / runs


def test_hardly_any_house_in_which_nothing_changes_is_warned_within_a_year() -> None:
    assert false_warnings(1, first_seed=1) == 0.0


def test_its_probabilities_are_true_where_days_have_bursts() -> None:
    """At a level that can be counted: weeks of a stream that does not change, with days of their own."""
    weeks = [
        days_of((0.9, 0.1), a_day=60, days=REFERENCE + WEEK, seed=seed, bursts=40.0) for seed in range(600)
    ]
    found = [drift.probabilities(days[:REFERENCE], days[REFERENCE:]).min() for days in weeks]
    assert np.mean(np.array(found) <= 0.05) <= 0.07


@pytest.mark.prove
def test_the_rate_of_false_warnings_is_kept() -> None:
    assert false_warnings(60, first_seed=1_000) <= drift.YEARLY


@pytest.mark.parametrize(
    ("before", "after", "a_day", "median"),
    [
        ((0.95, 0.05), (0.85, 0.15), 50, 10),  # a language that came to be asked three times as often
        ((0.9, 0.1), (0.8, 0.2), 200, 8),  # twice as many that nobody knows
        ((0.05,) * 20, (0.15, *[0.85 / 19] * 19), 50, 20),  # one intent of twenty
    ],
)
def test_a_change_is_found_within_weeks(
    before: tuple[float, ...], after: tuple[float, ...], a_day: int, median: int
) -> None:
    delays = []
    for seed in range(11):
        days = np.concatenate(
            [
                days_of(before, a_day=a_day, days=REFERENCE + WEEK, seed=seed),
                days_of(after, a_day=a_day, days=60, seed=seed + 500),
            ]
        )
        delays.append(warned_on(days, since=REFERENCE + WEEK) or 999)
    assert sorted(delays)[5] <= median


@pytest.mark.parametrize("freedom", [10, 33, 60])
@pytest.mark.parametrize("t", [0.0, 0.3, 1.0, 2.5, 5.0, 9.0])
def test_students_t_is_that_of_scipy(t: float, freedom: int) -> None:
    assert two_sided(t, freedom) == pytest.approx(2 * stats.t.sf(t, freedom), rel=1e-9)


def counted(days: Floats) -> list[dict[str, int]]:
    return [{f"v{at}": int(n) for at, n in enumerate(day) if n} for day in days]


def test_what_moved_stands_first_and_small_moves_are_no_matter() -> None:
    reference = counted(days_of(LANGUAGES, a_day=50_000, days=28, seed=1))
    moved = counted(days_of((0.7, 0.1, 0.03, 0.17), a_day=50_000, days=7, seed=2))
    slightly = counted(days_of((0.84, 0.11, 0.03, 0.02), a_day=50_000, days=7, seed=3))
    found, little = compare(reference, moved), compare(reference, slightly)
    assert found is not None
    assert little is not None
    assert (found.parts[0].value, found.warns(KINDS)) == ("v3", True)
    assert min(part.p for part in little.parts) < 1e-6  # certain, and too small to matter
    assert not little.warns()


def test_a_value_that_was_never_there_is_told() -> None:
    reference = counted(days_of((0.9, 0.1), a_day=60, days=28, seed=1))
    latest = counted(days_of((0.75, 0.1, 0.15), a_day=60, days=7, seed=2))
    found = compare(reference, latest)
    assert found is not None
    assert found.warns(KINDS)
    assert (found.parts[0].value, found.parts[0].then) == ("v2", 0.0)


def test_one_outage_of_a_day_is_no_warning() -> None:
    reference = days_of((0.9, 0.1), a_day=60, days=28, seed=1)
    latest = days_of((0.9, 0.1), a_day=60, days=7, seed=2)
    latest[3] += (0.0, 60.0)
    found = compare(counted(reference), counted(latest))
    assert found is not None
    assert not found.warns()


@pytest.mark.parametrize(("days", "a_day"), [(28, 1), (5, 100), (0, 0)])
def test_too_little_says_nothing(days: int, a_day: int) -> None:
    few = counted(days_of((0.5, 0.5), a_day=a_day, days=days, seed=1))
    assert compare(few, few) is None
