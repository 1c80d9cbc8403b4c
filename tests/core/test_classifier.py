"""The linear model that ranks intents."""

from __future__ import annotations

import numpy as np
import pytest

from triage.core import classifier
from triage.core.classifier import LinearClassifier
from triage.core.features import Vectoriser

TEXTS = [
    "refund my order",
    "refund the lamp",
    "track my order",
    "track the parcel",
    "reset password",
    "password lost",
]
LABELS = np.asarray([0, 0, 1, 1, 2, 2])


@pytest.fixture(params=["few", "many"])
def solver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(classifier, "MANY_TEXTS", 10**9 if request.param == "few" else 0)
    return str(request.param)


def test_either_solver_learns_its_texts(solver: str) -> None:
    vectoriser = Vectoriser().fit(TEXTS)
    matrix = vectoriser.matrix([vectoriser.vector(text) for text in TEXTS])
    scores = LinearClassifier().fit(matrix, LABELS, 3).score_matrix(matrix)
    assert scores.argmax(axis=1).tolist() == LABELS.tolist()


def test_one_text_scores_as_in_a_batch(solver: str) -> None:
    vectoriser = Vectoriser().fit(TEXTS)
    vectors = [vectoriser.vector(text) for text in TEXTS]
    model = LinearClassifier().fit(vectoriser.matrix(vectors), LABELS, 3)
    batch = model.score_matrix(vectoriser.matrix(vectors))
    assert np.allclose([model.scores(vector) for vector in vectors], batch, atol=1e-5)


def test_a_class_without_texts_never_wins(solver: str) -> None:
    vectoriser = Vectoriser().fit(TEXTS)
    matrix = vectoriser.matrix([vectoriser.vector(text) for text in TEXTS])
    scores = LinearClassifier().fit(matrix, LABELS, 5).score_matrix(matrix)
    assert scores[:, 3:].max() < scores[:, :3].min()


def test_two_classes_get_opposite_scores(solver: str) -> None:
    vectoriser = Vectoriser().fit(TEXTS[:4])
    matrix = vectoriser.matrix([vectoriser.vector(text) for text in TEXTS[:4]])
    scores = LinearClassifier().fit(matrix, LABELS[:4], 2).score_matrix(matrix)
    assert np.allclose(scores[:, 0], -scores[:, 1], atol=1e-5)
    assert scores.argmax(axis=1).tolist() == [0, 0, 1, 1]


def test_repeated_texts_do_not_stop_the_solver(solver: str) -> None:
    vectoriser = Vectoriser().fit(TEXTS)
    matrix = vectoriser.matrix([vectoriser.vector(text) for text in TEXTS * 4])
    LinearClassifier().fit(matrix, np.tile(LABELS, 4), 3)
