"""The linear model that ranks the intents of a text."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import solve_triangular
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from triage.core.learning.features import Floats, TextVector

#: How much a training mistake costs against a simpler model, for either solver.
LOGISTIC_COST = 10.0
HINGE_COST = 1.0
#: Length of a sentence's vector beside blocks of words of length one, and the cost where there are vectors.
SENTENCE_WEIGHT = 3.0
JOINED_HINGE_COST = 0.2
#: How much the model of sentences alone adds to the joined one.
SENTENCE_SHARE = 0.08
#: How much naive Bayes adds to what words weigh, once its scores differ as much as all others': beside words
#: alone, and beside sentences, which know most of it; from few texts half of that.
BAYES_SHARE = 1.0
JOINED_BAYES_SHARE = 0.4
_OF_FEW = 0.5
#: What each class is taken to hold of any feature, in parts of a usual weight.
_SMOOTHING = 0.03
#: From this many texts on the support vector machines are as good, and many times faster.
MANY_TEXTS = 1_500
#: From this share of known words on (weighed by rarity) a text's words count in full.
_FULLY_HEARD = 0.5
#: Keeps the inner products of repeated texts invertible.
_JITTER = 1e-6
#: From this many texts on the hinge solver may stop sooner.
_PLENTY = 16_000

Labels = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


class LinearClassifier:
    """A linear model with one weight per feature and class.

    Parameters
    ----------
    seed : int
        Fixes the order in which the solver visits the texts.
    many : bool or None
        Whether to learn as from many texts; None where their number says it. The scores of the two ways differ
        in scale, so what is learnt of the one says nothing of the other: a part of a corpus learns like the whole.

    Notes
    -----
    With few texts multinomial logistic regression, where it was two points more accurate on ten examples an
    intent; with many one squared-hinge support vector machine per class (Fan et al., "LIBLINEAR", 2008).
    To its weights of words those of naive Bayes are added, see `_naive_bayes`.
    The weights are kept with one *row* per feature, so that scoring a text reads only its own features.
    """

    def __init__(self, *, seed: int = 0, many: bool | None = None) -> None:
        self.seed = seed
        self.many = many

    def fit(
        self, matrix: sparse.csr_matrix, sentences: Floats, labels: Labels, n_classes: int
    ) -> LinearClassifier:
        """Learn from texts as rows.

        Parameters
        ----------
        matrix : csr_matrix of float32, shape (n_texts, n_features)
        sentences : ndarray of float32, shape (n_texts, size)
            The texts as wholes, rows of length one; no columns where there is no encoder.
        labels : ndarray of int, shape (n_texts,)
            Class of each text in ``range(n_classes)``; a class without texts gets a score that never wins.
        """
        present = np.unique(labels)
        weighted = SENTENCE_WEIGHT * sentences
        many = len(labels) >= MANY_TEXTS if self.many is None else self.many
        coef, intercept = self._solve(matrix, weighted, labels, many=many)
        if len(present) == 2:
            coef, intercept = np.vstack([-coef, coef]) / 2, np.concatenate([-intercept, intercept]) / 2
        n_features = matrix.shape[1]
        scores = matrix @ coef[:, :n_features].T + weighted @ coef[:, n_features:].T + intercept
        share = JOINED_BAYES_SHARE if sentences.shape[1] else BAYES_SHARE
        share *= 1.0 if many else _OF_FEW
        coef[:, :n_features] += share * _naive_bayes(matrix, labels, _spread(scores))
        self.coef_: Floats = np.zeros((n_features, n_classes), dtype=np.float32)
        self.sentence_coef_: Floats = np.zeros((sentences.shape[1], n_classes), dtype=np.float32)
        self.intercept_: Floats = np.full(n_classes, float(np.min(intercept)) - 9.0, dtype=np.float32)
        self.coef_[:, present] = coef.T[:n_features]
        self.sentence_coef_[:, present] = SENTENCE_WEIGHT * coef.T[n_features:]
        self.intercept_[present] = intercept
        return self

    def _solve(
        self, matrix: sparse.csr_matrix, sentences: Floats, labels: Labels, *, many: bool
    ) -> tuple[Doubles, Doubles]:
        with warnings.catch_warnings():
            # Stopped at its limit of rounds, either solver is as good on held-out texts.
            warnings.simplefilter("ignore", ConvergenceWarning)
            if not many:
                return _solve_few(matrix, sentences, labels)
            if sentences.shape[1]:
                return _solve_joined(matrix, sentences, labels, self.seed)
            machines = LinearSVC(C=HINGE_COST, tol=_hinge_tolerance(len(labels)), random_state=self.seed).fit(
                matrix, labels
            )
            return machines.coef_, machines.intercept_

    def heard(self, vector: TextVector, sentence: Floats) -> float:
        """How much the words of a text count: in full where there is no encoder or half of them are known."""
        return float(_heard(vector.known)) if sentence.size else 1.0

    def scores(self, vector: TextVector, sentence: Floats) -> Floats:
        """Score one text: ndarray of float32, shape (n_classes,)."""
        said = vector.values @ self.coef_[vector.ids]
        if sentence.size:
            said = said * self.heard(vector, sentence) + sentence @ self.sentence_coef_
        return np.asarray(said + self.intercept_, dtype=np.float32)

    def score_matrix(self, matrix: sparse.csr_matrix, sentences: Floats, known: Doubles) -> Floats:
        """Score many texts.

        Parameters
        ----------
        matrix : csr_matrix of float32, shape (n_texts, n_features)
        sentences : ndarray of float32, shape (n_texts, size)
        known : ndarray, shape (n_texts,)
            As in :class:`TextVector`.

        Returns
        -------
        ndarray of float32, shape (n_texts, n_classes)
        """
        said = matrix @ self.coef_
        if sentences.shape[1]:
            said = said * _heard(known)[:, None] + sentences @ self.sentence_coef_
        return np.asarray(said + self.intercept_, dtype=np.float32)


def _heard(known: float | Doubles) -> Doubles:
    """How much the words of a text count beside its sentence.

    Every block of features has the same length, be it one letter group of a foreign text that happens to
    be known.
    """
    return np.minimum(np.asarray(known, dtype=np.float64) / _FULLY_HEARD, 1.0)


def _spread(scores: Doubles) -> float:
    """How much the scores of a text differ between the classes."""
    return float((scores - scores.mean(axis=1, keepdims=True)).std())


def _naive_bayes(matrix: sparse.csr_matrix, labels: Labels, spread: float) -> Floats:
    """Weigh each feature by how much likelier it is in a class than elsewhere, whatever stands beside it.

    What the solvers learn leans on the few features that tell the taught texts apart; this keeps all that speak
    for a class. The sum of both, one linear model again, was 0.5 points more accurate on banking77 and 0.7 on
    clinc150 than the solver alone, on every split. Multinomial naive Bayes on TF-IDF weights, as in Rennie et
    al., "Tackling the poor assumptions of naive Bayes text classifiers" (2003), all classes equally likely.

    Returns
    -------
    ndarray of float32, shape (n_classes_present, n_features)
        Weights whose scores of these texts have the given ``spread``; zeros where no text has a feature.
    """
    present, place = np.unique(labels, return_inverse=True)
    if not matrix.nnz:
        return np.zeros((len(present), matrix.shape[1]), dtype=np.float32)
    rows = np.ones(len(labels), dtype=np.float32), (place, np.arange(len(labels)))
    found: Floats = (sparse.csr_matrix(rows, shape=(len(present), len(labels))) @ matrix).toarray()
    found += _SMOOTHING * matrix.data.mean()
    found /= found.sum(axis=1, keepdims=True)
    np.log(found, out=found)
    found -= found.mean(axis=0)
    found *= spread / (_spread(matrix @ found.T) or 1.0)
    return found


def _solve_joined(
    matrix: sparse.csr_matrix, sentences: Floats, labels: Labels, seed: int
) -> tuple[Doubles, Doubles]:
    """Fit words and sentences together, and add what the sentences say on their own.

    Both are linear, so their sum is one linear model. It was 0.2 points more accurate on banking77, and 0.1 on
    clinc150, than the support vector machines alone.
    """
    joined = sparse.csr_matrix(sparse.hstack([matrix, sparse.csr_matrix(sentences)]))
    machines = LinearSVC(C=JOINED_HINGE_COST, tol=0.02, random_state=seed).fit(joined, labels)
    alone = LogisticRegression(C=LOGISTIC_COST, max_iter=100, tol=1e-3, class_weight="balanced")
    alone.fit(sentences, labels)
    coef = machines.coef_.copy()
    coef[:, matrix.shape[1] :] += SENTENCE_SHARE * alone.coef_
    return coef, machines.intercept_ + SENTENCE_SHARE * alone.intercept_


def _solve_few(matrix: sparse.csr_matrix, sentences: Floats, labels: Labels) -> tuple[Doubles, Doubles]:
    """Fit multinomial logistic regression in the space that the texts span.

    There are far fewer texts than features, and the solution is a sum of texts. With G = Z Zᵀ the texts'
    inner products, learning on the rows of Z is the same problem with a tenth of the unknowns.

    With sentences every class counts the same: in languages without a known word the large classes took too
    much.
    """
    products = (matrix @ matrix.T).toarray().astype(np.float64)
    products += sentences.astype(np.float64) @ sentences.T
    root = _root(products)
    few = LogisticRegression(
        C=LOGISTIC_COST, max_iter=200, class_weight="balanced" if sentences.shape[1] else None
    )
    few.fit(root.astype(np.float32), labels)
    sums = solve_triangular(root, few.coef_.T.astype(np.float64), lower=True, trans="T")
    coef = np.hstack([(matrix.T @ sums).T, (sentences.T @ sums).T])
    return np.asarray(coef), np.asarray(few.intercept_, dtype=np.float64)


def _hinge_tolerance(n_texts: int) -> float:
    """How far from the optimum the solver may stop.

    On the starter pack's 21,000 texts held-out accuracy is 92.9 % at either; on a busy machine training took 55 s
    instead of 84.
    """
    return 0.01 if n_texts < _PLENTY else 0.05


def _root(products: Doubles) -> Doubles:
    """Return the lower Cholesky factor, each diagonal raised as little as it takes.

    Texts made from a template differ in so few words that their products, sums of single-precision numbers, may
    not quite be positive definite.
    """
    raised = _JITTER
    while True:
        try:
            return np.asarray(np.linalg.cholesky(products + raised * np.eye(len(products))), dtype=np.float64)
        except np.linalg.LinAlgError:
            raised *= 10
            if raised > 1.0:
                raise
