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

from triage.core.errors import ArtefactError
from triage.core.learning.calibration import softmax
from triage.core.learning.features import Floats

Doubles = npt.NDArray[np.float64]

#: What the decision looks at, by name, with the direction in which more of it may change trust (1 up, 0 either).
#: The names are the contract: evidence is put together and read by them, never by place.
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
    "outside_score": 1,
    "central": 1,
    "unity": 0,
    "word_share": 1,
    "pair_share": 1,
    "known": 1,
    "log_length": 0,
}
#: What it looks at besides where there is a sentence encoder.
SENTENCE_SIGNS: dict[str, int] = {"sentence_similarity": 1, "sentence_gap": 1}
_NEIGHBOURS = 10
_DENSE = 3
#: Fewer texts than this and boosting learns noise: the logistic model decides alone.
BOOSTING_FROM = 1_000
_EPSILON = 1e-9
_CALIBRATION_FOLDS = 3
#: Ranks where the calibration line may bend.
_LOW, _HIGH = -1.0, 2.0


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of the training texts.

    Attributes
    ----------
    starts : ndarray of int, shape (n_classes + 1,)
        Where each class begins among the training texts ordered by class.
    unity : ndarray, shape (2 or 3, n_classes)
        How alike the texts of a class are, by words, by letters and, with an encoder, as wholes.
    """

    starts: npt.NDArray[np.int64]
    unity: Floats


@dataclass(frozen=True, slots=True)
class Familiarity:
    """How much of each text was met before; all of shape (n_texts,).

    ``word_share`` and ``pair_share`` look at the best class alone, ``known`` at all training texts.
    """

    word_share: Floats
    pair_share: Floats
    known: Doubles
    n_words: Doubles

    def part(self, rows: slice) -> Familiarity:
        """Return the same for some of the texts."""
        return Familiarity(self.word_share[rows], self.pair_share[rows], self.known[rows], self.n_words[rows])


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
    classes: Classes,
    familiar: Familiarity,
) -> Doubles:
    """Describe how well each text is supported by what was taught.

    Parameters
    ----------
    scores : ndarray, shape (n_texts, n_classes)
        Raw class scores; columns beyond the ranking's intents belong to out-of-scope examples.
    ranking : Ranking
    similarities : ndarray, shape (2 or 3, n_texts, n_training_texts)
        Training texts ordered by class.
    classes : Classes
    familiar : Familiarity

    Returns
    -------
    ndarray, shape (n_texts, len(SIGNS)), with an encoder also the columns of SENTENCE_SIGNS
    """
    n, n_intents = ranking.probabilities.shape
    at = np.arange(n)
    best = ranking.probabilities[at, ranking.top]
    next_best = ranking.probabilities[at, ranking.second] if n_intents > 1 else np.zeros(n)
    starts = classes.starts
    peaks = class_peaks(similarities, starts)
    own = peaks[:, at, ranking.top]
    rivals = peaks[:, :, :n_intents].copy()
    rivals[:, at, ranking.top] = 0.0
    gap = own - rivals.max(axis=2)
    outside = peaks[:, :, n_intents:].mean(axis=0).max(axis=1, initial=0.0)
    density, agreement = _neighbourhood(similarities.mean(axis=0), starts, ranking.top)
    found = {
        "log_odds": np.log(best + _EPSILON) - np.log(1 - best + _EPSILON),
        "log_margin": np.log(best + _EPSILON) - np.log(next_best + _EPSILON),
        "class_score": scores[at, ranking.top],
        "score_margin": scores[at, ranking.top] - scores[at, ranking.second],
        "word_similarity": own[0],
        "char_similarity": own[1],
        "word_gap": gap[0],
        "char_gap": gap[1],
        "class_density": density,
        "agreement": agreement,
        "outside_gap": own.mean(axis=0) - outside,
        "outside_score": np.clip(scores[at, ranking.top] - scores[:, n_intents:].max(axis=1), -5.0, 5.0),
        "central": _centrality(similarities, classes, ranking.top),
        "unity": classes.unity.mean(axis=0)[ranking.top],
        "word_share": familiar.word_share,
        "pair_share": familiar.pair_share,
        "known": familiar.known,
        "log_length": np.log1p(familiar.n_words),
    }
    names = [*SIGNS]
    if len(similarities) > 2:
        found |= {"sentence_similarity": own[2], "sentence_gap": gap[2]}
        names += SENTENCE_SIGNS
    table = np.column_stack([np.asarray(found[name], dtype=np.float64) for name in names])
    return np.clip(table, -20.0, 20.0)


def _centrality(similarities: Floats, classes: Classes, top: npt.NDArray[np.int64]) -> Doubles:
    """Cosine of each text to the mean text of its best class, all ways of comparing together."""
    low, high = classes.starts[top], classes.starts[top + 1]
    found = np.zeros(len(top))
    for i, (a, b) in enumerate(zip(low, high, strict=True)):
        if b > a:
            means = similarities[:, i, a:b].mean(axis=1)
            found[i] = float(np.mean(means / np.maximum(classes.unity[:, top[i]], _EPSILON)))
    return np.minimum(found, 1.0)


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

    First it ranks: the mean of a logistic model and, from :data:`BOOSTING_FROM` texts on, boosted trees
    that may use evidence only in its natural direction (more similarity never means less trust). Then the
    ranks become probabilities for a stream with the expected share of unknown texts (Platt, "Probabilistic
    outputs for support vector machines", 1999, with one bend at either end).
    """

    #: Types of the fitted parts that skops does not trust by itself.
    TRUSTED = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    def fit(
        self,
        table: Doubles,
        right: npt.NDArray[np.bool_],
        *,
        to_rank: Doubles,
        to_calibrate: Doubles,
        to_gate: Doubles,
    ) -> TrustModel:
        """Learn from held-out evidence.

        Parameters
        ----------
        table : ndarray, shape (n, n_columns)
            As :func:`evidence` gives it.
        right : ndarray of bool, shape (n,)
        to_rank, to_calibrate, to_gate : ndarray, shape (n,)
            Weight of each row while ranking; how many tickets of the expected stream it stands for; and
            the same for the worst stream that the scope gate must withstand.
        """
        self.ranker_, self.lines_ = _Ranker(self.seed), None
        if min(np.sum(right), np.sum(~right)) < 2:  # of one kind there is nothing to learn from and test on
            share = (np.sum(to_calibrate * right) + 0.5) / (np.sum(to_calibrate) + 1)
            self.ranker_.constant = float(np.log(share / (1 - share)))
            return self
        fold = _calibration_folds(right, self.seed)
        ranks = np.zeros(len(right))
        for part in range(_CALIBRATION_FOLDS):
            seen = fold != part
            ranks[~seen] = _Ranker(self.seed).fit(table[seen], right[seen], to_rank[seen]).ranks(table[~seen])
        self.lines_ = np.vstack([_calibration_line(ranks, right, w) for w in (to_calibrate, to_gate)])
        self.ranker_.fit(table, right, to_rank)
        return self

    def log_odds(self, table: Doubles) -> tuple[Doubles, Doubles]:
        """Return the log-odds of trust in the expected and in the worst stream, each of shape (n,)."""
        ranks = self.ranker_.ranks(table)
        if self.lines_ is None:
            return ranks, ranks
        found = _bent(ranks) @ self.lines_[:, :-1].T + self.lines_[:, -1]
        return found[:, 0], found[:, 1]

    def parts(self) -> dict[str, Any]:
        """Return what was learnt, to be stored."""
        ranker = self.ranker_
        return {
            "constant": ranker.constant,
            "logistic": ranker.logistic,
            "boosting": ranker.boosting,
            "lines": None if self.lines_ is None else self.lines_.tolist(),
            "signs": ranker.signs,
        }

    @classmethod
    def from_parts(cls, parts: dict[str, Any]) -> TrustModel:
        """Rebuild from what :meth:`parts` gave.

        Raises
        ------
        ArtefactError
            It was taught evidence by other names, or with other signs, than are put together here.
        """
        signs = parts.get("signs")
        if signs is not None and list(signs.items()) != list(_signs(len(signs)).items()):
            raise ArtefactError(
                "The model was taught other evidence than this version looks at; train again."
            )
        model = cls()
        model.ranker_ = _Ranker(0)
        model.ranker_.constant, model.ranker_.logistic = parts["constant"], parts["logistic"]
        model.ranker_.boosting, model.ranker_.signs = parts["boosting"], signs or {}
        model.ranker_.plant()
        model.lines_ = None if parts["lines"] is None else np.asarray(parts["lines"])
        return model


