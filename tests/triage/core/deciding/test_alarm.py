"""The alarm keeps its guarantee and is quick: simulated on the function that decides, with seeds."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.core.deciding.alarm import bet_against, judge, start_shares, wealth_path

TARGET, ALPHA, RUNS, AUDITS = 0.05, 0.05, 1_000, 2_000


def simulated(error: float, *, audits: int, seed: int, before: int = 0) -> npt.NDArray[np.float64]:
    """At which reviewed answer each of RUNS streams goes off (infinity: never); TARGET wrong ``before``."""
    luck = np.random.default_rng(seed).random((RUNS, audits))
    errors = np.where(np.arange(audits) < before, TARGET, error)
    path = wealth_path((luck < errors).astype(np.float64), np.ones((RUNS, audits)), target=TARGET)
    crossed = path >= 1 / ALPHA
    return np.where(crossed.any(axis=-1), crossed.argmax(axis=-1) + 1.0, math.inf)


def test_false_alarms_at_exactly_the_target_are_rare() -> None:
    assert np.isfinite(simulated(TARGET, audits=AUDITS, seed=1)).mean() <= ALPHA


def test_a_rise_to_three_times_the_target_is_found_soon() -> None:
    found = simulated(0.15, audits=600, seed=2)
    assert np.median(found) <= 50
    assert np.quantile(found, 0.9) <= 125


@pytest.mark.parametrize("before", [100, 300, 1_000, 1_900])
def test_a_rise_is_found_about_as_soon_wherever_it_begins(before: int) -> None:
    found = simulated(0.15, audits=before + 800, seed=3, before=before)
    late = found[found > before] - before
    assert np.median(late) <= 110
    assert np.quantile(late, 0.9) <= 205


def test_what_is_best_for_this_very_rise_is_not_much_quicker() -> None:
    """The cumulative sum (Page 1954) that knows the rise, with the limit that false alarms allow in AUDITS.

    None with as few false alarms has a shorter longest delay (Moustakides 1986), so this is what a late alarm costs.
    """
    limit = np.quantile(cumulative_sums(TARGET, audits=AUDITS, seed=1).max(axis=-1), 1 - ALPHA)
    crossed = cumulative_sums(0.15, audits=1_100, seed=3, before=300) >= limit
    found = np.where(crossed.any(axis=-1), crossed.argmax(axis=-1) + 1.0, math.inf)
    late = found[found > 300] - 300
    assert np.median(late) >= 65
    assert np.quantile(late, 0.9) >= 140


def cumulative_sums(error: float, *, audits: int, seed: int, before: int = 0) -> npt.NDArray[np.float64]:
    luck = np.random.default_rng(seed).random((RUNS, audits))
    wrong = (luck < np.where(np.arange(audits) < before, TARGET, error)).astype(np.float64)
    gains = np.log1p(bet_against(0.15, TARGET) * (wrong - TARGET))
    run = np.cumsum(gains, axis=-1)
    lowest = np.minimum.accumulate(np.minimum(run, 0.0), axis=-1)
    return run - lowest


def test_answers_drawn_with_unequal_probabilities_keep_the_guarantee() -> None:
    """Wrong answers are drawn twice as often as right ones; unweighted, that would look like twice the error."""
    chance = np.random.default_rng(4)
    wrong = (chance.random((RUNS, 6_000)) < TARGET).astype(np.float64)
    probability = np.where(wrong == 1.0, 0.4, 0.2)
    drawn = chance.random(wrong.shape) < probability
    off = 0
    for run in range(RUNS):
        kept = drawn[run]
        weighed = 0.2 / probability[run][kept]
        off += judge(wrong[run][kept], weighed, target=TARGET, alpha=ALPHA).crossed
    assert off / RUNS <= ALPHA


def test_what_is_staked_is_all_there_was() -> None:
    assert 1.0 - start_shares(1_000_000).sum() == pytest.approx(0.0, abs=1e-4)
    assert wealth_path(np.zeros(1), np.ones(1), target=TARGET)[0] < 1.0


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=400), st.data())
def test_a_verdict_that_is_still_missing_cannot_set_it_off(
    verdicts: list[float], data: st.DataObject
) -> None:
    """Counted as right until it is there: with fewer verdicts the wealth is never larger."""
    weights = np.ones(len(verdicts))
    known = data.draw(st.lists(st.booleans(), min_size=len(verdicts), max_size=len(verdicts)))
    so_far = np.where(known, verdicts, 0.0)
    whole = wealth_path(np.array(verdicts), weights, target=TARGET)
    assert np.all(wealth_path(so_far, weights, target=TARGET) <= whole * (1 + 1e-9))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 1)), max_size=200), st.floats(0.01, 0.5))
def test_the_wealth_is_a_number_and_never_lost(rows: list[tuple[float, float]], target: float) -> None:
    found = judge([row[0] for row in rows], [row[1] for row in rows], target=target, alpha=ALPHA)
    assert 0.0 < found.now <= found.wealth
    assert 0.0 <= found.distance <= 1.0
    assert found.crossed == (found.wealth >= found.limit)


def test_many_wrong_ones_go_off_and_stay_off() -> None:
    found = judge([1.0] * 5 + [0.0] * 500, [1.0] * 505, target=TARGET, alpha=ALPHA)
    assert (found.crossed, found.distance) == (True, 0.0)
    assert found.crossed_at is not None
    assert found.crossed_at <= 5


def test_a_long_stream_of_wrong_ones_overflows_nothing() -> None:
    assert judge([0.0] * 5_000 + [1.0] * 200, [1.0] * 5_200, target=TARGET, alpha=ALPHA).crossed


def test_without_a_review_nothing_is_known() -> None:
    assert judge([], [], target=TARGET, alpha=ALPHA).distance == 1.0


@pytest.mark.parametrize(
    ("wrong", "weights", "target", "alpha"),
    [
        ([1.0], [0.0], 0.05, 0.05),
        ([1.0], [1.1], 0.05, 0.05),
        ([1.0], [math.nan], 0.05, 0.05),
        ([2.0], [1.0], 0.05, 0.05),
        ([math.nan], [1.0], 0.05, 0.05),
        ([1.0], [], 0.05, 0.05),
        ([1.0], [1.0], 0.0, 0.05),
        ([1.0], [1.0], 0.05, 1.0),
    ],
)
def test_what_makes_no_sense_is_refused(
    wrong: list[float], weights: list[float], target: float, alpha: float
) -> None:
    with pytest.raises(ValueError, match=r"lie|needs|lies"):
        judge(wrong, weights, target=target, alpha=alpha)


def test_no_bet_can_lose_everything() -> None:
    assert all(bet_against(error, TARGET) * TARGET < 1.0 for error in (0.06, 0.5, 1.0, 7.0))
