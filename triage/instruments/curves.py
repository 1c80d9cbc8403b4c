"""How far a confidence can be believed: the reliability diagram and the risk-coverage curve, of weighted cases."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from triage.core.deciding.bounds import lower_limit, upper_limit

BINS: Final = 10
POINTS: Final = 200  # of a curve: more than a screen shows


@dataclass(frozen=True, slots=True)
class Known:
    """One case of which it is known whether the top intent's answer was right; it stands for ``weight`` cases."""

    confidence: float
    right: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Bin:
    """The cases of a range of confidence: how sure the machine was on average, and how often it was right.

    ``low`` and ``high`` are the limits of the share that was right, with 90 %.
    """

    begins: float
    ends: float
    count: int
    confidence: float
    right: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Point:
    """Where all of at least ``limit`` are answered: the share answered, and the share wrong among these."""

    limit: float
    coverage: float
    risk: float


def reliability(cases: Iterable[Known], bins: int = BINS) -> list[Bin]:
    """The reliability diagram (Niculescu-Mizil and Caruana 2005); bins without a case are left out."""
    groups: list[list[Known]] = [[] for _ in range(bins)]
    for case in cases:
        groups[min(bins - 1, int(case.confidence * bins))].append(case)
    return [_bin(group, at / bins, (at + 1) / bins) for at, group in enumerate(groups) if group]


def _bin(group: Sequence[Known], begins: float, ends: float) -> Bin:
    weights = [case.weight for case in group]
    total = sum(weights)
    right = sum(case.weight for case in group if case.right) / total
    seen = min(float(len(group)), total**2 / sum(weight**2 for weight in weights))
    return Bin(
        begins=begins,
        ends=ends,
        count=len(group),
        confidence=sum(case.weight * case.confidence for case in group) / total,
        right=right,
        low=lower_limit(right * seen, seen, delta=0.05),
        high=upper_limit(right * seen, seen, delta=0.05),
    )


def calibration_error(cases: Iterable[Known], bins: int = BINS) -> float | None:
    """The expected calibration error: the mean gap between confidence and share right, by weight; None of none."""
    known = list(cases)
    total = sum(case.weight for case in known)
    if not total:
        return None
    groups: dict[int, list[Known]] = {}
    for case in known:
        groups.setdefault(min(bins - 1, int(case.confidence * bins)), []).append(case)
    gaps = (
        abs(sum(case.weight * (case.confidence - case.right) for case in group)) for group in groups.values()
    )
    return sum(gaps) / total


def risk_coverage(cases: Iterable[Known], points: int = POINTS) -> list[Point]:
    """The risk-coverage curve (Geifman and El-Yaniv 2017), the surest first; equals are answered together."""
    ordered = sorted(cases, key=lambda case: -case.confidence)
    total = sum(case.weight for case in ordered)
    found: list[Point] = []
    answered = wrong = 0.0
    for at, case in enumerate(ordered):
        answered += case.weight
        wrong += 0.0 if case.right else case.weight
        if at + 1 == len(ordered) or ordered[at + 1].confidence < case.confidence:
            found.append(Point(case.confidence, answered / total, wrong / answered))
    step = math.ceil(len(found) / points) if found else 1
    return [point for at, point in enumerate(found) if at % step == 0 or at + 1 == len(found)]
