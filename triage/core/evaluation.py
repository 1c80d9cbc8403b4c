"""Measures the whole engine on labelled texts that it has not been trained on."""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.metrics import f1_score, roc_auc_score

from triage.core.deciding.policy import decide
from triage.core.deciding.rules import RuleBook
from triage.core.engine import Engine
from triage.core.errors import TrainingError
from triage.core.learning.calibration import brier, expected_calibration_error
from triage.core.learning.model import Model
from triage.core.types import Action, Example, IntentPolicy, PolicyConfig
from triage.core.vectors import Encoder

Doubles = npt.NDArray[np.float64]

_COLUMNS = ("text", "intent")
#: No honest field is longer; the csv module's own limit is shorter than a long mail thread.
_MAX_FIELD = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of one test text. ``truth`` None means out of scope."""

    text: str
    truth: str | None
    intent: str | None
    confidence: float
    action: str
    reason: str

    @property
    def answered(self) -> bool:
        return self.action == Action.AUTO_RESOLVE

    @property
    def right(self) -> bool:
        return self.truth is not None and self.intent == self.truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Figures of one train-and-test run; shares are in [0, 1].

    Attributes
    ----------
    accuracy, macro_f1 : float
        Of the best intent, over the in-scope texts, whatever the confidence.
    ece, brier : float
        Of the confidence against "right and in scope", over all texts (15 bins).
    ece_in_scope : float
        The same over the in-scope texts alone.
    coverage, error : float
        Share of all texts that were answered, and share of the answered that were wrong; an answered
        out-of-scope text is wrong.
    out_of_scope_answered, in_scope_answered : float or None
        Share of each kind that was answered; None where there is none of the kind.
    aurc : float
        Area under the risk-coverage curve over all texts (Geifman & El-Yaniv, 2017): lower is better.
    auroc : float or None
        How well the confidence separates in-scope from out-of-scope texts.
    """

    n_train: int
    n_test: int
    threshold: float
    accuracy: float
    macro_f1: float
    ece: float
    ece_in_scope: float
    brier: float
    coverage: float
    error: float
    in_scope_answered: float | None
    out_of_scope_answered: float | None
    aurc: float
    auroc: float | None
    train_seconds: float
    predict_ms_p50: float
    predict_ms_p99: float
    artefact_bytes: int
    rows: tuple[Row, ...]

    def summary(self) -> dict[str, float | int | None]:
        """Return the figures without the rows, ready for JSON."""
        found = asdict(self)
        del found["rows"]
        return found


def read_examples(path: Path) -> Iterator[Example]:
    """Read labelled texts one by one from a CSV file with the header ``text,intent``.

    An empty intent means out of scope.

    Raises
    ------
    TrainingError
        The file is missing, is not UTF-8, or a line does not fit; the message names the line.
    """
    csv.field_size_limit(_MAX_FIELD)
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as stream:
            yield from _examples_in(csv.reader(stream), path)
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path} cannot be read: {error}. Give a CSV file in UTF-8.") from error


def _examples_in(lines: Iterator[list[str]], path: Path) -> Iterator[Example]:
    reader = lines
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if not set(_COLUMNS) <= set(header):
            raise TrainingError(f"{path}, line 1: the header must name the columns text and intent.")
        text_at, intent_at = header.index("text"), header.index("intent")
        for fields in reader:
            line = getattr(reader, "line_num", 0)
            if not fields:
                continue
            if len(fields) != len(header):
                raise TrainingError(
                    f"{path}, line {line}: {len(fields)} fields where the header has {len(header)}; "
                    "quote texts that hold commas."
                )
            yield Example(fields[text_at], fields[intent_at].strip() or None)
    except csv.Error as error:
        raise TrainingError(f"{path}, line {getattr(reader, 'line_num', 0)}: {error}.") from error


