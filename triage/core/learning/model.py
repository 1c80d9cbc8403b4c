"""The trained model: which intent a text has, how sure that is, and which words say so."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from pathlib import Path

import numpy as np
import numpy.typing as npt

from triage.core import artefact, terms
from triage.core.artefact import Manifest
from triage.core.errors import ArtefactError
from triage.core.learning.calibration import probability, share_out
from triage.core.learning.classifier import LinearClassifier
from triage.core.learning.explanation import attribute_meaning
from triage.core.learning.features import MAX_WORDS, Floats, Spoken, TextVector, Vectoriser
from triage.core.learning.meaning import read_sentences, refuse_other_encoder
from triage.core.learning.neighbours import Neighbours
from triage.core.learning.scope import (
    SIGNS,
    Classes,
    Doubles,
    Familiarity,
    Ranking,
    TrustModel,
    evidence,
    rank,
)
from triage.core.learning.training import (
    Call,
    Corpus,
    Trials,
    fit_trust,
    is_many,
    longest_of,
    select_examples,
    start_together,
)
from triage.core.stance.model import StanceModel, can_learn
from triage.core.types import Contrast, Example, Term
from triage.core.vectors import Encoder

KIND = "triage model"
#: Before the names of the stance model's arrays.
STANCE = "stance_"
#: What a model that does not say it was made with: models were the first to be read by this version.
_FIRST_TERMS = 2
#: An intent with fewer different examples is left to the keyword rules.
MIN_EXAMPLES = 5
#: The scope gate wants this much trust even where half of the stream is unknown.
_TRUST_AT_THE_GATE = 0.4
#: From this many texts on, a feature must occur twice to be kept.
_RARE_FROM = 4_000
#: A text needs two different words that were taught, one of which says more than how a sentence is built, and
#: half of its words' weight known. Otherwise it is a bare word, gibberish or another language with one familiar
#: word in it, and nothing the trust model was shown while training resembles that.
LEAST_WORDS = 2
LEAST_KNOWN = 0.5
#: One word is enough where it was taught bare: so alike must it be to a text of the best intent, by words and letters.
BARE_LIKENESS = {"word_similarity": 0.97, "char_similarity": 0.7}
_MOST_BARE_CONFIDENCE = 0.5
#: A text longer than those taught may name an intent, but is never sure enough to be answered.
MOST_LONG_CONFIDENCE = 0.5
_TERMS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What the model believes about one text.

    ``confidence`` is the calibrated probability that ``intent`` is right and the text is in scope;
    ``runner_up_confidence`` is on the same scale. ``in_scope`` asks for more: that the answer would be
    likely enough even if half of all tickets were about something else. ``terms`` weighed most for (positive) or against.
    """

    intent: str
    confidence: float
    runner_up: str | None
    runner_up_confidence: float
    in_scope: bool
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Shares:
    """How likely each intent is beside the others, for one text that is about one of them."""

    intents: tuple[str, ...]
    shares: Doubles

    @property
    def best(self) -> str:
        return self.intents[int(self.shares.argmax())]

    def of(self, intent: str | None) -> float:
        """An intent's share, as a part of the best one's."""
        if intent not in self.intents:
            return 0.0
        return float(self.shares[self.intents.index(intent)] / self.shares.max())


@dataclass(frozen=True, slots=True)
class _Read:
    """A text as the model reads it: its words, and the encoder's vector of the whole."""

    text: str
    spoken: Spoken
    vector: TextVector
    sentence: Floats


