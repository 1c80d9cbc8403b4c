"""How many answers are wrong, from a random sample with known probabilities and a group that was looked at for certain.

Each reviewed answer counts for as many as it stands for: one over its probability (D. Horvitz and D. Thompson, "A
generalization of sampling without replacement from a finite universe", Journal of the American Statistical Association
47, 1952), with the weights scaled to the known number of answers. The interval is that of E. Korn and B. Graubard
("Confidence intervals for proportions with small expected number of positive counts estimated from survey data",
Survey Methodology 24, 1998): the exact one, for the sample size that the weights leave.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from triage.core.deciding.bounds import lower_limit, upper_limit


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One reviewed answer: wrong or not, and the probability with which it came to be reviewed."""

    wrong: bool
    probability: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """``share`` of wrong ones among ``total`` answers, from ``low`` to ``high`` with 90 %; ``seen`` were reviewed.

    All three are None where nothing was reviewed.
    """

    total: int
    seen: int
    wrong: int
    share: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def right(self) -> float | None:
        """The share that is not wrong."""
        return None if self.share is None else 1.0 - self.share

    @property
    def right_low(self) -> float | None:
        return None if self.high is None else 1.0 - self.high

    @property
    def right_high(self) -> float | None:
        return None if self.low is None else 1.0 - self.low


def estimate(drawn: Iterable[Reviewed], certain: Iterable[Reviewed], *, total: int, refused: int) -> Estimate:
    """Estimate the error among ``total`` answers, ``refused`` of which are looked at for certain.

    Parameters
    ----------
    drawn
        The reviewed ones among those that nobody refused.
    certain
        The reviewed ones among the refused.

    Notes
    -----
    Where only some of the refused were reviewed, these stand for all of them.
    """
    lots, sure = list(drawn), list(certain)
    plain = max(0, total - refused)
    parts = [part for part in (_part(lots, plain), _part(sure, refused)) if part is not None]
    seen, wrong = len(lots) + len(sure), sum(one.wrong for one in (*lots, *sure))
    covered = sum(part[0] for part in parts)
    if not seen or not covered:
        return Estimate(total=total, seen=seen, wrong=wrong)
    share, low, high = (sum(part[0] * part[at] for part in parts) / covered for at in (1, 2, 3))
    return Estimate(total=total, seen=seen, wrong=wrong, share=share, low=low, high=high)


def _part(rows: list[Reviewed], size: int) -> tuple[int, float, float, float] | None:
    """(answers it speaks for, share, lower limit, upper limit) of one group; None where nobody looked."""
    if not rows or not size:
        return None
    weights = [1.0 / row.probability for row in rows]
    share = sum(weight for weight, row in zip(weights, rows, strict=True) if row.wrong) / sum(weights)
    if len(rows) >= size:  # all of them were seen: nothing is left to chance
        return size, share, share, share
    effective = min(float(len(rows)), sum(weights) ** 2 / sum(weight * weight for weight in weights))
    wrong = share * effective
    return size, share, lower_limit(wrong, effective, delta=0.05), upper_limit(wrong, effective, delta=0.05)
