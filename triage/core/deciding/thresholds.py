"""Finds the confidence above which the error among answered tickets is bounded, with proof.

A threshold picked by looking at the error on the same history breaks its promise about every
second time. The methods here come with a finite-sample guarantee instead: with probability at
least ``1 - delta`` the error among the answered tickets of a coming period stays at or below
``target_error``. It holds only as long as tomorrow looks like the
labelled history (the tickets could be shuffled between the two without anyone noticing).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from triage.core.deciding.policy import HELD_BACK

#: Steps between certainty and the floor; more only adds chances to stop early.
GRID_STEPS: Final = 60
#: The walks start at so many times the sample that could prove the promise without a single error:
#: one early for small samples, one late that forgives a few wrong labels among the surest tickets.
_STARTS: Final = (1.5, 3.0)
_SETTLING_ROUNDS: Final = 3
_TOP_LOGIT: Final = 9.0  # 0.99988: above it no history is long enough to tell thresholds apart


class Method(StrEnum):
    """How the threshold is searched.

    ``FIXED_SEQUENCE`` (with two starts) and ``BONFERRONI`` are Learn-then-Test (Angelopoulos,
    Bates, Candès, Jordan and Lei 2021, arXiv:2110.01052); ``SGR`` is selection with guaranteed
    risk (Geifman and El-Yaniv 2017, arXiv:1705.08500). All use exact hypergeometric p-values.
    The product uses the first; ``benchmarks/guarantee.py`` compares it with the others.
    """

    FIXED_SEQUENCE = "fixed_sequence"
    BONFERRONI = "bonferroni"
    SGR = "sgr"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A threshold with the proof that comes with it.

    Attributes
    ----------
    value
        Answer at this confidence or above. None: no threshold keeps the promise, never answer.
    bound
        Upper limit of the long-run error among answered tickets at the level the search tested at
        (so with confidence ``1 - delta`` whatever threshold was chosen); 1.0 for None.
    sample_size
        Labelled tickets looked at.
    answered, errors
        How many of them lie at or above ``value``, and how many of those were wrong.
    coverage
        ``answered / sample_size``.
    """

    value: float | None
    bound: float
    sample_size: int
    answered: int
    errors: int
    coverage: float

    @property
    def holds(self) -> bool:
        return self.value is not None

    @property
    def for_policy(self) -> float:
        """The number to store for an intent: no confidence reaches it where nothing holds."""
        return HELD_BACK if self.value is None else self.value


def find_threshold(
    confidence: ArrayLike,
    correct: ArrayLike,
    *,
    target_error: float,
    delta: float = 0.1,
    floor: float = 0.0,
    method: Method = Method.FIXED_SEQUENCE,
) -> Threshold:
    """Find the lowest threshold whose error among the answered of as many tickets again is bounded.

    Parameters
    ----------
    confidence
        Shape (n,), in [0, 1]: what the engine gave tickets it was *not* trained on.
    correct
        Shape (n,), bool: whether the answer would have been right. An out-of-scope ticket is
        never right.
    target_error
        In (0, 1): the promised error among answered tickets.
    delta
        In (0, 1): how often the promise may fail over repeated draws of the history.
    floor
        The general threshold below which nothing is ever answered.
    method
        See :class:`Method`.

    Raises
    ------
    ValueError
        When the arrays differ in length, a confidence is no probability, or a limit is outside (0, 1).
    """
    sample = _Sample.of(confidence, correct, floor)
    promise = _Promise(target_error, delta)
    value = _SEARCHES[method](sample, promise)
    answered, errors = sample.at(value) if value is not None else (0, 0)
    size = sample.size
    return Threshold(
        value=value,
        bound=upper_bound(errors, answered, delta=_level(method, sample, delta)),
        sample_size=size,
        answered=answered,
        errors=errors,
        coverage=answered / size if size else 0.0,
    )


def upper_bound(errors: int, answered: int, *, delta: float = 0.1) -> float:
    """Return the exact one-sided upper confidence limit of an error rate (Clopper and Pearson 1934).

    With ``errors`` wrong among ``answered`` the true rate exceeds the limit with probability at
    most ``delta``. Nothing answered bounds nothing: 1.0.
    """
    if answered == 0 or errors >= answered:
        return 1.0
    return float(stats.beta.ppf(1.0 - delta, errors + 1, answered - errors))


def smallest_sample(target_error: float, delta: float = 0.1) -> int:
    """Return how many answered tickets, all of them right, the promise needs at the very least."""
    return math.ceil(math.log(delta) / math.log1p(-target_error))


