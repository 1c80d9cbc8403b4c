"""What a ranking model is worth on texts and on intents that it has not seen."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.utils.parallel import Parallel, delayed

from triage.core.errors import TrainingError
from triage.core.learning.calibration import expected_calibration_error, fit_sharpness
from triage.core.learning.classifier import MANY_TEXTS, LinearClassifier
from triage.core.learning.features import BLOCK_WEIGHTS, Floats, Vectoriser
from triage.core.learning.meaning import read_sentences
from triage.core.learning.neighbours import (
    class_unity,
    class_vocabulary,
    shares_in_class,
    similarity_chunks,
    without_common,
)
from triage.core.learning.scope import Classes, Doubles, Familiarity, TrustModel, evidence, rank
from triage.core.reading.text import normalise, question_in
from triage.core.types import Example
from triage.core.vectors import Encoder

#: Share of the stream that is expected to be about something nobody taught us, from plenty of examples …
UNKNOWN_SHARE = 0.02
_PLENTY = 5_000
#: … and at most, from a fifth of that or less: who has been taught little meets more that is new. What the
#: confidence then says holds on the very stream that the scope gate imagines.
MOST_UNKNOWN_SHARE = 0.5
#: Share of unknown texts while learning to tell them apart.
_UNKNOWN_WHILE_RANKING = 0.2
#: From this many on, out-of-scope examples stand for half of the unknown; fewer, often of one easy kind, for less.
_MANY_GIVEN = 100
#: The scope gate imagines that half of the stream is unknown.
_UNKNOWN_AT_THE_GATE = MOST_UNKNOWN_SHARE

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Call = tuple[Callable[..., Any], tuple[Any, ...]]

#: A text is judged by a model that learned from nine tenths, almost as much as the final one will have; of very many
#: texts from six sevenths: one model less to fit.
TEXT_FOLDS, FOLDS_OF_PLENTY = 10, 7
#: A fifth of the intents is held out altogether at a time …
INTENT_FOLDS = 5
#: … from few texts a twentieth, which up to 20 intents is one. A model short of a fifth of few intents has
#: fewer to mistake an unknown text for than the final one, and promised more than that could keep.
FINE_INTENT_FOLDS = 20
#: No more folds than it takes to judge this many texts: more would say the same again. Of the intents at least two
#: fifths are held out where the texts are few enough that it costs little.
ENOUGH_JUDGED = 3_000
#: From so many texts on one fifth of the intents has enough of them.
_MORE_THAN_ENOUGH = 16_000
#: Longer examples are read as mails.
_LINE = 200
#: From this many texts on the work is shared by two processes.
_MANY = 3_000

#: Nobody knows what the trust in a text is worth that is longer than what was taught: than all but one in a thousand
#: of the texts, and than so many words.
LEAST_LONGEST = 60
_LONGEST_SHARE = 0.999


def is_many(n_texts: int) -> bool:
    """Say whether two processes are worth their start."""
    return n_texts >= _MANY


@dataclass(frozen=True)
class Corpus:
    """The training texts as features.

    Attributes
    ----------
    words : list of list of str
        Their stems.
    matrix : csr_matrix, shape (n_texts, n_features)
    sentences : ndarray of float32, shape (n_texts, size)
        The same texts as wholes; no columns where there is no encoder.
    labels : ndarray of int, shape (n_texts,)
        Intent number; ``n_intents`` marks an out-of-scope text.
    n_intents : int
    vectoriser : Vectoriser
    """

    words: list[list[str]]
    matrix: sparse.csr_matrix
    sentences: Floats
    labels: Ints
    n_intents: int
    vectoriser: Vectoriser

    @classmethod
    def read(
        cls,
        texts: Sequence[str],
        labels: Ints,
        n_intents: int,
        vectoriser: Vectoriser,
        encoder: Encoder | None,
    ) -> Corpus:
        """Turn texts into features, to which ``vectoriser`` is fitted."""
        matrix, words = vectoriser.fit_read(texts)
        return cls(words, matrix, read_sentences(encoder, texts), labels, n_intents, vectoriser)


def longest_of(corpus: Corpus) -> int:
    """The number of words that all but few of the texts keep to."""
    return max(LEAST_LONGEST, int(np.quantile([len(words) for words in corpus.words], _LONGEST_SHARE)))


@dataclass(frozen=True, slots=True)
class Selected:
    """The examples to learn from: each text once, with the name of its intent, or "" where it is out of scope."""

    texts: list[str]
    names: list[str]
    intents: tuple[str, ...]
    skipped: tuple[str, ...]

    @property
    def n_outside(self) -> int:
        return self.names.count("")

    def labels(self) -> Ints:
        """The number of each text's intent; of what is out of scope one more than there are intents."""
        numbers = {name: number for number, name in enumerate(self.intents)} | {"": len(self.intents)}
        return np.asarray([numbers[name] for name in self.names], dtype=np.int64)


