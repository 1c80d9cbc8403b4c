"""Spans of time in buckets: so few that they can be kept for each day, so fine that a quantile is within 2 %."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

#: Up to this many seconds each second is a bucket of its own; above it, each is so many times as long as the one before.
EXACT: Final = 60
GROWTH: Final = 1.02
WIDTH: Final = 4  # digits, so that buckets sort as texts


def bucket(seconds: float) -> str:
    """The bucket of a span; what lies before its beginning counts as none."""
    whole = max(0, int(seconds))
    if whole <= EXACT:
        return f"{whole:0{WIDTH}d}"
    return f"{EXACT + 1 + math.floor(math.log(whole / EXACT) / math.log(GROWTH)):0{WIDTH}d}"


def seconds_of(name: str) -> float:
    """The middle of a bucket, in seconds: no span in it is more than 1 % away."""
    number = int(name)
    return float(number) if number <= EXACT else EXACT * GROWTH ** (number - EXACT - 0.5)


def quantile(counts: Mapping[str, int], percent: int) -> int | None:
    """The nearest-rank quantile in seconds: the smallest span that ``percent`` of all do not exceed; None of none."""
    total = sum(counts.values())
    rank = -(-total * percent // 100)
    passed = 0
    for name in sorted(counts):
        passed += counts[name]
        if counts[name] and passed >= rank:
            return round(seconds_of(name))
    return None
