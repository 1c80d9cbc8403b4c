"""An alarm with a guarantee: a betting e-process that tests whether the error stays within its target.

The error is the share of wrong ones among all automatic answers, of which only a random part is reviewed. Each
reviewed answer multiplies a wealth by ``1 + bet · weight · (wrong − target)``, where ``weight`` is the smallest
probability of being drawn that any answer had in that moment, over the answer's own. Whenever one looks, this is a nonnegative supermartingale as long as the error stays within the target. So by Ville's inequality
the wealth reaches ``1 / alpha`` with a probability of at most ``alpha``, over all time (I. Waudby-Smith and A. Ramdas,
"Estimating means of bounded random variables by betting", Journal of the Royal Statistical Society B 86, 2024; the
weights as in I. Waudby-Smith, L. Wu, A. Ramdas, N. Karampatziakis and P. Mineiro, "Anytime-valid off-policy inference
for contextual bandits", ACM/IMS Journal of Data Science 1, 2024).

The bets are fixed beforehand and mixed: each is the best one against some error above the target, and later starts
keep a good past from hiding a bad present (the sum over starts of J. Shin, A. Ramdas and A. Rinaldo, "E-detectors: a
nonparametric framework for sequential change detection", New England Journal of Statistics in Data Science 2, 2023,
with shares that sum to 1, so that the guarantee is one for all time and not one of an average run length). Because no bet depends on a verdict, a verdict that is still missing may
count as "right" until it is there: the wealth can only grow by it, so the order in which people review cannot raise
a false alarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Errors that the bets are made against, as multiples of the target, with their shares of the wealth.
RISES: Final = (2.0, 3.0, 5.0)
SHARES: Final = (0.1, 0.75, 0.15)
#: The share of the wealth that bets from the first answer on; the rest waits for later starts.
FROM_THE_START: Final = 0.4
#: A part of the rest starts after each so many reviewed answers.
START_EVERY: Final = 20
#: Of the rest, so much goes to the first of these starts; the others share evenly within each block of answers.
SOON: Final = 0.2
BLOCK: Final = 2_000
#: No bet stakes more than this part of what a right answer may cost at most.
LARGEST_STAKE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Alarm:
    """How far the evidence has come.

    ``wealth`` is the largest that was ever reached and ``now`` the latest; both begin at 1. ``distance`` says how
    much of the way to the alarm is left, from 1 (none gone) to 0 (there); ``crossed_at`` is the number of reviewed
    answers at which the limit was first reached, None if it never was.
    """

    reviewed: int
    wealth: float
    now: float
    limit: float
    crossed_at: int | None

    @property
    def crossed(self) -> bool:
        return self.crossed_at is not None

    @property
    def distance(self) -> float:
        gone = np.log(max(1.0, self.now)) / np.log(self.limit)
        return 0.0 if self.crossed else float(1.0 - min(1.0, gone))


def judge(wrong: Sequence[float], weights: Sequence[float], *, target: float, alpha: float) -> Alarm:
    """Follow the evidence that the error is above ``target``.

    Parameters
    ----------
    wrong
        Of each answer drawn for review, in the order of answering: 1 wrong, 0 right or not reviewed yet.
    weights
        The smallest probability of being drawn that any answer had in that moment, over this one's own: in (0, 1].
    target
        The error that is tolerated, in (0, 1).
    alpha
        The probability of a false alarm, over all time, that is tolerated.

    Raises
    ------
    ValueError
        If a number is outside its range, or there are not as many weights as verdicts.
    """
    if not (0.0 < target < 1.0 and 0.0 < alpha < 1.0):
        raise ValueError("Target and alpha lie between 0 and 1.")
    seen, weighed = np.asarray(wrong, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if seen.shape != weighed.shape or not np.all((weighed > 0.0) & (weighed <= 1.0)):
        raise ValueError("Each answer needs a weight above 0 and not above 1.")
    if not np.all((seen >= 0.0) & (seen <= 1.0)):
        raise ValueError("A verdict lies between 0 (right) and 1 (wrong).")
    path = wealth_path(seen, weighed, target=target)
    reached = np.flatnonzero(path >= 1.0 / alpha)
    return Alarm(
        reviewed=len(path),
        wealth=float(path.max(initial=1.0)),
        now=float(path[-1]) if len(path) else 1.0,
        limit=1.0 / alpha,
        crossed_at=int(reached[0]) + 1 if len(reached) else None,
    )


def wealth_path(wrong: Floats, weights: Floats, *, target: float) -> Floats:
    """The wealth after each reviewed answer, shape (…, n); ``wrong`` in [0, 1], ``weights`` in (0, 1]."""
    size = wrong.shape[-1]
    if not size:
        return np.ones_like(wrong)
    gains = weights * (wrong - target)
    shares = start_shares(size)
    total = np.zeros_like(gains)
    for rise, share in zip(RISES, SHARES, strict=True):
        run = np.cumsum(np.log1p(bet_against(rise * target, target) * gains), axis=-1)
        total += share * _mixed(run, shares)
    return total


def _mixed(run: Floats, shares: Floats) -> Floats:
    """The wealth of one bet over all its starts: ``run`` is its log wealth from the first answer on."""
    before = np.zeros_like(run)
    before[..., 1:] = run[..., :-1]
    starts = np.arange(len(shares)) * START_EVERY
    staked = np.zeros(run.shape[-1])
    staked[starts] = shares
    began = np.full_like(run, -np.inf)
    began[..., starts] = np.log(shares) - before[..., starts]
    return np.exp(run + np.logaddexp.accumulate(began, axis=-1)) + 1.0 - np.cumsum(staked)


def start_shares(size: int) -> Floats:
    """What is staked from each start on, those within ``size`` answers; all of them together sum to 1.

    An even share makes it all but indifferent where in a block a rise begins; each block gets less than the one before.
    """
    starts = np.arange(1, (size - 1) // START_EVERY + 1, dtype=np.float64)
    each = BLOCK // START_EVERY
    block = 1.0 + (starts - 1) // each
    even = 4.0 / (block * (block + 1.0) * (block + 2.0)) / each
    soon = 1.0 / (starts * (starts + 1.0))
    shares = (1.0 - SOON) * even + SOON * soon
    return np.concatenate(([FROM_THE_START], (1.0 - FROM_THE_START) * shares))


def bet_against(error: float, target: float) -> float:
    """The bet that grows fastest where the error is ``error`` (Kelly 1956), kept below what could lose it all."""
    error = min(error, 0.999)
    best = (error - target) / (target * (1.0 - target))
    return min(best, LARGEST_STAKE / target)
