"""Reads a ticket and says what it is about, how sure that is, and what speaks against answering it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from triage.core.deciding.outcomes import Weighed, weigh_outcomes
from triage.core.deciding.rules import RuleBook
from triage.core.learning.features import reads_whole
from triage.core.learning.model import Model, Prediction
from triage.core.reading.text import Ask, find_ask
from triage.core.stance.model import Judgement
from triage.core.types import Assessment, SimilarTicket, Source, Term

SIMILAR_TICKETS = 5
#: The nearest confirmed tickets that may weigh against a belief, also where older ones are nearer.
HEARD_TICKETS = 5
#: A part of a ticket counts as a question of its own only if its intent is at least this sure.
PART_CONFIDENCE = 0.5
#: Where the whole is believed, but not nearly certain, less is enough: joined questions end up there.
PART_HINT = 0.3
HALF_SURE = (0.5, 0.97)
#: A part that might as well ask what the whole asks is no other question: its runner-up is the intent of the
#: whole, with at least this share of the part's own confidence. On two folds of banking77
#: 8 % of joined pairs pass, at 1.9 and 3.0 points of coverage.
PART_MAY_ASK_THE_SAME = 0.02
#: Where the whole is believed less than this, its passages are looked at, and one in scope that is believed
#: by so much more stands for it. On questions in long mails that brings back half of the accuracy lost; a
#: higher limit answers more and errs more.
UNCLEAR = 0.5
CLEARER_BY = 0.2
ASKING_BONUS = 0.15
#: A scrap picked out of a text, or a passage of a text that is unlike anything, may name the intent but is
#: never sure enough to be answered: among many scraps of gibberish one looks like a question by chance.
SCRAP_WORDS = 6
UNLIKE_ANYTHING = 0.25
MOST_SCRAP_CONFIDENCE = 0.5
#: Of a longer part only the words at both ends are judged: a question opens it or ends it. Many parts share
#: what four of them may have.
PART_WORDS = 60
PARTS_WORDS = 240
#: So many passages get a calibrated confidence; the ranking alone, which is cheap, chooses them.
PASSAGES_TRIED = 3


#: What is believed of the stance where there is no model of it.
PLAIN_ASKING = Judgement(1.0, None)


class Searchable(Protocol):
    """What finds similar tickets: `TicketIndex`, `EncodedTicketIndex`, or what a replay remembers."""

    def search(
        self, text: str, k: int = 5, *, exclude: Collection[int] = (), confirmed: int = 0
    ) -> tuple[SimilarTicket, ...]: ...


@dataclass(frozen=True, slots=True)
class _Belief:
    """What one source says about a text."""

    source: Source
    intent: str | None = None
    confidence: float = 0.0
    runner_up: str | None = None
    runner_up_confidence: float = 0.0
    in_scope: bool = False
    terms: tuple[Term, ...] = ()


class Engine:
    """Rules, trained model and similar tickets behind one question: what is this ticket?

    Parameters
    ----------
    rulebook : RuleBook
        Keyword rules and guards; they work before anything is trained.
    model : Model or None
        Answers first where there is one.
    index : Searchable or None
        Resolved tickets to show beside the assessment; what people made of them may lower the confidence.
    """

    def __init__(
        self, rulebook: RuleBook, model: Model | None = None, index: Searchable | None = None
    ) -> None:
        self.rulebook = rulebook
        self.model = model
        self.index = index

    def assess(self, subject: str, body: str) -> Assessment:
        """Assess one ticket. Makes no decision, keeps nothing, and takes any text.

        Parameters
        ----------
        subject, body : str
            As they came in: HTML, quoted threads, signatures and all.
        """
        ask = find_ask(subject, body)
        text, belief = self.find_matter(ask)
        judged = self._judge_stance(ask)
        belief = _asked(belief, judged)
        read_whole = ask.whole and reads_whole(ask.text)
        near = self._search(text)
        weighed = weigh_outcomes(belief.confidence, belief.intent, near)
        runner_up_confidence = min(belief.runner_up_confidence, weighed.confidence)
        return Assessment(
            intent=belief.intent,
            confidence=weighed.confidence,
            runner_up=belief.runner_up,
            runner_up_confidence=runner_up_confidence,
            margin=weighed.confidence - runner_up_confidence,
            in_scope=belief.in_scope,
            questions=ask.questions,
            # of what nobody read to its end the parts need no judgement: a person sees them anyway
            several_questions=self.asks_different_things(ask.questions, belief)
            if read_whole
            else len(ask.questions) > 1,
            guard=self.rulebook.guard(ask.unabridged),
            read_whole=read_whole,
            terms=belief.terms,
            similar=_shown(near, weighed),
            objection=weighed.objection,
            stance=judged.stance,
            source=belief.source,
            ask=text,
        )

    def assess_many(self, tickets: Iterable[tuple[str, str]]) -> list[Assessment]:
        """Assess (subject, body) pairs one after the other."""
        return [self.assess(subject, body) for subject, body in tickets]

    def _judge_stance(self, ask: Ask) -> Judgement:
        """What the writer does with the topic, by all that they say; a plain asking where nothing was taught."""
        if self.model is None or self.model.stance is None:
            return PLAIN_ASKING
        return self.model.stance.judge(ask.unabridged)

    def _search(self, text: str) -> tuple[SimilarTicket, ...]:
        if self.index is None:
            return ()
        return self.index.search(text, k=SIMILAR_TICKETS, confirmed=HEARD_TICKETS)

    def find_matter(self, ask: Ask) -> tuple[str, _Belief]:
        """Return what to go by: the whole ask, or the one passage of it that the model knows much better.

        Words around a question that no list foresaw make the whole unlike anything; the question in it
        is still like its kind.
        """
        whole = self._believe(ask.text, explain=True)
        if self.model is None or whole.confidence >= UNCLEAR or not ask.passages:
            return ask.text, whole
        best, least = (ask.text, whole), whole.confidence + CLEARER_BY
        for passage in self.model.clearest(ask.passages, PASSAGES_TRIED):
            belief = self._believe(passage)
            asks = passage in ask.questions or passage.endswith("?")
            clear = belief.confidence + (ASKING_BONUS if asks else 0)
            if clear > least and (asks or belief.in_scope):
                doubtful = len(passage.split()) < SCRAP_WORDS or whole.confidence < UNLIKE_ANYTHING
                best, least = (passage, _doubted(belief) if doubtful else belief), clear
        text, chosen = best
        if text == ask.text:
            return best
        return text, replace(chosen, terms=self._believe(text, explain=True).terms)

    def _believe(self, text: str, *, explain: bool = False) -> _Belief:
        if self.model is None:
            return self._from_rules(text)
        learnt = _from_model(self.model.predict([text], explain=explain)[0])
        if not self.model.skipped_intents:
            return learnt
        ruled = self._from_rules(text)
        unlearnt = ruled.intent is not None and ruled.intent not in self.model.intents
        return ruled if unlearnt and ruled.confidence > learnt.confidence else learnt

    def _from_rules(self, text: str) -> _Belief:
        match = self.rulebook.match(text)
        if match.intent is None:
            return _Belief(Source.NONE)
        return _Belief(
            source=Source.RULES,
            intent=match.intent,
            confidence=match.confidence,
            runner_up=match.runner_up,
            runner_up_confidence=match.runner_up_confidence,
            in_scope=True,
            terms=match.terms,
        )

    def asks_different_things(self, questions: tuple[str, ...], whole: _Belief) -> bool:
        """Say whether a part of the ticket asks for something else than what the whole is taken for."""
        if len(questions) < 2:
            return False
        needed = PART_HINT if HALF_SURE[0] <= whole.confidence < HALF_SURE[1] else PART_CONFIDENCE
        most = min(PART_WORDS, PARTS_WORDS // len(questions))
        parts = (self._believe_other(_both_ends(question, most), whole) for question in questions)
        return any(part and part.confidence >= needed and _differ(part, whole) for part in parts)

    def _believe_other(self, text: str, whole: _Belief) -> _Belief | None:
        """Believe something of a part; None, and less work, where the model names the intent of the whole."""
        if self.model is None or self.model.skipped_intents:
            return self._believe(text)
        prediction = self.model.predict_other(text, whole.intent)
        return None if prediction is None else _from_model(prediction)


def _asked(belief: _Belief, judged: Judgement) -> _Belief:
    """The belief that the intent is right *and* plainly asked for."""
    return replace(
        belief,
        confidence=belief.confidence * judged.asking,
        runner_up_confidence=belief.runner_up_confidence * judged.asking,
    )


def _both_ends(part: str, most: int) -> str:
    words = part.split()
    if len(words) <= most:
        return part
    return " ".join([*words[: most // 2], *words[-most // 2 :]])


def _differ(part: _Belief, whole: _Belief) -> bool:
    if part.intent == whole.intent:
        return False
    likely = part.runner_up_confidence > PART_MAY_ASK_THE_SAME * part.confidence
    return part.runner_up != whole.intent or not likely


def _shown(near: tuple[SimilarTicket, ...], weighed: Weighed) -> tuple[SimilarTicket, ...]:
    """The most similar tickets and those that were heard: what is shown explains the confidence whole."""
    return tuple(
        ticket for place, ticket in enumerate(near) if place < SIMILAR_TICKETS or ticket in weighed.heard
    )


def _doubted(belief: _Belief) -> _Belief:
    return replace(
        belief,
        confidence=min(belief.confidence, MOST_SCRAP_CONFIDENCE),
        runner_up_confidence=min(belief.runner_up_confidence, MOST_SCRAP_CONFIDENCE),
    )


def _from_model(prediction: Prediction) -> _Belief:
    return _Belief(
        source=Source.MODEL,
        intent=prediction.intent,
        confidence=prediction.confidence,
        runner_up=prediction.runner_up,
        runner_up_confidence=prediction.runner_up_confidence,
        in_scope=prediction.in_scope,
        terms=prediction.terms,
    )
