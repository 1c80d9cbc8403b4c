"""How far the best intent is trusted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.core.errors import ArtefactError
from triage.core.learning.scope import (
    SENTENCE_SIGNS,
    SIGNS,
    Classes,
    Familiarity,
    TrustModel,
    class_peaks,
    evidence,
    rank,
)

NAMES = list(SIGNS)


def invented_evidence(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Evidence in which every column speaks for being right, with noise."""
    chance = np.random.default_rng(seed)
    strength = chance.normal(size=n)
    table = strength[:, None] + chance.normal(scale=1.5, size=(n, len(NAMES)))
    right = chance.random(n) < 1 / (1 + np.exp(-2 * strength))
    return table, right


def trained(n: int) -> TrustModel:
    table, right = invented_evidence(n)
    even = np.ones(n)
    return TrustModel().fit(table, right, to_rank=even, to_calibrate=even, to_gate=1 + 4.0 * ~right)


@pytest.fixture(scope="module", params=[300, 1500])
def trust(request: pytest.FixtureRequest) -> TrustModel:
    """Below and above the number of texts from which trees take part."""
    return trained(request.param)


def test_trust_is_calibrated_on_new_evidence(trust: TrustModel) -> None:
    table, right = invented_evidence(4000, seed=1)
    confidence = 1 / (1 + np.exp(-trust.log_odds(table)[0]))
    assert confidence.mean() == pytest.approx(right.mean(), abs=0.04)
    assert right[confidence > 0.8].mean() > 0.75
    assert right[confidence < 0.2].mean() < 0.25


def test_the_gate_is_stricter_than_the_confidence(trust: TrustModel) -> None:
    expected, worst = trust.log_odds(invented_evidence(500, seed=2)[0])
    assert (worst < expected).mean() > 0.95


@given(st.sampled_from([name for name, sign in SIGNS.items() if sign]), st.floats(0.1, 5))
@settings(deadline=None, max_examples=40)
def test_the_trees_never_punish_more_similarity(name: str, more: float) -> None:
    forest = FORESTED.ranker_._forest
    assert forest is not None
    table = invented_evidence(50, seed=3)[0]
    raised = table.copy()
    raised[:, NAMES.index(name)] += more
    assert (forest.log_odds(raised) >= forest.log_odds(table) - 1e-12).all()


FORESTED = trained(1500)


def test_the_trees_give_what_scikit_learn_gives() -> None:
    table = invented_evidence(200, seed=4)[0]
    ranker = FORESTED.ranker_
    assert ranker._forest is not None
    assert ranker.boosting is not None
    assert np.allclose(ranker._forest.log_odds(table), ranker.boosting.decision_function(table))


def test_what_was_learnt_survives_its_parts(trust: TrustModel) -> None:
    table = invented_evidence(100, seed=5)[0]
    again = TrustModel.from_parts(trust.parts())
    assert np.array_equal(again.log_odds(table)[0], trust.log_odds(table)[0])


def test_evidence_that_was_always_right_gives_a_constant_below_one() -> None:
    table, even = np.zeros((20, len(NAMES))), np.ones(20)
    trust = TrustModel().fit(table, np.ones(20, dtype=bool), to_rank=even, to_calibrate=even, to_gate=even)
    expected, worst = trust.log_odds(table)
    assert 0 < expected[0] < 5
    assert worst[0] == expected[0]


def test_columns_beyond_the_intents_cannot_win() -> None:
    ranking = rank(np.asarray([[1.0, 2.0, 9.0]], dtype=np.float32), 1.0, 2)
    assert (ranking.top[0], ranking.second[0]) == (1, 0)
    assert ranking.probabilities.sum() == pytest.approx(1)


def test_the_peak_of_an_empty_class_is_zero() -> None:
    peaks = class_peaks(np.asarray([[0.2, 0.9, 0.4]], dtype=np.float32), np.asarray([0, 2, 2, 3]))
    assert peaks[0].tolist() == pytest.approx([0.9, 0.0, 0.4])


def one_text(**changes: float) -> dict[str, float]:
    """The evidence on one text by name: two intents with two texts each, and an out-of-scope text."""
    scores = np.asarray([[2.0, 0.5, -1.0]], dtype=np.float32)
    similarities = np.zeros((3, 1, 5), dtype=np.float32)
    similarities[0, 0] = [0.9, 0.3, changes.get("rival_by_words", 0.2), 0.1, 0.05]
    similarities[1, 0] = [0.6, 0.2, 0.4, 0.1, 0.05]
    similarities[2, 0] = [0.8, 0.5, 0.3, 0.1, 0.05]
    classes = Classes(np.asarray([0, 2, 4, 5]), np.full((3, 3), 0.5, dtype=np.float32))
    shares = (np.asarray([changes.get(name, value)]) for name, value in
              {"word_share": 0.7, "pair_share": 0.3, "known": 0.9, "n_words": 4.0}.items())  # fmt: skip
    table = evidence(scores, rank(scores, 1.0, 2), similarities, classes, Familiarity(*shares))
    return dict(zip([*SIGNS, *SENTENCE_SIGNS], table[0].tolist(), strict=True))


def test_each_piece_of_evidence_stands_under_its_name() -> None:
    found = one_text()
    assert found["class_score"] == pytest.approx(2.0)
    assert found["score_margin"] == pytest.approx(1.5)
    assert found["outside_score"] == pytest.approx(3.0)
    assert found["word_similarity"] == pytest.approx(0.9)
    assert found["char_similarity"] == pytest.approx(0.6)
    assert found["word_gap"] == pytest.approx(0.7)
    assert found["char_gap"] == pytest.approx(0.2)
    assert found["sentence_similarity"] == pytest.approx(0.8)
    assert found["sentence_gap"] == pytest.approx(0.5)
    assert found["unity"] == pytest.approx(0.5)
    assert found["word_share"] == pytest.approx(0.7)
    assert found["pair_share"] == pytest.approx(0.3)
    assert found["known"] == pytest.approx(0.9)
    assert found["log_length"] == pytest.approx(np.log(5))
    assert found["log_odds"] == pytest.approx(found["log_margin"]) == pytest.approx(1.5)
    assert found["outside_gap"] == pytest.approx(np.mean([0.9, 0.6, 0.8]) - 0.05)


@pytest.mark.parametrize("name", ["word_share", "pair_share", "known"])
def test_what_changes_in_a_text_changes_under_its_name_alone(name: str) -> None:
    before, after = one_text(), one_text(**{name: 0.11})
    assert {key for key in before if before[key] != after[key]} == {name}


def test_the_signs_are_the_contract() -> None:
    assert [name for name, sign in SIGNS.items() if sign == 0] == ["unity", "log_length"]
    assert set((SIGNS | SENTENCE_SIGNS).values()) == {0, 1}


@pytest.mark.parametrize("swapped", [("word_gap", "char_gap"), ("known", "unity")])
def test_a_model_taught_with_other_names_is_refused(swapped: tuple[str, str]) -> None:
    parts = trained(300).parts()
    names = list(parts["signs"])
    one, other = (names.index(name) for name in swapped)
    names[one], names[other] = names[other], names[one]
    parts["signs"] = dict(zip(names, parts["signs"].values(), strict=True))
    assert list(parts["signs"]) != list(SIGNS)
    with pytest.raises(ArtefactError, match="other evidence"):
        TrustModel.from_parts(parts)
