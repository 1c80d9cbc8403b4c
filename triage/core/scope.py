"""Decides how far to trust the best intent: is it right, and is the text something we can answer at all?

The model is trained on what the ranking model has *not* seen: texts held out one fold at a time (right
or wrong), and texts of intents that were held out altogether, which stand for everything nobody taught
us. What it looks at does not depend on how many intents there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from triage.core.calibration import softmax
from triage.core.features import Floats

Doubles = npt.NDArray[np.float64]

#: What the decision looks at, with the direction in which more of it may change trust (1 up, 0 either).
SIGNS: dict[str, int] = {
    "log_odds": 1,
    "log_margin": 1,
    "class_score": 1,
    "score_margin": 1,
    "word_similarity": 1,
    "char_similarity": 1,
    "word_gap": 1,
    "char_gap": 1,
    "class_density": 1,
    "agreement": 1,
    "outside_gap": 1,
    "known": 1,
    "log_length": 0,
}
_NEIGHBOURS = 10
_DENSE = 3
#: Fewer texts than this and boosting learns noise: the logistic model decides alone.
BOOSTING_FROM = 1_000
_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Ranking:
    """The intents of some texts in order of probability.

    Attributes
    ----------
    probabilities : ndarray, shape (n_texts, n_intents)
        Over the intents alone; rows sum to one.
    top, second : ndarray of int, shape (n_texts,)
        Columns of the best and the second best intent.
    """

    probabilities: Doubles
    top: npt.NDArray[np.int64]
    second: npt.NDArray[np.int64]

    def part(self, rows: slice) -> Ranking:
        """Return the ranking of some of the texts."""
        return Ranking(self.probabilities[rows], self.top[rows], self.second[rows])


def rank(scores: Floats, sharpness: float, n_intents: int) -> Ranking:
    """Order the intents by score. Columns from ``n_intents`` on are not intents and cannot win."""
    inside = scores[:, :n_intents]
    order = np.argsort(-inside, axis=1, kind="stable")
    return Ranking(softmax(inside * sharpness), order[:, 0], order[:, min(1, n_intents - 1)])


def class_peaks(similarities: Floats, starts: npt.NDArray[np.int64]) -> Floats:
    """Return the nearest text of each class: shape (..., n_texts) becomes (..., n_classes)."""
    sizes = np.diff(starts)
    peaks = np.zeros((*similarities.shape[:-1], len(sizes)), dtype=np.float32)
    filled = np.flatnonzero(sizes)
    if filled.size:
        peaks[..., filled] = np.maximum.reduceat(similarities, starts[:-1][filled], axis=-1)
    return peaks


def evidence(
    scores: Floats,
    ranking: Ranking,
    similarities: Floats,
    starts: npt.NDArray[np.int64],
    known: Doubles,
    n_words: Doubles,
) -> Doubles:
    """Describe how well each text is supported by what was taught.

    Parameters
    ----------
    scores : ndarray, shape (n_texts, n_classes)
        Raw class scores; columns beyond the ranking's intents belong to out-of-scope examples.
    ranking : Ranking
    similarities : ndarray, shape (2, n_texts, n_training_texts)
        Training texts ordered by class.
    starts : ndarray of int, shape (n_classes + 1,)
        Where each class begins among the training texts.
    known, n_words : ndarray, shape (n_texts,)

    Returns
    -------
    ndarray, shape (n_texts, len(SIGNS))
    """
    n, n_intents = ranking.probabilities.shape
    at = np.arange(n)
    best = ranking.probabilities[at, ranking.top]
    next_best = ranking.probabilities[at, ranking.second] if n_intents > 1 else np.zeros(n)
    peaks = class_peaks(similarities, starts)
    own = peaks[:, at, ranking.top]
    rivals = peaks[:, :, :n_intents].copy()
    rivals[:, at, ranking.top] = 0.0
    gap = own - rivals.max(axis=2)
    outside = peaks[:, :, n_intents:].mean(axis=0).max(axis=1, initial=0.0)
    density, agreement = _neighbourhood(similarities.mean(axis=0), starts, ranking.top)
    columns = (
        np.log(best + _EPSILON) - np.log(1 - best + _EPSILON),
        np.log(best + _EPSILON) - np.log(next_best + _EPSILON),
        scores[at, ranking.top],
        scores[at, ranking.top] - scores[at, ranking.second],
        own[0],
        own[1],
        gap[0],
        gap[1],
        density,
        agreement,
        own.mean(axis=0) - outside,
        known,
        np.log1p(n_words),
    )
    table = np.column_stack([np.asarray(c, dtype=np.float64) for c in columns])
    return np.clip(table, -20.0, 20.0)


def _neighbourhood(
    nearness: Floats, starts: npt.NDArray[np.int64], top: npt.NDArray[np.int64]
) -> tuple[Doubles, Doubles]:
    """Mean nearness of the closest texts of the best class, and that class's share of all close texts."""
    count = min(_NEIGHBOURS, nearness.shape[1])
    nearest = np.argpartition(-nearness, count - 1, axis=1)[:, :count]
    weights = np.take_along_axis(nearness, nearest, axis=1)
    low, high = starts[top], starts[top + 1]
    mine = (nearest >= low[:, None]) & (nearest < high[:, None])
    agreement = (weights * mine).sum(axis=1) / np.maximum(weights.sum(axis=1), _EPSILON)
    density = np.empty(len(top))
    for i, (a, b) in enumerate(zip(low, high, strict=True)):
        inside = nearness[i, a:b]
        density[i] = np.sort(inside)[-_DENSE:].mean() if inside.size else 0.0
    return density, np.asarray(agreement, dtype=np.float64)