@dataclass(frozen=True, slots=True)
class _Sample:
    """The history sorted by falling confidence, with running error counts."""

    confidence: NDArray[np.float64]
    errors_above: NDArray[np.int64]
    floor: float

    @classmethod
    def of(cls, confidence: ArrayLike, correct: ArrayLike, floor: float) -> _Sample:
        values = np.asarray(confidence, dtype=np.float64)
        right = np.asarray(correct, dtype=bool)
        if values.ndim != 1 or values.shape != right.shape:
            raise ValueError(
                f"confidence has shape {values.shape} and correct {right.shape}: give one of each a ticket."
            )
        if not bool(np.all((values >= 0.0) & (values <= 1.0))):
            raise ValueError("A confidence is not a number between 0 and 1: leave such tickets out.")
        order = np.argsort(-values, kind="stable")
        return cls(values[order], np.cumsum(~right[order], dtype=np.int64), floor)

    @property
    def size(self) -> int:
        return len(self.confidence)

    def at(self, threshold: float) -> tuple[int, int]:
        """Return (answered, errors) at a threshold."""
        answered = int(np.searchsorted(-self.confidence, -threshold, side="right"))
        return answered, int(self.errors_above[answered - 1]) if answered else 0


def _grid(floor: float) -> list[float]:
    """Thresholds from near certainty down to the floor, even in log-odds; fixed before any look at data."""
    low = max(floor, 0.02)
    if low >= 1.0:
        return [1.0]
    bottom = math.log(low / (1.0 - low))
    if bottom >= _TOP_LOGIT:
        return [floor]
    steps = np.linspace(_TOP_LOGIT, bottom, GRID_STEPS)
    return [*(1.0 / (1.0 + math.exp(-step)) for step in steps[:-1]), low]


@dataclass(frozen=True, slots=True)
class _Promise:
    """What is promised, and the exact test of it."""

    target_error: float
    delta: float

    def __post_init__(self) -> None:
        for name, value in (("target_error", self.target_error), ("delta", self.delta)):
            if not 0.0 < value < 1.0:
                raise ValueError(f"{name} is {value}: give a share strictly between 0 and 1, such as 0.02.")

    def p_value(self, errors: int, answered: int) -> float:
        """Chance of so few errors here if the promise were broken: small means it is kept.

        The chance that, of all errors in the history and in as many tickets to come, at most
        ``errors`` fell into the history although the coming ones got more than the target.
        """
        if answered == 0:
            return 1.0
        too_many = math.floor(self.target_error * answered) + 1
        return float(stats.hypergeom.cdf(errors, 2 * answered, errors + too_many, answered))


def _fixed_sequence(sample: _Sample, promise: _Promise) -> float | None:
    """Walk down from a strict threshold and stop at the first that cannot be proven; from two starts.

    Each walk has an equal share of ``delta``. It starts where a multiple of the smallest useful
    sample is answered, or at the floor if there never is. Starting by counts alone keeps the
    family-wise level as long as the error does not rise with the confidence.
    """
    share = promise.delta / len(_STARTS)
    needed = smallest_sample(promise.target_error, share)
    reached = sample.at(sample.floor)[0]
    found = [_walk(sample, promise, min(times * needed, reached), share) for times in _STARTS]
    return min((value for value in found if value is not None), default=None)


def _walk(sample: _Sample, promise: _Promise, start: float, level: float) -> float | None:
    best: float | None = None
    for threshold in _grid(sample.floor):
        answered, errors = sample.at(threshold)
        if answered < start:
            continue
        if promise.p_value(errors, answered) > level:
            break
        best = threshold
    return best


def _bonferroni(sample: _Sample, promise: _Promise) -> float | None:
    """Test every threshold at an equal share of ``delta``; no assumption on how the error moves."""
    grid = _grid(sample.floor)
    proven = []
    for threshold in grid:
        answered, errors = sample.at(threshold)
        if promise.p_value(errors, answered) <= promise.delta / len(grid):
            proven.append(threshold)
    return min(proven, default=None)


def _sgr(sample: _Sample, promise: _Promise) -> float | None:
    """Binary search over the sorted confidences, every step tested at an equal share of ``delta``."""
    lowest, highest = 0, sample.at(sample.floor)[0] - 1
    share = promise.delta / _sgr_steps(sample)
    best: float | None = None
    while lowest <= highest:
        middle = (lowest + highest) // 2
        threshold = float(sample.confidence[middle])
        answered, errors = sample.at(threshold)
        if promise.p_value(errors, answered) <= share:
            best, lowest = threshold, middle + 1
        else:
            highest = middle - 1
    return best


