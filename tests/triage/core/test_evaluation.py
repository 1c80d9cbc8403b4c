"""Reading labelled texts and measuring the engine on them."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.core.shop import shop_examples
from triage.core.errors import TrainingError
from triage.core.evaluation import Evaluation, evaluate, read_examples, risk_coverage
from triage.core.types import Action, Example

TEST = [
    Example("please refund my jacket order", "refund"),
    Example("where is my new lamp", "track_order"),
    Example("which planet is the largest", None),
    Example("play some jazz", None),
]


@pytest.fixture(scope="module")
def found() -> Evaluation:
    return evaluate(shop_examples(), TEST)


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def test_an_empty_intent_means_out_of_scope(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'text,intent\n"hello, world",greet\nnonsense,\n')
    assert list(read_examples(path)) == [Example("hello, world", "greet"), Example("nonsense", None)]


def test_columns_may_stand_in_any_order_and_after_a_byte_order_mark(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "\ufeffintent,id,text\ngreet,7,hello\n")
    assert list(read_examples(path)) == [Example("hello", "greet")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1: the header"),
        ("question,answer\na,b\n", "line 1: the header"),
        ("text,intent\na,b\nx,y,z\n", "line 3: 3 fields"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(TrainingError, match=message):
        list(read_examples(write(tmp_path / "a.csv", content)))


def test_a_missing_file_and_foreign_bytes_are_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be read"):
        list(read_examples(tmp_path / "none.csv"))
    (tmp_path / "latin.csv").write_bytes(b"text,intent\ncaf\xe9,a\n")
    with pytest.raises(TrainingError, match="UTF-8"):
        list(read_examples(tmp_path / "latin.csv"))


def test_nothing_to_test_is_refused() -> None:
    with pytest.raises(TrainingError, match="no text to test"):
        evaluate(shop_examples(), [])


def test_every_text_gets_a_row_in_order(found: Evaluation) -> None:
    assert [row.text for row in found.rows] == [example.text for example in TEST]


def test_an_answered_out_of_scope_text_is_an_error() -> None:
    always = evaluate(shop_examples(), TEST, threshold=0.0)
    answered = [row for row in always.rows if row.action == Action.AUTO_RESOLVE]
    wrong = sum(not row.right for row in answered)
    assert always.error == pytest.approx(wrong / max(len(answered), 1))


def test_the_summary_holds_every_promised_figure(found: Evaluation) -> None:
    promised = [
        "accuracy",
        "macro_f1",
        "ece",
        "brier",
        "coverage",
        "error",
        "out_of_scope_answered",
        "aurc",
        "auroc",
        "train_seconds",
        "predict_ms_p50",
        "predict_ms_p99",
        "artefact_bytes",
    ]
    assert set(promised) <= set(found.summary())
    assert "rows" not in found.summary()


def test_an_in_scope_test_has_no_out_of_scope_figures() -> None:
    assert evaluate(shop_examples(), TEST[:2]).auroc is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_a_higher_threshold_never_raises_coverage(answers: list[tuple[float, bool]]) -> None:
    confidence = np.asarray([c for c, _ in answers])
    shares = [(confidence >= t).mean() for t in np.linspace(0, 1, 21)]
    assert all(low >= high for low, high in itertools.pairwise(shares))
    coverage, risk = risk_coverage(confidence, np.asarray([right for _, right in answers]))
    assert (np.diff(coverage) > 0).all()
    assert ((risk >= 0) & (risk <= 1)).all()


def test_equal_confidence_is_answered_together() -> None:
    _, risk = risk_coverage(np.full(4, 0.9), np.asarray([True, True, False, False]))
    assert risk.tolist() == [0.5] * 4


def test_the_same_seed_gives_the_same_rows(found: Evaluation) -> None:
    assert evaluate(shop_examples(), TEST).rows == found.rows