def evaluate(
    train: Sequence[Example],
    test: Sequence[Example],
    *,
    threshold: float = 0.75,
    seed: int = 0,
    encoder: Encoder | None = None,
) -> Evaluation:
    """Train on some texts, judge others, and measure.

    Parameters
    ----------
    train, test : sequence of Example
    threshold : float
        Confidence from which a ticket is answered; every intent is taken to be automated.
    seed : int
        The same texts and seed give the same predictions.
    encoder : Encoder, optional
        See :meth:`Model.fit`.

    Raises
    ------
    EncoderError
        The encoder fails.
    TrainingError
        The training texts cannot train a model, or there is nothing to test.
    """
    if not test:
        raise TrainingError("There is no text to test on; give at least one.")
    began = time.perf_counter()
    model = Model.fit(train, seed=seed, encoder=encoder)
    train_seconds = time.perf_counter() - began
    with tempfile.TemporaryDirectory() as scratch:
        artefact_bytes = model.save(Path(scratch) / "model").size
    rows, milliseconds = _judge(model, test, threshold)
    return _measure(
        rows,
        n_train=len(train),
        threshold=threshold,
        train_seconds=train_seconds,
        milliseconds=milliseconds,
        artefact_bytes=artefact_bytes,
    )


def _judge(model: Model, test: Sequence[Example], threshold: float) -> tuple[list[Row], Doubles]:
    engine = Engine(RuleBook([], []), model, None)
    policies = {intent: IntentPolicy() for intent in model.intents}
    config = PolicyConfig(threshold=threshold)
    rows, milliseconds = [], np.empty(len(test))
    for i, example in enumerate(test):
        began = time.perf_counter()
        assessment = engine.assess("", example.text)
        decision = decide(assessment, intents=policies, language="en", config=config)
        milliseconds[i] = (time.perf_counter() - began) * 1000
        rows.append(
            Row(
                text=example.text,
                truth=example.intent,
                intent=assessment.intent,
                confidence=assessment.confidence,
                action=str(decision.action),
                reason=str(decision.reason),
            )
        )
    return rows, milliseconds


def _measure(
    rows: Sequence[Row],
    *,
    n_train: int,
    threshold: float,
    train_seconds: float,
    milliseconds: Doubles,
    artefact_bytes: int,
) -> Evaluation:
    confidence = np.asarray([row.confidence for row in rows])
    right = np.asarray([row.right for row in rows])
    inside = np.asarray([row.truth is not None for row in rows])
    answered = np.asarray([row.answered for row in rows])
    known = [row for row in rows if row.truth is not None]
    both = inside.any() and not inside.all()
    return Evaluation(
        n_train=n_train,
        n_test=len(rows),
        threshold=threshold,
        accuracy=_mean(right[inside]) or 0.0,
        macro_f1=_macro_f1(known),
        ece=expected_calibration_error(confidence, right),
        ece_in_scope=expected_calibration_error(confidence[inside], right[inside]),
        brier=brier(confidence, right),
        coverage=float(answered.mean()),
        error=_mean(~right[answered]) or 0.0,
        in_scope_answered=_mean(answered[inside]),
        out_of_scope_answered=_mean(answered[~inside]),
        aurc=float(risk_coverage(confidence, right)[1].mean()),
        auroc=float(roc_auc_score(inside, confidence)) if both else None,
        train_seconds=train_seconds,
        predict_ms_p50=float(np.percentile(milliseconds, 50)),
        predict_ms_p99=float(np.percentile(milliseconds, 99)),
        artefact_bytes=artefact_bytes,
        rows=tuple(rows),
    )


def _mean(values: npt.NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if values.size else None


def _macro_f1(known: Sequence[Row]) -> float:
    if not known:
        return 0.0
    truths = [row.truth or "" for row in known]
    named = [row.intent or "" for row in known]
    return float(f1_score(truths, named, labels=sorted(set(truths)), average="macro", zero_division=0))


def risk_coverage(confidence: Doubles, right: npt.NDArray[np.bool_]) -> tuple[Doubles, Doubles]:
    """Return coverage and risk when the most confident texts are answered first.

    Texts of equal confidence are answered together, so their order cannot flatter the curve.

    Returns
    -------
    coverage, risk : ndarray, shape (n,)
        Share answered, and share wrong among the answered, at each step.
    """
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order])
    count = np.arange(1, len(order) + 1)
    last = np.searchsorted(-confidence[order], -confidence[order], side="right") - 1
    return count / len(order), wrong[last] / (last + 1)