class Model:
    """A trained text classifier with calibrated confidence. Made by :meth:`fit` or :meth:`load`.

    Attributes
    ----------
    intents : tuple of str
        The intents it can name.
    skipped_intents : tuple of str
        Intents that had too few examples to learn; keyword rules must serve them.
    metrics : dict of str to float
        Figures measured on held-out texts while training.
    longest : int
        Of a longer text, in words, it is never sure.
    stance : StanceModel or None
        Tells plain askings from other texts; None where too few contrast texts were given.
    """

    def __init__(
        self,
        *,
        intents: tuple[str, ...],
        skipped_intents: tuple[str, ...],
        vectoriser: Vectoriser,
        classifier: LinearClassifier,
        encoder: Encoder | None,
        neighbours: Neighbours,
        trust: TrustModel,
        sharpness: float,
        metrics: dict[str, float],
        fingerprint: str,
        meaning_by_word: bool = True,
        stance: StanceModel | None = None,
        longest: int = MAX_WORDS,
    ) -> None:
        self.intents = intents
        self.skipped_intents = skipped_intents
        self.metrics = metrics
        self.fingerprint = fingerprint
        self._vectoriser = vectoriser
        self._classifier = classifier
        self._encoder = encoder
        self._neighbours = neighbours
        self._trust = trust
        self._sharpness = sharpness
        self._meaning_by_word = meaning_by_word
        self.stance = stance
        self.longest = longest

    @classmethod
    def fit(
        cls,
        examples: Sequence[Example],
        *,
        seed: int = 0,
        min_examples: int = MIN_EXAMPLES,
        encoder: Encoder | None = None,
        contrasts: Sequence[Contrast] = (),
    ) -> Model:
        """Train on labelled texts.

        Parameters
        ----------
        examples : sequence of Example
            Texts with their intent; intent None marks an out-of-scope text. The order does not matter.
        seed : int
            The same examples and seed give the same model.
        min_examples : int
            Intents with fewer different texts are skipped, see :attr:`skipped_intents`.
        encoder : Encoder, optional
            Lets the model also read texts as wholes. It then needs the same encoder for every prediction.
        contrasts : sequence of Contrast, optional
            Texts that name a topic without plainly asking for it. Where there are enough, the model also learns
            to tell them from plain askings, see :attr:`stance`.

        Raises
        ------
        EncoderError
            The encoder fails.
        TrainingError
            Fewer than two intents have enough examples, or no text holds a word.
        """
        many = is_many(len(examples))
        asked = start_together(_stance_calls(examples, contrasts, seed), many=many)
        selected = select_examples(examples, min_examples)
        labels, n_classes = selected.labels(), len(selected.intents) + 1
        vectoriser = Vectoriser(min_count=2 if len(labels) >= _RARE_FROM else 1)
        corpus = Corpus.read(selected.texts, labels, len(selected.intents), vectoriser, encoder)
        taught = corpus.matrix, corpus.sentences, labels, n_classes
        ranked = start_together([(LinearClassifier(seed=seed).fit, taught)], many=many)
        trials = Trials.start(corpus, seed)
        neighbours = Neighbours.build(*taught, vectoriser.starts_)
        stance, classifier = next(asked, None), next(ranked)
        held_out, sharpness = trials.evidence()
        trust, metrics = fit_trust(held_out, len(labels), selected.n_outside, seed)
        return cls(
            intents=selected.intents,
            skipped_intents=selected.skipped,
            vectoriser=vectoriser,
            classifier=classifier,
            encoder=encoder,
            neighbours=neighbours,
            trust=trust,
            sharpness=sharpness,
            metrics=metrics | {"texts": float(len(labels)), "intents": float(len(selected.intents))},
            fingerprint=fingerprint(examples, contrasts),
            stance=stance,
            longest=longest_of(corpus),
        )

    def predict(self, texts: Iterable[str], *, explain: bool = True) -> list[Prediction]:
        """Name the intent of each text. Any string is fine; one without a known word gets confidence 0.

        Parameters
        ----------
        texts : iterable of str
        explain : bool
            Whether to name the terms that weighed, which is nearly half of the work on a long text.
        """
        return [self._predict(self._read(text), explain=explain) for text in texts]

    def _read(self, text: str) -> _Read:
        spoken = self._vectoriser.find(text)
        return _Read(text, spoken, self._vectoriser.weigh(spoken), read_sentences(self._encoder, [text])[0])

    def _rank(self, read: _Read) -> tuple[Floats, Ranking]:
        scores = self._classifier.scores(read.vector, read.sentence)[None, :]
        return scores, rank(scores, self._sharpness, len(self.intents))

    def _predict(self, read: _Read, *, explain: bool = False) -> Prediction:
        vector = read.vector
        scores, ranking = self._rank(read)
        top, second = int(ranking.top[0]), int(ranking.second[0])
        found = self._evidence(read, scores, ranking)
        expected, worst = self._trust.log_odds(found)
        enough = vector.n_met >= LEAST_WORDS or self._taught_bare(vector, found[0])
        met = enough and vector.known >= LEAST_KNOWN
        confidence = probability(float(expected[0])) if vector.ids.size else 0.0
        if not enough:
            confidence = min(confidence, _MOST_BARE_CONFIDENCE)
        if vector.n_words > self.longest:
            confidence = min(confidence, MOST_LONG_CONFIDENCE)
        runner_up = share_out(confidence, ranking.probabilities[0])[second]
        return Prediction(
            intent=self.intents[top],
            confidence=confidence,
            runner_up=self.intents[second],
            runner_up_confidence=float(runner_up),
            in_scope=met and probability(float(worst[0])) >= _TRUST_AT_THE_GATE,
            terms=self._terms(read, top) if explain else (),
        )

    def _taught_bare(self, vector: TextVector, found: Doubles) -> bool:
        """Say whether a text of one known word is what was taught for its best intent: "unsubscribe", "warranty?"."""
        if not (self._vectoriser.forgiving and vector.n_met == vector.n_words == 1):
            return False
        return all(found[at] >= BARE_LIKENESS[name] for at, name in enumerate(SIGNS) if name in BARE_LIKENESS)

    def _evidence(self, read: _Read, scores: Floats, ranking: Ranking) -> Doubles:
        near, vector = self._neighbours, read.vector
        word_share, pair_share = near.shares(vector, int(ranking.top[0]))
        familiar = Familiarity(
            np.asarray([word_share]),
            np.asarray([pair_share]),
            np.asarray([vector.known]),
            np.asarray([float(vector.n_words)]),
        )
        classes = Classes(near.class_starts, near.unity)
        similarities = near.similarities(vector, read.sentence)[:, None, :]
        return evidence(scores, ranking, similarities, classes, familiar)

    def clearest(self, texts: Sequence[str], count: int) -> list[str]:
        """Return the texts whose best intent stands out most, by :meth:`shares`."""
        stands_out = [-ranked.shares.max() for ranked in self.shares(texts)]
        return [texts[at] for at in np.argsort(stands_out, kind="stable")[:count]]

    def shares(self, texts: Sequence[str]) -> list[Shares]:
        """Return how the ranking alone shares each text out among the intents, by its words.

        That costs a fifth of predicting them; no encoder is asked.
        """
        nothing = np.zeros(0, dtype=np.float32)
        vectors = [self._vectoriser.vector(text) for text in texts]
        scores = [self._classifier.scores(vector, nothing) for vector in vectors]
        if not scores:
            return []
        ranked = rank(np.asarray(scores), self._sharpness, len(self.intents)).probabilities
        return [Shares(self.intents, shares) for shares in ranked]

    def probabilities(self, text: str) -> dict[str | None, float]:
        """Return the probability of every intent and, under None, of "none of these"; they sum to one."""
        read = self._read(text)
        _, ranking = self._rank(read)
        shares = share_out(self._predict(read).confidence, ranking.probabilities[0])
        found: dict[str | None, float] = dict(zip(self.intents, shares.tolist(), strict=True))
        found[None] = max(0.0, 1.0 - float(shares.sum()))
        return found

    def _terms(self, read: _Read, top: int) -> tuple[Term, ...]:
        by_term = self._contributions(read, top)
        heaviest = nsmallest(_TERMS, by_term.items(), key=lambda item: (-abs(item[1]), item[0]))
        return tuple(Term(term, round(weight, 4)) for term, weight in heaviest)

    def _contributions(self, read: _Read, top: int) -> dict[str, float]:
        """What each term adds to the best intent's lead over the average one.

        A word counts with its letters and with what it adds to the meaning.
        """
        vector = read.vector
        classifier = self._classifier
        shares = vector.values * self._lead(classifier.coef_[vector.ids], top)
        shares *= classifier.heard(vector, read.sentence)
        by_term = self._vectoriser.attribute(read.spoken, vector.ids, shares)
        if self._encoder is None:
            return by_term
        parts = self._encoder.parts(read.text) if self._meaning_by_word else None
        lead = self._lead(classifier.sentence_coef_, top)
        for term, share in attribute_meaning(read.text, read.sentence, parts, lead).items():
            by_term[term] = by_term.get(term, 0.0) + share
        return by_term

    def _lead(self, weights: Floats, top: int) -> Floats:
        """How much more each feature says for the best intent than for the average one."""
        return np.asarray(weights[:, top] - weights[:, : len(self.intents)].mean(axis=1))

    def save(self, folder: Path) -> Manifest:
        """Store the model in a new folder. Raises ArtefactError where the folder exists."""
        neighbours = self._neighbours
        arrays = {
            **self._vectoriser.arrays(),
            "coef": self._classifier.coef_,
            "intercept": self._classifier.intercept_,
            "rows": neighbours.rows,
            "weights": neighbours.weights,
            "pointers": neighbours.pointers,
            "class_starts": neighbours.class_starts,
            "class_unity": neighbours.unity,
            "class_vocabulary": neighbours.vocabulary,
        }
        if self.stance is not None:
            arrays |= {f"{STANCE}{name}": array for name, array in self.stance.arrays().items()}
        if self._encoder is not None:
            arrays |= {"sentence_coef": self._classifier.sentence_coef_, "sentences": neighbours.vectors}
        return artefact.save(
            Path(folder),
            kind=KIND,
            arrays=arrays,
            parts=self._trust.parts(),
            fingerprint=self.fingerprint,
            metrics=self.metrics,
            settings={
                "intents": list(self.intents),
                "skipped_intents": list(self.skipped_intents),
                "sharpness": self._sharpness,
                "encoder": None if self._encoder is None else self._encoder.fingerprint,
                "meaning_by_word": self._meaning_by_word,
                "forgiving": self._vectoriser.forgiving,
                "terms_version": terms.VERSION,
                "longest": self.longest,
            },
        )

    @classmethod
    def load(cls, folder: Path, *, encoder: Encoder | None = None) -> Model:
        """Read a stored model back.

        Raises
        ------
        ArtefactError
            Some bit of it is not as it was written.
        EncoderError
            It was trained with another encoder than this, or with one where none is given, or without.
        """
        stored = artefact.load(Path(folder), kind=KIND, trusted=TrustModel.TRUSTED)
        arrays, manifest = stored.arrays, stored.manifest
        refuse_other_encoder(encoder, manifest.settings.get("encoder"))
        if manifest.settings.get("terms_version", _FIRST_TERMS) != terms.VERSION:
            raise ArtefactError(f"{folder} was taught words split in another way than here; train again.")
        try:
            # Who was trained before slips were forgiven, and single words answered, reads as it always did.
            vectoriser = Vectoriser.from_arrays(arrays, forgiving=manifest.settings.get("forgiving", False))
            classifier = LinearClassifier()
            classifier.coef_, classifier.intercept_ = arrays["coef"], arrays["intercept"]
            n_texts, n_classes = int(arrays["class_starts"][-1]), len(arrays["intercept"])
            classifier.sentence_coef_ = arrays.get("sentence_coef", np.zeros((0, n_classes), np.float32))
            return cls(
                intents=tuple(manifest.settings["intents"]),
                skipped_intents=tuple(manifest.settings["skipped_intents"]),
                vectoriser=vectoriser,
                classifier=classifier,
                encoder=encoder,
                neighbours=Neighbours(
                    rows=arrays["rows"],
                    weights=arrays["weights"],
                    pointers=arrays["pointers"],
                    class_starts=arrays["class_starts"],
                    unity=arrays["class_unity"],
                    vocabulary=arrays["class_vocabulary"],
                    vectors=arrays.get("sentences", np.zeros((n_texts, 0), np.float32)),
                    block_starts=vectoriser.starts_,
                ),
                trust=TrustModel.from_parts(stored.parts or {}),
                sharpness=manifest.settings["sharpness"],
                metrics=manifest.metrics,
                fingerprint=manifest.fingerprint,
                # Who was trained before words were told apart explains as it always did, also in a replay.
                meaning_by_word=manifest.settings.get("meaning_by_word", False),
                stance=_stored_stance(arrays),
                # Who was trained before lengths were told is as sure of a long text as it always was.
                longest=manifest.settings.get("longest", MAX_WORDS),
            )
        except KeyError as error:
            raise ArtefactError(f"{folder} lacks the part {error}; train again.") from error


def _stance_calls(examples: Sequence[Example], contrasts: Sequence[Contrast], seed: int) -> list[Call]:
    """What is to be called for the stance model: nothing where too few contrast texts were given."""
    return [(StanceModel(seed=seed).fit, (examples, contrasts))] if can_learn(examples, contrasts) else []


def _stored_stance(arrays: Mapping[str, npt.NDArray[np.generic]]) -> StanceModel | None:
    """The stance model among a model's arrays; None where it was trained without one."""
    own = {name.removeprefix(STANCE): array for name, array in arrays.items() if name.startswith(STANCE)}
    return StanceModel.from_arrays(own) if own else None


def fingerprint(examples: Iterable[Example], contrasts: Iterable[Contrast] = ()) -> str:
    """Return the SHA-256 of the labelled texts, whatever their order."""
    lines = sorted(json.dumps([e.text, e.intent]) for e in examples)
    lines += sorted(json.dumps([c.text, c.stance.value, c.intent, c.topic]) for c in contrasts)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