def _sgr_steps(sample: _Sample) -> int:
    return max(1, math.ceil(math.log2(sample.size + 1)))


_SEARCHES: Final = {
    Method.FIXED_SEQUENCE: _fixed_sequence,
    Method.BONFERRONI: _bonferroni,
    Method.SGR: _sgr,
}


def _level(method: Method, sample: _Sample, delta: float) -> float:
    """Return the level at which each single threshold was tested."""
    shares = {
        Method.FIXED_SEQUENCE: len(_STARTS),
        Method.BONFERRONI: len(_grid(sample.floor)),
        Method.SGR: _sgr_steps(sample),
    }
    return delta / shares[method]


class Basis(StrEnum):
    """Whose history an intent's threshold rests on."""

    INTENT = "intent"
    GROUP = "group"
    REST = "rest"
    HELD_BACK = "held_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentThreshold:
    """An intent's threshold, and the tickets it was proven on (its own, its group's, the rest's)."""

    basis: Basis
    threshold: Threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """One threshold for everything, and one for each intent; all of these hold together with ``1 - delta``."""

    overall: Threshold
    intents: Mapping[str, IntentThreshold]

    @property
    def held_back(self) -> tuple[str, ...]:
        """Intents no history vouches for: never answer these automatically."""
        return tuple(sorted(i for i, found in self.intents.items() if not found.threshold.holds))


def find_intent_thresholds(
    confidence: ArrayLike,
    correct: ArrayLike,
    intents: Sequence[str],
    *,
    target_error: float,
    delta: float = 0.1,
    floor: float = 0.0,
    groups: Mapping[str, str] | None = None,
) -> Guarantee:
    """Find a threshold for each intent: its own, its group's, that of the rest, or none.

    An intent stands alone where enough of its tickets lie above the floor to prove the promise
    with room for error (three times :func:`smallest_sample`). Smaller ones are pooled by group,
    and groups still too small into one rest. Which pool an intent belongs to depends only on
    counts of confident tickets, never on which were right, so the choice costs no certainty.
    ``delta`` is split evenly among the pools.

    Parameters
    ----------
    intents
        Shape (n,): the *predicted* intent of each ticket.
    groups
        Group of each intent; an intent that is missing goes straight to the rest.

    Returns
    -------
    Guarantee
        With one entry for each intent in ``intents``.
    """
    values, right = np.asarray(confidence, dtype=np.float64), np.asarray(correct, dtype=bool)
    labels = np.asarray(intents, dtype=object)
    if labels.shape != values.shape:
        raise ValueError(f"intents has shape {labels.shape}, confidence {values.shape}: give one a ticket.")
    find = partial(find_threshold, target_error=target_error, floor=floor)
    overall = find(values, right, delta=delta)
    members = _pools(labels, values >= floor, groups or {}, target_error, delta)
    for _ in range(
        _SETTLING_ROUNDS
    ):  # splitting delta asks for larger pools, which are fewer: settle on both
        level = delta / max(1, len(members))
        members = _pools(labels, values >= floor, groups or {}, target_error, level)
    level = delta / max(1, len(members))
    found: dict[str, IntentThreshold] = {}
    for (basis, _), names in members.items():
        mine = np.isin(labels, names)
        threshold = find(values[mine], right[mine], delta=level)
        settled = basis if threshold.holds else Basis.HELD_BACK
        found |= {name: IntentThreshold(basis=settled, threshold=threshold) for name in names}
    return Guarantee(overall=overall, intents=found)


def _pools(
    labels: NDArray[np.object_],
    confident: NDArray[np.bool_],
    groups: Mapping[str, str],
    target_error: float,
    delta: float,
) -> dict[tuple[Basis, str], list[str]]:
    """Assign each intent to a pool by how many confident tickets there are."""
    needed = 3 * smallest_sample(target_error, delta)
    counts = {name: int(np.sum(confident & (labels == name))) for name in sorted(set(labels.tolist()))}
    pools: dict[tuple[Basis, str], list[str]] = {}
    for name, count in counts.items():
        if count >= needed:
            pools[Basis.INTENT, name] = [name]
        elif name in groups:
            pools.setdefault((Basis.GROUP, groups[name]), []).append(name)
        else:
            pools.setdefault((Basis.REST, "rest"), []).append(name)
    small = [
        key
        for key, names in pools.items()
        if key[0] is Basis.GROUP and sum(counts[name] for name in names) < needed
    ]
    for key in small:
        pools.setdefault((Basis.REST, "rest"), []).extend(pools.pop(key))
    return pools