def select_examples(examples: Sequence[Example], min_examples: int) -> Selected:
    """Drop repeats, settle contradictions by majority, and leave out intents with too few texts."""
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    for example in examples:
        text = _question_in(example.text)
        if text:
            votes[text][example.intent or ""] += 1
    labelled = {text: min(seen, key=lambda name: (-seen[name], name)) for text, seen in votes.items()}
    sizes = Counter(labelled.values())
    wanted = {e.intent for e in examples if e.intent}
    intents = tuple(sorted(name for name in wanted if sizes[name] >= min_examples))
    if len(intents) < 2:
        raise TrainingError(
            f"Only {len(intents)} intents have {min_examples} or more different examples; "
            "at least two are needed to train."
        )
    kept = sorted(text for text, name in labelled.items() if not name or name in set(intents))
    return Selected(
        kept, [labelled[text] for text in kept], intents, tuple(sorted(wanted.difference(intents)))
    )


def _question_in(text: str) -> str:
    """Read an example as a ticket will be read; a short plain line needs no search for its question."""
    if "\n" in text or len(text) > _LINE:
        return question_in(text)
    return normalise(text)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Evidence about texts by models that had not seen them, and whether the best intent was right.

    ``in_scope`` is False for out-of-scope examples and for texts of intents that were held out;
    ``given`` tells the former from the latter.
    """

    table: Doubles
    right: Mask
    in_scope: Mask
    given: Mask


@dataclass(frozen=True, slots=True)
class _Trial:
    """A split of the corpus: what to learn from, what to judge, and which intents take part."""

    train: Ints
    test: Ints
    intents: Ints


def _folds(labels: Ints, seed: int, folds: int) -> list[Ints]:
    """Split the texts of every class evenly over the folds."""
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    return [np.sort(by_class[start::folds]) for start in range(folds)]


def _judged_of(corpus: Corpus, folds: int) -> int:
    needed = -(-ENOUGH_JUDGED * folds // len(corpus.labels))
    return min(max(needed, 2 if len(corpus.labels) < _MORE_THAN_ENOUGH else 1), folds)


def _text_trials(corpus: Corpus, seed: int) -> Iterator[_Trial]:
    everyone = np.arange(len(corpus.labels))
    folds = FOLDS_OF_PLENTY if len(everyone) >= _MORE_THAN_ENOUGH else TEXT_FOLDS
    for fold in _folds(corpus.labels, seed, folds)[: _judged_of(corpus, folds)]:
        yield _Trial(np.setdiff1d(everyone, fold), fold, np.arange(corpus.n_intents))


def _intent_trials(corpus: Corpus, seed: int) -> Iterator[_Trial]:
    """Hold out a part of the intents at a time; in a small corpus each is left out once."""
    if corpus.n_intents < INTENT_FOLDS:
        return
    few = len(corpus.labels) < MANY_TEXTS
    folds = min(FINE_INTENT_FOLDS, corpus.n_intents) if few else INTENT_FOLDS
    shuffled = np.random.default_rng(seed + 1).permutation(corpus.n_intents)
    for part in range(_judged_of(corpus, folds)):
        gone = shuffled[part::folds]
        outside = np.isin(corpus.labels, gone)
        kept = np.setdiff1d(np.arange(corpus.n_intents), gone)
        yield _Trial(np.flatnonzero(~outside), np.flatnonzero(outside), kept)


def _unseen(corpus: Corpus, trial: _Trial) -> tuple[sparse.csr_matrix, Doubles]:
    """Return the judged texts without the features that only they have, and their share of known words.

    Without this a held-out text would look more familiar than a new ticket ever does.
    """
    seen = np.bincount(corpus.matrix[trial.train].indices, minlength=corpus.matrix.shape[1]) > 0
    kept = sparse.csr_matrix(corpus.matrix[trial.test] @ sparse.diags_array(seen.astype(np.float32)))
    kept.eliminate_zeros()
    starts = corpus.vectoriser.starts_
    blocks = []
    for low, high, weight in zip(starts, starts[1:], BLOCK_WEIGHTS, strict=False):
        block = kept[:, low:high]
        length = np.sqrt(np.asarray(block.multiply(block).sum(axis=1)).ravel())
        factor = np.divide(weight, length, out=np.zeros_like(length), where=length > 0)
        blocks.append(sparse.diags_array(factor.astype(np.float32)) @ block)
    return sparse.csr_matrix(sparse.hstack(blocks)), _known_shares(corpus, trial)


def _known_shares(corpus: Corpus, trial: _Trial) -> Doubles:
    counts = Counter(word for i in trial.train for word in set(corpus.words[i]))
    n = len(trial.train)
    unknown = np.log(1 + n) + 1
    rarity = {word: np.log((1 + n) / (1 + count)) + 1 for word, count in counts.items()}
    shares = np.zeros(len(trial.test))
    for place, i in enumerate(trial.test):
        known = sum(rarity.get(word, 0.0) for word in corpus.words[i])
        missing = sum(unknown for word in corpus.words[i] if word not in rarity)
        shares[place] = known / (known + missing) if known else 0.0
    return shares


@dataclass(frozen=True, slots=True)
class _Judged:
    """A trial with the scores its model gave to the texts held out."""

    trial: _Trial
    matrix: sparse.csr_matrix
    sentences: Floats
    known: Doubles
    scores: Floats
    train_columns: Ints


def _judge(corpus: Corpus, trial: _Trial, seed: int) -> _Judged:
    columns = np.append(trial.intents, corpus.n_intents)
    local = np.searchsorted(columns, corpus.labels[trial.train])
    model = LinearClassifier(seed=seed, many=len(corpus.labels) >= MANY_TEXTS).fit(
        corpus.matrix[trial.train], corpus.sentences[trial.train], local, len(columns)
    )
    matrix, known = _unseen(corpus, trial)
    sentences = corpus.sentences[trial.test]
    scores = model.score_matrix(matrix, sentences, known)
    return _Judged(trial, matrix, sentences, known, scores, local)


def start_together(calls: Sequence[Call], *, many: bool) -> Iterator[Any]:
    """Start calls, each (function, arguments), and yield what they return, in their order.

    ``many``: in as many processes as there are cores, at most two, while the caller goes on; else when asked for.
    """
    if not many:
        return (function(*arguments) for function, arguments in calls)
    processes = min(2, os.cpu_count() or 1)
    started = Parallel(n_jobs=processes, return_as="generator")
    return iter(started(delayed(function)(*arguments) for function, arguments in calls))


def _evidence_of(corpus: Corpus, judged: _Judged, sharpness: float) -> HeldOut:
    trial, columns = judged.trial, judged.train_columns
    n_classes = len(trial.intents) + 1
    block_starts = corpus.vectoriser.starts_
    ranking = rank(judged.scores, sharpness, len(trial.intents))
    order = np.argsort(columns, kind="stable")
    texts = corpus.matrix[trial.train[order]]
    vectors = corpus.sentences[trial.train[order]]
    telling = without_common(texts)
    classes = Classes(
        np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=n_classes))]),
        class_unity(telling, vectors, columns[order], n_classes, block_starts),
    )
    met = class_vocabulary(texts, columns[order], n_classes, block_starts)
    word_share, pair_share = shares_in_class(judged.matrix, ranking.top, met, block_starts)
    n_words = np.asarray([len(corpus.words[i]) for i in trial.test], dtype=np.float64)
    familiar = Familiarity(word_share, pair_share, judged.known, n_words)
    parts = [
        evidence(judged.scores[r], ranking.part(r), similarities, classes, familiar.part(r))
        for r, similarities in similarity_chunks(
            (judged.matrix, judged.sentences), (telling, vectors), block_starts
        )
    ]
    truth = corpus.labels[trial.test]
    return HeldOut(
        np.vstack(parts),
        trial.intents[ranking.top] == truth,
        np.isin(truth, trial.intents),
        truth == corpus.n_intents,
    )


def _sharpness(corpus: Corpus, judged: Sequence[_Judged]) -> float:
    scores, labels = [], []
    for one in judged:
        truth = corpus.labels[one.trial.test]
        inside = truth < corpus.n_intents
        scores.append(one.scores[inside, : corpus.n_intents])
        labels.append(truth[inside])
    return fit_sharpness(np.vstack(scores), np.concatenate(labels))


@dataclass(frozen=True)
class Trials:
    """The trials of a corpus, being judged; those that hold out texts come first."""

    corpus: Corpus
    n_by_text: int
    judged: Iterator[_Judged]

    @classmethod
    def start(cls, corpus: Corpus, seed: int) -> Trials:
        """Begin to learn from a part of the corpus and to judge the rest."""
        by_text = list(_text_trials(corpus, seed))
        trials = [*by_text, *_intent_trials(corpus, seed)]
        calls: list[Call] = [(_judge, (corpus, trial, seed)) for trial in trials]
        return cls(corpus, len(by_text), start_together(calls, many=is_many(len(corpus.labels))))

    def evidence(self) -> tuple[HeldOut, float]:
        """Collect the evidence on held-out texts and on held-out intents.

        Returns
        -------
        HeldOut
        float
            The sharpness of the class probabilities, fitted on the held-out texts.
        """
        corpus, judged = self.corpus, list(self.judged)
        sharpness = _sharpness(corpus, judged[: self.n_by_text])
        calls: list[Call] = [(_evidence_of, (corpus, one, sharpness)) for one in judged]
        parts: list[HeldOut] = list(start_together(calls, many=is_many(len(corpus.labels))))
        found = HeldOut(
            np.vstack([p.table for p in parts]),
            np.concatenate([p.right for p in parts]),
            np.concatenate([p.in_scope for p in parts]),
            np.concatenate([p.given for p in parts]),
        )
        return found, sharpness


def fit_trust(
    held_out: HeldOut, n_texts: int, n_given: int, seed: int
) -> tuple[TrustModel, dict[str, float]]:
    """The trust model and its figures, from what ``n_texts`` texts, ``n_given`` of them out of scope, have shown."""
    inside = held_out.in_scope
    shares = _UNKNOWN_WHILE_RANKING, _expected_unknown(n_texts), _UNKNOWN_AT_THE_GATE
    to_rank, to_calibrate, to_gate = (_stream_weights(held_out, share, n_given) for share in shares)
    trust = TrustModel(seed=seed).fit(
        held_out.table,
        held_out.right,
        to_rank=to_rank,
        to_calibrate=to_calibrate,
        to_gate=to_gate,
    )
    confidence = 1 / (1 + np.exp(-trust.log_odds(held_out.table)[0]))
    return trust, {
        "accuracy": float(held_out.right[inside].mean()),
        "ece": expected_calibration_error(confidence[inside], held_out.right[inside]),
        "unknown_above_75": float((confidence[~inside] >= 0.75).mean()) if not inside.all() else 0.0,
    }


def _expected_unknown(n_texts: int) -> float:
    """Share of unknown texts to expect: the most up to a thousand texts, falling with their square."""
    return float(np.clip(UNKNOWN_SHARE * (_PLENTY / n_texts) ** 2, UNKNOWN_SHARE, MOST_UNKNOWN_SHARE))


def _stream_weights(held_out: HeldOut, unknown_share: float, n_given: int) -> Doubles:
    """Weigh the rows so that unknown texts make up a given share, up to half of it real ones where given."""
    weights = np.ones(len(held_out.right))
    total = held_out.in_scope.sum() * unknown_share / (1 - unknown_share)
    given, imagined = held_out.given, ~held_out.given & ~held_out.in_scope
    real = min(0.5, 0.5 * n_given / _MANY_GIVEN) if imagined.any() else 1.0
    for kind, part in ((given, real), (imagined, 1 - real if given.any() else 1.0)):
        if kind.any():
            weights[kind] = total * part / kind.sum()
    return weights
