"""Says what the writer of a text does with its topic: ask plainly, or something that no prepared answer serves.

A model of its own beside the topic: one linear machine over phrases (see ``phrases``) for plain askings and each
stance. A text is held up where a stance's score leads that of a plain asking by more than is tolerated; the
tolerance is set while training so that few held-out askings are held up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from triage.core.stance.composed import compose
from triage.core.stance.phrases import Floats, Ints, PhraseReader, Phrases
from triage.core.stance.tale import is_foreign_tale
from triage.core.stance.taught import SHOWN, read
from triage.core.types import Contrast, Example, Stance, StanceFound, Term

#: Share of the askings in training that the model may hold up when it has not learnt them. One in six of them was
#: written to look like something else; of strangers' plain askings about half as many are held up.
HELD_UP_SHARE = 0.06
#: Share of the stream that is expected to be no plain asking, where the lead becomes a probability.
UNASKED_SHARE = 0.2
#: Part of the texts that is kept from learning to find the tolerance.
_KEPT_SHARE = 0.2
#: Fewer texts of a stance, or fewer askings, teach nothing; a stance below this is left out.
LEAST_TEXTS = 20
#: Of a text with fewer known words, most likely in another language, no stance is named.
LEAST_KNOWN = 0.5
#: Cost of a text on the wrong side. Between 0.1 and 1 held-out writers see no difference above noise.
COST = 0.3
_TOLERANCE = 0.02
_TERMS = 6
_ASKING = "ask"

Strings = Sequence[str]


@dataclass(frozen=True, slots=True)
class _Taught:
    """Contrast texts as they were taught, to show the nearest; ``matrix`` has their weighted phrases."""

    texts: tuple[str, ...]
    stances: tuple[str, ...]
    matrix: sparse.csr_matrix


@dataclass(frozen=True, slots=True)
class Judgement:
    """How likely a text is a plain asking, in [0, 1], and the stance it is held up for (None: let through).

    ``leans_grave``: if it is no asking, it most likely tells of something grave.
    """

    asking: float
    stance: StanceFound | None
    leans_grave: bool = False


class StanceModel:
    """Finds out whether a text is a plain asking. Made by :meth:`fit` or :meth:`from_arrays`.

    Attributes
    ----------
    stances_ : tuple of str
        "ask" and the stances that were learnt; the columns of ``coef_``.
    topics_ : tuple of str
        The grave topics; the columns of ``topic_coef_``.
    tolerance_ : float
        Lead over a plain asking that is let through.
    line_ : tuple of two float
        Slope and constant of the log-odds, over the lead, that a text is a plain asking.
    """

    def __init__(self, *, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, askings: Sequence[Example], contrasts: Sequence[Contrast]) -> StanceModel:
        """Learn from plain askings (with their intent) and contrast texts. The order does not matter."""
        rows = sorted(
            {(read(e.text), _ASKING, e.intent or "", "") for e in askings if e.intent}
            | {(read(c.text), c.stance.value, "", c.topic) for c in contrasts}
        )
        rows = _without_rare(rows)
        texts = [row[0] for row in rows]
        labels = np.asarray([row[1] for row in rows])
        grave, plain = (np.flatnonzero(labels == kind).tolist() for kind in (Stance.GRAVE.value, _ASKING))
        composed = compose(texts, grave, plain, self.seed)
        self.reader_ = PhraseReader()
        both = self.reader_.fit_matrix(
            [*texts, *(one.text for one in composed)],
            [*(row[2] or None for row in rows), *([None] * len(composed))],
        )
        sources = [[at, at] for at in range(len(rows))] + [[one.told_by, one.asked_by] for one in composed]
        told_by, asked_by = np.asarray(sources).T
        self.stances_ = (_ASKING, *sorted(set(labels.tolist()) - {_ASKING}))
        self._find_tolerance(both, labels, told_by, asked_by)
        self.coef_, self.intercept_ = self._solve(both, labels[told_by], self.stances_)
        matrix = both[: len(rows)]
        self._fit_topics(matrix, rows)
        contrast = np.flatnonzero(labels != _ASKING)
        self.taught_ = _Taught(
            tuple(texts[at][:SHOWN] for at in contrast),
            tuple(labels[contrast].tolist()),
            matrix[contrast].astype(np.float32),
        )
        return self

    def _solve(
        self, matrix: sparse.csr_matrix, labels: npt.NDArray[np.str_], names: Strings
    ) -> tuple[Floats, Floats]:
        """Weights of shape (n_phrases, n_names) and constants, one machine a name."""
        machine = LinearSVC(C=COST, tol=_TOLERANCE, random_state=self.seed).fit(matrix, labels)
        order = [list(machine.classes_).index(name) for name in names] if len(names) > 2 else [0]
        coef, intercept = machine.coef_[order], machine.intercept_[order]
        if len(names) == 2:  # one machine serves both
            sign = 1.0 if machine.classes_[1] == names[1] else -1.0
            coef, intercept = (
                np.vstack([-sign * coef, sign * coef]),
                np.append(-sign * intercept, sign * intercept),
            )
        return np.ascontiguousarray(coef.T, dtype=np.float32), intercept.astype(np.float32)

    def _find_tolerance(
        self, matrix: sparse.csr_matrix, labels: npt.NDArray[np.str_], told_by: Ints, asked_by: Ints
    ) -> None:
        """Find out on texts kept from learning what lead a plain asking can have, and what a lead is worth.

        What was composed of a text that is kept is not learnt from either.
        """
        shuffled = np.random.default_rng(self.seed).permutation(len(labels))
        kept = np.zeros(len(labels), dtype=np.bool_)
        kept[shuffled[: max(1, int(len(labels) * _KEPT_SHARE))]] = True
        learnt = np.flatnonzero(~(kept[told_by] | kept[asked_by]))
        names = tuple(name for name in self.stances_ if (labels[told_by[learnt]] == name).any())
        coef, intercept = self._solve(matrix[learnt], labels[told_by[learnt]], names)
        at = np.flatnonzero(kept)
        scores = matrix[at] @ coef + intercept
        lead = scores[:, 1:].max(axis=1) - scores[:, 0]
        asks = labels[at] == _ASKING
        self.tolerance_ = float(np.quantile(lead[asks], 1 - HELD_UP_SHARE)) if asks.any() else 0.0
        self.line_ = _line(lead, asks)

    def _fit_topics(self, matrix: sparse.csr_matrix, rows: Sequence[tuple[str, str, str, str]]) -> None:
        grave = [at for at, row in enumerate(rows) if row[1] == Stance.GRAVE.value and row[3]]
        topics = np.asarray([rows[at][3] for at in grave])
        self.topics_ = tuple(sorted(set(topics.tolist())))
        if len(self.topics_) < 2:
            self.topic_coef_ = np.zeros((matrix.shape[1], 0), dtype=np.float32)
            self.topic_intercept_ = np.zeros(0, dtype=np.float32)
            return
        self.topic_coef_, self.topic_intercept_ = self._solve(matrix[grave], topics, self.topics_)

    def judge(self, text: str) -> Judgement:
        """Say how likely a text is a plain asking, and what its writer does instead where that is held up."""
        tokens, phrases = self.reader_.find(text)
        columns, weights = self.reader_.weigh(phrases)
        scores = weights @ self.coef_[columns] + self.intercept_
        best = int(np.argmax(scores[1:])) + 1
        lead = float(scores[best] - scores[0])
        slope, constant = self.line_
        probability = 1 / (1 + math.exp(-min(max(slope * lead + constant, -30.0), 30.0)))
        leans_grave = self.stances_[best] == Stance.GRAVE
        if not columns.size or lead <= self.tolerance_ or self.reader_.known_share(tokens) < LEAST_KNOWN:
            return Judgement(probability, None, leans_grave)
        found = self._found(best, lead, tokens, phrases, columns, weights)
        return Judgement(probability, found, leans_grave)

    def is_foreign_tale(self, told: str, asked: str) -> bool:
        """Say whether what is told beside a question is about something that nobody taught."""
        return is_foreign_tale(told, asked, self.reader_.words_)

    def _found(
        self,
        best: int,
        lead: float,
        tokens: Strings,
        phrases: Phrases,
        columns: npt.NDArray[np.int64],
        weights: Floats,
    ) -> StanceFound:
        stance = Stance(self.stances_[best])
        return StanceFound(
            stance=stance,
            lead=round(lead - self.tolerance_, 4),
            topic=self._topic(columns, weights) if stance is Stance.GRAVE else "",
            terms=self._terms(tokens, phrases, columns, weights, best),
            nearest=self._nearest(stance, columns, weights),
        )

    def _topic(self, columns: npt.NDArray[np.int64], weights: Floats) -> str:
        if len(self.topics_) < 2:
            return self.topics_[0] if self.topics_ else ""
        scores = weights @ self.topic_coef_[columns] + self.topic_intercept_
        return str(self.topics_[int(np.argmax(scores))])

    def _terms(
        self,
        tokens: Strings,
        phrases: Phrases,
        columns: npt.NDArray[np.int64],
        weights: Floats,
        best: int,
    ) -> tuple[Term, ...]:
        """What each word adds to the stance's lead: half of a phrase goes to either of its ends."""
        shares = weights * (self.coef_[columns, best] - self.coef_[columns, 0])
        by_key = dict(zip(self.reader_.keys_[columns].tolist(), shares.tolist(), strict=True))
        times: dict[int, int] = {}
        for key in phrases.keys.tolist():
            times[key] = times.get(key, 0) + 1
        by_word: dict[str, float] = {}
        for key, first, last in zip(
            phrases.keys.tolist(), phrases.first.tolist(), phrases.last.tolist(), strict=True
        ):
            share = by_key.get(key, 0.0) / times[key] / 2
            for place in (first, last):
                if share and 0 <= place < len(tokens):
                    by_word[tokens[place]] = by_word.get(tokens[place], 0.0) + share
        heaviest = sorted(by_word.items(), key=lambda item: (-abs(item[1]), item[0]))[:_TERMS]
        return tuple(Term(word, round(weight, 4)) for word, weight in heaviest)

    def _nearest(self, stance: Stance, columns: npt.NDArray[np.int64], weights: Floats) -> str:
        wanted = np.asarray([name == stance.value for name in self.taught_.stances])
        if not wanted.any():
            return ""
        query = np.zeros(self.taught_.matrix.shape[1], dtype=np.float32)
        query[columns] = weights
        nearness = np.where(wanted, self.taught_.matrix @ query, -1.0)
        return self.taught_.texts[int(np.argmax(nearness))]

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return what was learnt, to be stored."""
        taught = self.taught_
        return {
            **self.reader_.arrays(),
            "coef": self.coef_.astype(np.float16),
            "intercept": self.intercept_,
            "topic_coef": self.topic_coef_.astype(np.float16),
            "topic_intercept": self.topic_intercept_,
            "limits": np.asarray([self.tolerance_, *self.line_]),
            "stances": _written(self.stances_),
            "topics": _written(self.topics_),
            "taught": _written([text.replace("\n", " ") for text in taught.texts]),
            "taught_stances": _written(taught.stances),
            "taught_weights": taught.matrix.data.astype(np.float16),
            "taught_columns": taught.matrix.indices.astype(np.int32),
            "taught_pointers": taught.matrix.indptr.astype(np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[np.generic]]) -> StanceModel:
        """Rebuild from what :meth:`arrays` gave. Raises KeyError where something is missing."""
        model = cls()
        model.reader_ = PhraseReader.from_arrays(arrays)
        model.coef_ = np.asarray(arrays["coef"], dtype=np.float32)
        model.intercept_ = np.asarray(arrays["intercept"], dtype=np.float32)
        model.topic_coef_ = np.asarray(arrays["topic_coef"], dtype=np.float32)
        model.topic_intercept_ = np.asarray(arrays["topic_intercept"], dtype=np.float32)
        tolerance, slope, constant = np.asarray(arrays["limits"], dtype=np.float64).tolist()
        model.tolerance_, model.line_ = tolerance, (slope, constant)
        model.stances_, model.topics_ = _read_written(arrays["stances"]), _read_written(arrays["topics"])
        texts = _read_written(arrays["taught"])
        shape = (len(texts), len(model.reader_.keys_))
        weights = np.asarray(arrays["taught_weights"], dtype=np.float32)
        columns = np.asarray(arrays["taught_columns"], dtype=np.int32)
        pointers = np.asarray(arrays["taught_pointers"], dtype=np.int32)
        matrix = sparse.csr_matrix((weights, columns, pointers), shape=shape, dtype=np.float32)
        model.taught_ = _Taught(texts, _read_written(arrays["taught_stances"]), matrix)
        return model


def _line(lead: npt.NDArray[np.float64], asks: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Fit the log-odds of a plain asking over the lead (Platt 1999); they fall with it, or do not move."""
    if asks.all() or not asks.any():
        return 0.0, 10.0
    weights = np.where(asks, (1 - UNASKED_SHARE) / asks.sum(), UNASKED_SHARE / (~asks).sum()) * len(asks)
    fitted = LogisticRegression(C=100.0).fit(lead[:, None], asks, sample_weight=weights)
    return min(float(fitted.coef_[0, 0]), 0.0), float(fitted.intercept_[0])


def _without_rare(rows: list[tuple[str, str, str, str]]) -> list[tuple[str, str, str, str]]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row[1]] = counts.get(row[1], 0) + 1
    return [row for row in rows if counts[row[1]] >= LEAST_TEXTS]


def can_learn(askings: Sequence[Example], contrasts: Sequence[Contrast]) -> bool:
    """Say whether there is enough to tell plain askings from at least one stance."""
    asked = sum(1 for example in askings if example.intent)
    counts: dict[str, int] = {}
    for contrast in contrasts:
        counts[contrast.stance] = counts.get(contrast.stance, 0) + 1
    return asked >= LEAST_TEXTS and max(counts.values(), default=0) >= LEAST_TEXTS


def _written(lines: Strings) -> npt.NDArray[np.uint8]:
    return np.frombuffer("\n".join(lines).encode(), dtype=np.uint8)


def _read_written(array: npt.NDArray[np.generic]) -> tuple[str, ...]:
    written = np.asarray(array, dtype=np.uint8).tobytes().decode()
    return tuple(written.split("\n")) if written else ()
