"""Exact limits of a share, without the libraries of the engine: who only reads figures need not load them."""

from __future__ import annotations

import math
from typing import Final

_STEPS: Final = (
    200  # of the continued fraction; it has converged long before for every sample that fits a helpdesk
)
_TINY: Final = 1e-300
_HALVINGS: Final = 60  # 2**-60 of the way is below what a float tells apart


def upper_limit(wrong: float, seen: float, *, delta: float = 0.1) -> float:
    """The one-sided upper confidence limit of a share (Clopper and Pearson 1934): true with 1 − ``delta``.

    The counts need not be whole, so that an effective sample size serves as well. Nothing seen limits nothing: 1.0.
    """
    if seen <= 0 or wrong >= seen:
        return 1.0
    return _quantile(1.0 - delta, wrong + 1.0, seen - wrong)


def lower_limit(wrong: float, seen: float, *, delta: float = 0.1) -> float:
    """The one-sided lower confidence limit of a share; 0.0 where none was wrong."""
    if seen <= 0 or wrong <= 0:
        return 0.0
    return _quantile(delta, wrong, seen - wrong + 1.0)


def smallest_sample(target: float, *, delta: float = 0.1) -> int:
    """How many right ones without a wrong one it takes until the upper limit is within ``target``."""
    return math.ceil(math.log(delta) / math.log1p(-target))


def two_sided(t: float, freedom: int) -> float:
    """The probability that Student's t with so many degrees of freedom is at least so far from 0."""
    return _beta_cdf(freedom / (freedom + t * t), freedom / 2.0, 0.5)


def _quantile(share: float, a: float, b: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _beta_cdf(middle, a, b) < share else (low, middle)
    return (low + high) / 2


def _beta_cdf(x: float, a: float, b: float) -> float:
    """The distribution function of Beta(a, b), by its continued fraction (Lentz 1976)."""
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _beta_cdf(1.0 - x, b, a)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    c, d = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    total = d
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / _away_from_zero(1.0 + term * d)
            c = _away_from_zero(1.0 + term / c)
            total *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return front * total / a


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


#: Of the standard normal distribution, for 95 % between two limits.
_Z: Final = 1.959963984540054


def difference_limits(hits: int, seen: int, other_hits: int, other_seen: int) -> tuple[float, float, float]:
    """How far one share is above another of an independent sample: (difference, lower, upper limit) at 95 %.

    The hybrid score interval (R. Newcombe, "Interval estimation for the difference between independent proportions",
    Statistics in Medicine 17, 1998, method 10). Both samples must hold something.
    """
    share, other = hits / seen, other_hits / other_seen
    low, high = _score_limits(hits, seen)
    other_low, other_high = _score_limits(other_hits, other_seen)
    difference = share - other
    below = math.hypot(share - low, other_high - other)
    above = math.hypot(high - share, other - other_low)
    return difference, max(-1.0, difference - below), min(1.0, difference + above)


def _score_limits(hits: int, seen: int) -> tuple[float, float]:
    """The score interval of one share (Wilson 1927)."""
    share, square = hits / seen, _Z * _Z
    middle = (share + square / (2 * seen)) / (1 + square / seen)
    half = _Z / (1 + square / seen) * math.sqrt(share * (1 - share) / seen + square / (4 * seen * seen))
    return max(0.0, middle - half), min(1.0, middle + half)