def _signs(n_columns: int) -> dict[str, int]:
    """The names of the evidence in a table of so many columns, in order, with their signs."""
    known = SIGNS | SENTENCE_SIGNS
    return {name: known[name] for name in [*known][:n_columns]}


def _bent(ranks: Doubles) -> Doubles:
    return np.column_stack([ranks, np.maximum(ranks - _HIGH, 0.0), np.minimum(ranks - _LOW, 0.0)])


def _calibration_line(ranks: Doubles, right: npt.NDArray[np.bool_], weights: Doubles) -> Doubles:
    """Fit log-odds that rise with the rank; three slopes and a constant."""
    for table in (_bent(ranks), ranks[:, None]):
        found = LogisticRegression(C=100.0, max_iter=1000).fit(table, right, sample_weight=weights)
        slopes = np.zeros(3)
        slopes[: table.shape[1]] = found.coef_[0]
        if min(slopes[0], slopes[0] + slopes[1], slopes[0] + slopes[2]) > 0:
            break
    return np.append(slopes, found.intercept_[0])


def _calibration_folds(right: npt.NDArray[np.bool_], seed: int) -> npt.NDArray[np.int64]:
    """Give each row a fold at random, but so that right and wrong rows remain outside of every fold."""
    shuffle = np.random.default_rng(seed)
    fold = shuffle.permutation(len(right)) % _CALIBRATION_FOLDS
    if all(len(np.unique(right[fold != part])) == 2 for part in range(_CALIBRATION_FOLDS)):
        return fold
    for kind in (right, ~right):
        fold[kind] = shuffle.permutation(int(kind.sum())) % _CALIBRATION_FOLDS
    return fold


