"""Whether what comes in is still mixed as it was: a second, slower watch that only warns.

Each value (a language, an intent) is compared by its daily shares, the latest days with those of a reference. Tickets of
one day belong together (an outage, a newsletter), so the day is the unit, and the days themselves tell by how much days
differ: Student's t on shares whose variance was steadied (F. J. Anscombe, "The transformation of Poisson, binomial and
negative-binomial data", Biometrika 35, 1948), with no less variance than chance alone would give. With the same part of
``YEARLY`` for each value, kind and daily look, at most ``YEARLY`` of all houses in which nothing changes get any false
warning within a year (Bonferroni).

With many tickets any small change is certain, so it must also be large: the population stability index, the sum of
``(now − then) · ln(now / then)`` over the value and its rest (N. Siddiqi, *Credit Risk Scorecards*, 2006), must reach
``SMALLEST``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from triage.core.deciding.bounds import two_sided

Floats = npt.NDArray[np.float64]
Counts = Mapping[str, int]

#: The share of houses that may get a false warning of any kind within a year.
YEARLY: Final = 0.05
LOOKS: Final = 365
#: The index below which a change is no matter: about that of a share of 5 % that becomes 10 %. 0.1 is called moderate.
SMALLEST: Final = 0.03
#: Values of which fewer tickets are to be expected on either side are not tested.
EXPECTED: Final = 5.0
#: Tickets that either side must have.
FEWEST: Final = 100
#: Days with tickets that the reference must have, to tell how much days differ.
FEWEST_DAYS: Final = 10


@dataclass(frozen=True, slots=True)
class Part:
    """One value with its shares then and now, in [0, 1].

    ``index`` is the size of the difference, ``p`` the probability of one as large in a stream that has not changed,
    already multiplied by the number of values; 1 where too few tickets are to be expected to tell.
    """

    value: str
    then: float
    now: float
    index: float
    p: float

    def warns(self, kinds: int = 1) -> bool:
        """Whether it is a warning where ``kinds`` kinds are compared every day."""
        return self.p <= YEARLY / (LOOKS * kinds) and self.index >= SMALLEST


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many tickets were compared, and all values: what changed most surely first."""

    then: int
    now: int
    parts: tuple[Part, ...]

    def warns(self, kinds: int = 1) -> bool:
        return any(part.warns(kinds) for part in self.parts)


def compare(reference: Sequence[Counts], latest: Sequence[Counts]) -> Comparison | None:
    """Compare the latest days with those of the reference; each day says how many tickets had which value.

    None where there are too few tickets or days to tell.
    """
    before = [day for day in reference if sum(day.values())]
    after = [day for day in latest if sum(day.values())]
    names = sorted(set().union(*before, *after))
    then, now = _table(before, names), _table(after, names)
    if min(then.sum(), now.sum()) < FEWEST or len(before) < FEWEST_DAYS or len(after) < 2:
        return None
    total, total_now = then.sum(axis=0), now.sum(axis=0)
    columns = zip(
        names,
        total / total.sum(),
        total_now / total_now.sum(),
        _sizes(total, total_now),
        probabilities(then, now),
        strict=True,
    )
    parts = [Part(name, *map(float, row)) for name, *row in columns]
    parts.sort(key=lambda part: (part.p if part.index >= SMALLEST else 1.0, -part.index))
    return Comparison(int(total.sum()), int(total_now.sum()), tuple(parts))


def _table(days: Sequence[Counts], names: Sequence[str]) -> Floats:
    rows = [[day.get(name, 0) for name in names] for day in days]
    return np.array(rows, dtype=np.float64).reshape(len(days), len(names))


def probabilities(days: Floats, latest: Floats) -> Floats:
    """Of each value its ``p``, shape (values,); ``days`` and ``latest`` have the shape (days, values)."""
    then, now = days.sum(axis=0), latest.sum(axis=0)
    pooled = (then + now) / (then.sum() + now.sum())
    tellable = np.minimum(pooled, 1.0 - pooled) * min(then.sum(), now.sum()) >= EXPECTED
    before, after = _steadied(days), _steadied(latest)
    freedom = len(before) + len(after) - 2
    spread = ((before - before.mean(axis=0)) ** 2).sum(axis=0) + ((after - after.mean(axis=0)) ** 2).sum(
        axis=0
    )
    chance = 0.25 / np.concatenate([days.sum(axis=1), latest.sum(axis=1)]).mean()
    variance = np.maximum(spread / freedom, chance) * (1.0 / len(before) + 1.0 / len(after))
    t = np.abs(after.mean(axis=0) - before.mean(axis=0)) / np.sqrt(variance)
    p = np.array([two_sided(float(one), freedom) for one in t])
    found: Floats = np.where(tellable, np.minimum(1.0, p * max(1, int(tellable.sum()))), 1.0)
    return found


def _steadied(days: Floats) -> Floats:
    """The shares of each day on a scale on which their variance hardly depends on them (Anscombe 1948)."""
    found: Floats = np.arcsin(np.sqrt((days + 0.375) / (days.sum(axis=1, keepdims=True) + 0.75)))
    return found


def _sizes(then: Floats, now: Floats) -> Floats:
    """The index of each value against its rest. Half a ticket more, so that what was never seen has a logarithm."""
    before = (then + 0.5) / (then.sum() + 1.0)
    after = (now + 0.5) / (now.sum() + 1.0)
    found: Floats = (after - before) * (np.log(after / before) - np.log((1.0 - after) / (1.0 - before)))
    return found
