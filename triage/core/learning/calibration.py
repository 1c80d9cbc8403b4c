"""Turns scores into honest probabilities, and measures how honest they are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

FloatArray = npt.NDArray[np.floating]
#: Whether each answer was right, as booleans or as 0 and 1.
Outcomes = npt.NDArray[np.bool_] | npt.NDArray[np.floating]
IntArray = npt.NDArray[np.integer]

#: Bounds of the natural logarithm of the sharpness that :func:`fit_sharpness` searches.
_LOG_SHARPNESS = (-4.0, 5.0)
#: By so much :func:`doubt_the_unlikely` stretches the log-odds below an even chance.
_DOUBT, _EVEN = 1.5, 0.5


def softmax(scores: FloatArray) -> npt.NDArray[np.float64]:
    """Turn scores into probabilities along the last axis; each row sums to one."""
    shifted = np.asarray(scores, dtype=np.float64) - np.max(scores, axis=-1, keepdims=True)
    powers = np.exp(shifted)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def fit_sharpness(scores: FloatArray, labels: IntArray) -> float:
    """Find the factor that makes ``softmax(factor * scores)`` most likely on held-out texts.

    Parameters
    ----------
    scores : ndarray, shape (n_texts, n_classes)
        Scores from models that have not seen these texts.
    labels : ndarray of int, shape (n_texts,)
        Column of the right class.

    Returns
    -------
    float
        The inverse of the temperature of Guo et al., "On calibration of modern neural networks", 2017.
    """
    rows = np.arange(len(labels))

    def surprise(log_factor: float) -> float:
        scaled = np.exp(log_factor) * np.asarray(scores, dtype=np.float64)
        peak = scaled.max(axis=1)
        total = np.log(np.exp(scaled - peak[:, None]).sum(axis=1)) + peak
        return float(np.mean(total - scaled[rows, labels]))

    found = minimize_scalar(surprise, bounds=_LOG_SHARPNESS, method="bounded")
    return float(np.exp(found.x))


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Texts of similar confidence: how sure the model was on average and how often it was right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def reliability(confidence: FloatArray, right: Outcomes, *, bins: int = 15) -> tuple[ReliabilityBin, ...]:
    """Sort texts into equally wide confidence bins (empty ones are left out).

    Parameters
    ----------
    confidence : ndarray, shape (n,)
        Probabilities in [0, 1].
    right : ndarray of bool or 0/1, shape (n,)
        Whether each answer was right.
    bins : int
        Number of bins over [0, 1].
    """
    edges = np.linspace(0.0, 1.0, bins + 1)
    place = np.clip(np.ceil(np.asarray(confidence) * bins).astype(int) - 1, 0, bins - 1)
    hits = np.asarray(right, dtype=np.float64)
    return tuple(
        ReliabilityBin(
            low=float(edges[b]),
            high=float(edges[b + 1]),
            count=int(inside.sum()),
            confidence=float(np.mean(np.asarray(confidence)[inside])),
            accuracy=float(np.mean(hits[inside])),
        )
        for b in range(bins)
        if (inside := place == b).any()
    )


def expected_calibration_error(confidence: FloatArray, right: Outcomes, *, bins: int = 15) -> float:
    """Return the mean gap between confidence and accuracy over the bins, in [0, 1].

    As in Naeini et al., "Obtaining well calibrated probabilities using Bayesian binning", 2015.
    """
    found = reliability(confidence, right, bins=bins)
    return sum(b.count * abs(b.confidence - b.accuracy) for b in found) / max(len(confidence), 1)


def brier(confidence: FloatArray, right: Outcomes) -> float:
    """Return the mean squared distance between confidence and outcome (1 right, 0 wrong), in [0, 1]."""
    if not len(confidence):
        return 0.0
    return float(np.mean((np.asarray(confidence) - np.asarray(right, dtype=np.float64)) ** 2))


def probability(log_odds: float) -> float:
    """What log-odds say."""
    return 1 / (1 + math.exp(-max(min(log_odds, 30.0), -30.0)))


def doubt_the_unlikely(confidence: float) -> float:
    """Lower a confidence below one half that is the product of two, by half of its log-odds again.

    What is unlike anything taught is misjudged by both: of strangers' messages said to be 38 % sure 30 % were right.
    From one half on the product keeps its word, so no answer depends on this.
    """
    if not 0.0 < confidence < _EVEN:
        return confidence
    return probability(_DOUBT * math.log(confidence / (1 - confidence)))


def share_out(confidence: float, probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Put the confidence on the best intent and scale the others so that no sum exceeds one."""
    top = int(np.argmax(probabilities))
    best = float(probabilities[top])
    rest = (1 - confidence) / (1 - best) if best < 1 else 0.0
    shares = probabilities * min(confidence / best, rest)
    shares[top] = confidence
    return shares