class _Ranker:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.constant: float | None = None
        self.logistic: Pipeline | None = None
        self.boosting: HistGradientBoostingClassifier | None = None
        self.signs: dict[str, int] = {}
        self._forest: _Forest | None = None

    def fit(self, table: Doubles, right: npt.NDArray[np.bool_], weights: Doubles) -> _Ranker:
        self.signs = _signs(table.shape[1])
        self.logistic = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2000))
        self.logistic.fit(table, right, logisticregression__sample_weight=weights)
        if len(right) >= BOOSTING_FROM:
            self.boosting = HistGradientBoostingClassifier(
                max_depth=3,
                max_iter=120,
                max_bins=63,
                learning_rate=0.08,
                min_samples_leaf=30,
                l2_regularization=5.0,
                monotonic_cst=list(self.signs.values()),
                early_stopping=False,
                random_state=self.seed,
            )
            with threadpool_limits(limits=1):
                self.boosting.fit(table, right, sample_weight=weights)
        self.plant()
        return self

    def plant(self) -> None:
        self._forest = None if self.boosting is None else _Forest(self.boosting)

    def ranks(self, table: Doubles) -> Doubles:
        if self.constant is not None or self.logistic is None:
            return np.full(len(table), self.constant or 0.0)
        scaler, line = self.logistic[0], self.logistic[1]
        found = (table - scaler.mean_) / scaler.scale_ @ line.coef_[0] + line.intercept_[0]
        if self._forest is not None:
            found = (found + self._forest.log_odds(table)) / 2
        return np.asarray(found, dtype=np.float64)


def _learnt_trees(boosting: HistGradientBoostingClassifier) -> tuple[list[npt.NDArray[Any]], float]:
    """Return the nodes of each tree, and where their sum starts.

    The one place where scikit-learn's private attributes are read: it has no public way to the trees. Why they are
    needed, and what it would cost to do without: docs/decisions/boosted-trees.md.
    """
    trees = [stage[0].nodes for stage in boosting._predictors]
    return trees, float(np.ravel(boosting._baseline_prediction)[0])


class _Forest:
    """Boosted trees laid out as arrays, all of them walked at once.

    A single text through scikit-learn's own loop costs half a millisecond, and its threads fight those of
    the other workers for the cores; this takes some microseconds on one.
    """

    def __init__(self, boosting: HistGradientBoostingClassifier) -> None:
        trees, self.start = _learnt_trees(boosting)
        width = max(len(nodes) for nodes in trees)
        shape = (len(trees), width)
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
