"""The linear model that ranks intents."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from tests.triage.core.shop import shop_examples
from triage.core.learning import classifier, training
from triage.core.learning.classifier import LinearClassifier
from triage.core.learning.features import Floats, Vectoriser
from triage.core.learning.model import Model

TEXTS = [
    "refund my order",
    "refund the lamp",
    "track my order",
    "track the parcel",
    "reset password",
    "password lost",
]
LABELS = np.asarray([0, 0, 1, 1, 2, 2])
NOTHING = np.zeros(0, dtype=np.float32)
KNOWN = np.ones(len(TEXTS))


def without(matrix: sparse.csr_matrix) -> Floats:
    """No sentence features for these texts."""
    return np.zeros((matrix.shape[0], 0), dtype=np.float32)


@pytest.fixture(params=["few", "many"])
def solver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(classifier, "MANY_TEXTS", 10**9 if request.param == "few" else 0)
    return str(request.param)


def test_either_solver_learns_its_texts(solver: str) -> None:
    vectoriser = Vectoriser().fit(TEXTS)
    matrix = vectoriser.matrix([vectoriser.vector(text) for text in TEXTS])
    scores = (
        LinearClassifier()
        .fit(matrix, without(matrix), LABELS, 3)
        .score_matrix(matrix, without(matrix), KNOWN)
    )
    assert scores.argmax(axis=1).tolist() == LABELS.tolist()


def test_one_text_scores_as_in_a_batch(solver: str) -> None:
    vectoriser = Vectoriser().fit(TEXTS)
    vectors = [vectoriser.vector(text) for text in TEXTS]
    model = LinearClassifier().fit(vectoriser.matrix(vectors), without(vectoriser.matrix(vectors)), LABELS, 3)
    batch = model.score_matrix(vectoriser.matrix(vectors), without(vectoriser.matrix(vectors)), KNOWN)
    assert np.allclose([model.scores(vector, NOTHING) for vector in vectors], batch, atol=1e-5)


def test_a_class_without_texts_never_wins(solver: str) -> None:
    vectoriser = Vectoriser().fit(TEXTS)
    matrix = vectoriser.matrix([vectoriser.vector(text) for text in TEXTS])
    scores = (
        LinearClassifier()
        .fit(matrix, without(matrix), LABELS, 5)
        .score_matrix(matrix, without(matrix), KNOWN)
    )
    assert scores[:, 3:].max() < scores[:, :3].min()


def test_two_classes_get_opposite_scores(solver: str) -> None:
    vectoriser = Vectoriser().fit(TEXTS[:4])
    matrix = vectoriser.matrix([vectoriser.vector(text) for text in TEXTS[:4]])
    scores = (
        LinearClassifier()
        .fit(matrix, without(matrix), LABELS[:4], 2)
        .score_matrix(matrix, without(matrix), KNOWN)
    )
    assert np.allclose(scores[:, 0], -scores[:, 1], atol=1e-5)
    assert scores.argmax(axis=1).tolist() == [0, 0, 1, 1]


def test_repeated_texts_do_not_stop_the_solver(solver: str) -> None:
    vectoriser = Vectoriser().fit(TEXTS)
    matrix = vectoriser.matrix([vectoriser.vector(text) for text in TEXTS * 4])
    labels = np.tile(LABELS, 4)
    model = LinearClassifier().fit(matrix, without(matrix), labels, 3)
    scores = model.score_matrix(matrix, without(matrix), np.ones(len(labels)))
    assert scores.argmax(axis=1).tolist() == labels.tolist()


def test_sentence_features_decide_where_words_cannot(solver: str) -> None:
    vectoriser = Vectoriser().fit(["the same words"] * 6)
    vectors = [vectoriser.vector("the same words")] * 6
    matrix = vectoriser.matrix(vectors)
    sentences = np.eye(3, dtype=np.float32)[LABELS]
    model = LinearClassifier().fit(matrix, sentences, LABELS, 3)
    assert model.score_matrix(matrix, sentences, KNOWN).argmax(axis=1).tolist() == LABELS.tolist()
    assert np.allclose(
        model.scores(vectors[3], sentences[3]), model.score_matrix(matrix, sentences, KNOWN)[3], atol=1e-5
    )


def test_naive_bayes_weighs_a_feature_by_the_classes_that_have_it() -> None:
    matrix = sparse.csr_matrix(np.asarray([[1, 0, 1], [1, 0, 1], [0, 1, 1], [0, 1, 1]], dtype=np.float32))
    weights = classifier._naive_bayes(matrix, np.asarray([0, 0, 1, 1]), spread=2.0)
    assert weights[0, 0] > 0 > weights[1, 0]
    assert weights[0, 1] < 0 < weights[1, 1]
    assert weights[:, 2] == pytest.approx(0, abs=1e-6)
    assert classifier._spread(matrix @ weights.T) == pytest.approx(2.0)


@pytest.mark.filterwarnings("error")
def test_texts_without_any_feature_weigh_nothing() -> None:
    matrix = sparse.csr_matrix((6, 4), dtype=np.float32)
    model = LinearClassifier().fit(matrix, np.zeros((6, 0), np.float32), np.repeat([0, 1, 2], 2), 3)
    assert not model.coef_.any()


def test_the_parts_of_a_corpus_learn_in_the_same_way_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = shop_examples()
    ways: list[bool] = []
    solve = LinearClassifier._solve
    monkeypatch.setattr(training, "MANY_TEXTS", len(examples))
    monkeypatch.setattr(classifier, "MANY_TEXTS", len(examples))
    monkeypatch.setattr(
        LinearClassifier, "_solve", lambda *given, many: (ways.append(many), solve(*given, many=many))[1]
    )
    Model.fit(examples)
    assert len(ways) > 2 and all(ways)
