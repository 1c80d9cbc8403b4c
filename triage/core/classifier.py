"""The linear model that ranks the intents of a text."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC

from triage.core.features import Floats, TextVector

#: How much a training mistake costs against a simpler model.
COST = 1.0


class LinearClassifier:
    """One linear separator per class, trained against all other classes.

    Parameters
    ----------
    cost : float
        Weight of training mistakes against simplicity.
    seed : int
        Fixes the order in which the solver visits the texts.

    Notes
    -----
    Squared-hinge support vector machines (Fan et al., "LIBLINEAR", 2008). The weights are kept with one
    *row* per feature, so that scoring a text reads only the rows of its own features.
    """

    def __init__(self, *, cost: float = COST, seed: int = 0) -> None:
        self.cost = cost
        self.seed = seed

    def fit(
        self, matrix: sparse.csr_matrix, labels: npt.NDArray[np.int64], n_classes: int
    ) -> LinearClassifier:
        """Learn from texts as rows.

        Parameters
        ----------
        matrix : csr_matrix of float32, shape (n_texts, n_features)
        labels : ndarray of int, shape (n_texts,)
            Class of each text in ``range(n_classes)``; a class without texts gets a score that never wins.
        """
        present = np.unique(labels)
        svm = LinearSVC(C=self.cost, random_state=self.seed)
        with warnings.catch_warnings():
            # Its weights after the default number of rounds are as good on held-out texts.
            warnings.simplefilter("ignore", ConvergenceWarning)
            svm.fit(matrix, labels)
        coef, intercept = svm.coef_, svm.intercept_
        if len(present) == 2:
            coef, intercept = np.vstack([-coef, coef]), np.concatenate([-intercept, intercept])
        self.coef_: Floats = np.zeros((matrix.shape[1], n_classes), dtype=np.float32)
        self.intercept_: Floats = np.full(n_classes, -9.0, dtype=np.float32)
        self.coef_[:, present] = coef.T
        self.intercept_[present] = intercept
        return self

    def scores(self, vector: TextVector) -> Floats:
        """Score one text: ndarray of float32, shape (n_classes,)."""
        return np.asarray(vector.values @ self.coef_[vector.ids] + self.intercept_, dtype=np.float32)

    def score_matrix(self, matrix: sparse.csr_matrix) -> Floats:
        """Score many texts: ndarray of float32, shape (n_texts, n_classes)."""
        return np.asarray(matrix @ self.coef_ + self.intercept_, dtype=np.float32)
