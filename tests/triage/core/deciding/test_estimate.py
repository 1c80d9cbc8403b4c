"""The published estimate is right on average, and its interval holds what it promises."""

from __future__ import annotations

import numpy as np
import pytest

from triage.core.deciding.estimate import Estimate, Reviewed, estimate


def sampled(seed: int) -> tuple[list[Reviewed], list[Reviewed], int, int, float]:
    """1,000 answers, 4 % wrong; the unsure half is wrong more often and drawn more often; some are refused."""
    luck = np.random.default_rng(seed)
    unsure = luck.random(1_000) < 0.5
    wrong = luck.random(1_000) < np.where(unsure, 0.07, 0.01)
    refused = luck.random(1_000) < np.where(wrong, 0.4, 0.02)
    chance = np.where(unsure, 0.4, 0.1)
    drawn = luck.random(1_000) < chance
    lots = [Reviewed(bool(wrong[i]), float(chance[i])) for i in np.flatnonzero(drawn & ~refused)]
    sure = [Reviewed(bool(wrong[i]), 1.0) for i in np.flatnonzero(refused)]
    return lots, sure, 1_000, int(refused.sum()), float(wrong.mean())


def test_it_is_right_on_average_and_its_interval_holds() -> None:
    shares, held = [], 0
    for seed in range(300):
        lots, sure, total, refused, truth = sampled(seed)
        found = estimate(lots, sure, total=total, refused=refused)
        assert found.share is not None
        assert found.low is not None
        assert found.high is not None
        shares.append(found.share - truth)
        held += found.low <= truth <= found.high
    assert abs(float(np.mean(shares))) < 0.002
    assert held / 300 >= 0.9


def test_counting_the_reviewed_alone_would_be_far_off() -> None:
    lots, sure, *_, truth = sampled(0)
    naive = sum(one.wrong for one in (*lots, *sure)) / (len(lots) + len(sure))
    assert naive > 1.5 * truth


def test_nothing_reviewed_says_nothing() -> None:
    found = estimate([], [], total=100, refused=0)
    assert (found.share, found.low, found.high, found.right, found.total) == (None, None, None, None, 100)


def test_all_reviewed_is_no_estimate() -> None:
    found = estimate([Reviewed(at == 0, 0.5) for at in range(10)], [], total=10, refused=0)
    assert (found.share, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))


def test_none_wrong_still_has_an_upper_limit() -> None:
    found = estimate([Reviewed(False, 0.1)] * 58, [], total=580, refused=0)
    assert found.low == 0.0
    assert found.high == pytest.approx(0.05, abs=0.001)


def test_what_is_right_mirrors_what_is_wrong_and_nothing_reviewed_says_nothing() -> None:
    found = Estimate(total=100, seen=20, wrong=1, share=0.05, low=0.01, high=0.2)
    assert (found.right, found.right_low, found.right_high) == pytest.approx((0.95, 0.8, 0.99))
    nothing = Estimate(total=100, seen=0, wrong=0)
    assert (nothing.right, nothing.right_low, nothing.right_high) == (None, None, None)