class TrustModel:
    """Probability that the best intent is right and the text is in scope, from its evidence.

    The mean of a logistic model and, from :data:`BOOSTING_FROM` texts on, boosted trees that may use
    evidence only in its natural direction (more similarity never means less trust).
    """

    #: Types of the fitted parts that skops does not trust by itself.
    TRUSTED = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    def parts(self) -> dict[str, Any]:
        """Return what was learnt, to be stored."""
        return {"constant": self.constant_, "logistic": self.logistic_, "boosting": self.boosting_}

    @classmethod
    def from_parts(cls, parts: dict[str, Any]) -> TrustModel:
        """Rebuild from what :meth:`parts` gave."""
        model = cls()
        model.constant_, model.logistic_ = parts["constant"], parts["logistic"]
        model.boosting_ = parts["boosting"]
        return model._ready()

    def _ready(self) -> TrustModel:
        self._forest = None if self.boosting_ is None else _Forest(self.boosting_)
        return self

    def fit(self, table: Doubles, right: npt.NDArray[np.bool_], weights: Doubles) -> TrustModel:
        """Learn from held-out evidence.

        Parameters
        ----------
        table : ndarray, shape (n, len(SIGNS))
        right : ndarray of bool, shape (n,)
        weights : ndarray, shape (n,)
            How many tickets of the expected stream each row stands for.
        """
        self.constant_: float | None = None
        self.logistic_: Pipeline | None = None
        self.boosting_: HistGradientBoostingClassifier | None = None
        if right.all() or not right.any():
            self.constant_ = float((np.sum(weights * right) + 0.5) / (np.sum(weights) + 1))
            return self._ready()
        self.logistic_ = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2000))
        self.logistic_.fit(table, right, logisticregression__sample_weight=weights)
        if len(right) >= BOOSTING_FROM:
            self.boosting_ = HistGradientBoostingClassifier(
                max_depth=3,
                max_iter=120,
                learning_rate=0.08,
                min_samples_leaf=30,
                l2_regularization=5.0,
                monotonic_cst=list(SIGNS.values()),
                early_stopping=False,
                random_state=self.seed,
            )
            with threadpool_limits(limits=1):
                self.boosting_.fit(table, right, sample_weight=weights)
        return self._ready()

    def log_odds(self, table: Doubles) -> Doubles:
        """Return the log-odds of trust, shape (n,)."""
        if self.constant_ is not None:
            return np.full(len(table), np.log(self.constant_ / (1 - self.constant_)))
        if self.logistic_ is None:
            raise AttributeError("fit the model first")
        scaler, line = self.logistic_[0], self.logistic_[1]
        found = (table - scaler.mean_) / scaler.scale_ @ line.coef_[0] + line.intercept_[0]
        if self._forest is not None:
            found = (found + self._forest.log_odds(table)) / 2
        return np.asarray(found, dtype=np.float64)


class _Forest:
    """Boosted trees laid out as arrays, all of them walked at once.

    A single text through scikit-learn's own loop costs half a millisecond, and its threads fight those of
    the other workers for the cores; this takes some microseconds on one.
    """

    def __init__(self, boosting: HistGradientBoostingClassifier) -> None:
        trees = [stage[0].nodes for stage in boosting._predictors]
        width = max(len(nodes) for nodes in trees)
        shape = (len(trees), width)
        self.start = float(np.ravel(boosting._baseline_prediction)[0])
        self.feature = np.zeros(shape, dtype=np.int64)
        self.limit = np.full(shape, np.inf)
        self.left = np.tile(np.arange(width), (len(trees), 1))
        self.right = self.left.copy()
        self.value = np.zeros(shape)
        for t, nodes in enumerate(trees):
            inner = np.flatnonzero(nodes["is_leaf"] == 0)
            self.value[t, : len(nodes)] = nodes["value"]
            self.feature[t, inner] = nodes["feature_idx"][inner]
            self.limit[t, inner] = nodes["num_threshold"][inner]
            self.left[t, inner], self.right[t, inner] = nodes["left"][inner], nodes["right"][inner]
        self.depth = max(int(nodes["depth"].max()) for nodes in trees)

    def log_odds(self, table: Doubles) -> Doubles:
        trees = np.arange(len(self.value))[None, :]
        rows = np.arange(len(table))[:, None]
        at = np.zeros((len(table), len(self.value)), dtype=np.int64)
        for _ in range(self.depth):
            low = table[rows, self.feature[trees, at]] <= self.limit[trees, at]
            at = np.where(low, self.left[trees, at], self.right[trees, at])
        return np.asarray(self.start + self.value[trees, at].sum(axis=1), dtype=np.float64)
