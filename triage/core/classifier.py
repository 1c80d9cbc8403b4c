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

from triage.core.features import Floats, TextVector

#: How much a training mistake costs against a simpler model, for either solver.
LOGISTIC_COST = 10.0
HINGE_COST = 1.0
#: From this many texts on the support vector machines are as good, and many times faster.
MANY_TEXTS = 1_500
#: Keeps the inner products of repeated texts invertible.
_JITTER = 1e-6

Labels = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


class LinearClassifier:
    """A linear model with one weight per feature and class.

    Parameters
    ----------
    seed : int
        Fixes the order in which the solver visits the texts.

    Notes
    -----
    With few texts multinomial logistic regression, where it was two points more accurate on ten examples an
    intent; with many one squared-hinge support vector machine per class (Fan et al., "LIBLINEAR", 2008).
    The weights are kept with one *row* per feature, so that scoring a text reads only its own features.
    """

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, matrix: sparse.csr_matrix, labels: Labels, n_classes: int) -> LinearClassifier:
        """Learn from texts as rows.

        Parameters
        ----------
        matrix : csr_matrix of float32, shape (n_texts, n_features)
        labels : ndarray of int, shape (n_texts,)
            Class of each text in ``range(n_classes)``; a class without texts gets a score that never wins.
        """
        present = np.unique(labels)
        coef, intercept = self._solve(matrix, labels)
        if len(present) == 2:
            coef, intercept = np.vstack([-coef, coef]) / 2, np.concatenate([-intercept, intercept]) / 2
        self.coef_: Floats = np.zeros((matrix.shape[1], n_classes), dtype=np.float32)
        self.intercept_: Floats = np.full(n_classes, float(np.min(intercept)) - 9.0, dtype=np.float32)
        self.coef_[:, present] = coef.T
        self.intercept_[present] = intercept
        return self

    def _solve(self, matrix: sparse.csr_matrix, labels: Labels) -> tuple[Doubles, Doubles]:
        with warnings.catch_warnings():
            # Stopped at its limit of rounds, either solver is as good on held-out texts.
            warnings.simplefilter("ignore", ConvergenceWarning)
            if len(labels) < MANY_TEXTS:
                return _solve_few(matrix, labels)
            many = LinearSVC(C=HINGE_COST, tol=0.01, random_state=self.seed).fit(matrix, labels)
            return many.coef_, many.intercept_

    def scores(self, vector: TextVector) -> Floats:
        """Score one text: ndarray of float32, shape (n_classes,)."""
        return np.asarray(vector.values @ self.coef_[vector.ids] + self.intercept_, dtype=np.float32)

    def score_matrix(self, matrix: sparse.csr_matrix) -> Floats:
        """Score many texts: ndarray of float32, shape (n_texts, n_classes)."""
        return np.asarray(matrix @ self.coef_ + self.intercept_, dtype=np.float32)


def _solve_few(matrix: sparse.csr_matrix, labels: Labels) -> tuple[Doubles, Doubles]:
    """Fit multinomial logistic regression in the space that the texts span.

    There are far fewer texts than features, and the solution is a sum of texts. With G = Z Zᵀ the texts'
    inner products, learning on the rows of Z is the same problem with a tenth of the unknowns.
    """
    products = (matrix @ matrix.T).toarray().astype(np.float64)
    products[np.diag_indices_from(products)] += _JITTER
    root = np.linalg.cholesky(products)
    few = LogisticRegression(C=LOGISTIC_COST, max_iter=200).fit(root.astype(np.float32), labels)
    sums = solve_triangular(root, few.coef_.T.astype(np.float64), lower=True, trans="T")
    return np.asarray((matrix.T @ sums).T), np.asarray(few.intercept_, dtype=np.float64)
