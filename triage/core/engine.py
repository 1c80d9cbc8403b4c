"""Reads a ticket and says what it is about, how sure that is, and what speaks against answering it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from triage.core.deciding.outcomes import Weighed, weigh_outcomes
from triage.core.deciding.rules import RuleBook
from triage.core.learning.calibration import doubt_the_unlikely
from triage.core.learning.features import reads_whole
from triage.core.learning.model import Model, Prediction, Shares
from triage.core.reading.focus import has_topic
from triage.core.reading.joints import Joint, Side, asks, odds_of_two
from triage.core.reading.text import Ask, find_ask
from triage.core.stance.model import Judgement
from triage.core.types import Assessment, SimilarTicket, Source, Stance, Term

SIMILAR_TICKETS = 5
#: The nearest confirmed tickets that may weigh against a belief, also where older ones are nearer.
HEARD_TICKETS = 5
#: Two questions meet at a joint whose log-odds are higher. On two folds of banking77, which the weights of the joints
#: were not fitted to, 5.4 % of joined pairs pass at 1.4 points of coverage; at 0.5 it is 8.3 % at 0.6.
ODDS_OF_TWO = -0.3
#: Where what is told beside a question changes what the whole is about, the whole must be this sure.
SURE_TOGETHER = 0.95
#: So many joints get calibrated confidences; the ranking alone, which is cheap, chooses them.
JOINTS_TRIED = 4
#: Where the whole is believed less than this, its passages are looked at, and one in scope that is believed
#: by so much more stands for it. On questions in long mails that brings back half of the accuracy lost; a
#: higher limit answers more and errs more.
UNCLEAR = 0.5
CLEARER_BY = 0.2
ASKING_BONUS = 0.15
#: A passage picked out of a text may name the intent but is never sure enough to be answered: among many of them one
#: looks like a question by chance. Of those answered in wrapped messages of strangers 6 in 10 were right.
MOST_PASSAGE_CONFIDENCE = 0.5
#: So many passages get a calibrated confidence; the ranking alone, which is cheap, chooses them.
PASSAGES_TRIED = 3
#: Where the question is so much shorter than all that is said, its stance is judged beside that of the whole: a letter's
#: frame and stories drown both a plain question and a refusal.
ABRIDGED = 0.8

#: What is believed of the stance where there is no model of it.
PLAIN_ASKING = Judgement(1.0, None)


class Searchable(Protocol):
    """What finds similar tickets: `TicketIndex`, `EncodedTicketIndex`, or what a replay remembers."""

    def search(
        self, text: str, k: int = 5, *, exclude: Collection[int] = (), confirmed: int = 0
    ) -> tuple[SimilarTicket, ...]: ...


@dataclass(frozen=True, slots=True)
class Questions:
    """Whether a ticket asks several things, its parts, and the different intents of these: none where it asks one."""

    several: bool
    parts: tuple[str, ...]
    intents: tuple[str, ...] = ()


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


#: By the text of a side.
_Shares = Mapping[str, Shares]


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
        questions = self.find_questions(ask, belief)
        judged = self._judge_stance(ask)
        if not self._about_the_question(ask):
            belief = _doubted(belief)
        if self.model is not None and self.model.stance is not None:
            belief = _scaled(belief, doubt_the_unlikely(belief.confidence * judged.asking))
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
            questions=questions.parts,
            several_questions=questions.several,
            asked=questions.intents,
            guard=self.rulebook.guard(ask.unabridged),
            read_whole=ask.whole and reads_whole(ask.text),
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
        """What the writer does with the topic, by all that they say and by the question in it, each counting alike.

        Only what may be grave is not weighed against the question beside it. A plain asking where nothing was taught.
        """
        judged = self._judge(ask.unabridged)
        if ask.text and len(ask.text.split()) <= ABRIDGED * len(ask.unabridged.split()):
            question = self._judge(ask.text)
            asking = math.sqrt(judged.asking * question.asking)
            if judged.leans_grave:
                asking = min(asking, judged.asking)
            judged = Judgement(asking, judged.stance or question.stance)
        found = judged.stance
        if found is not None and found.stance is Stance.TWO_WISHES and not ask.joints.found:
            return Judgement(judged.asking, None)  # two wishes need a place where they meet
        return judged

    def _about_the_question(self, ask: Ask) -> bool:
        stance = self.model.stance if self.model is not None else None
        return stance is None or not stance.is_foreign_tale(ask.unabridged, ask.text)

    def _judge(self, text: str) -> Judgement:
        if self.model is None or self.model.stance is None:
            return PLAIN_ASKING
        return self.model.stance.judge(text)

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
            asking = asks(passage) or has_topic(passage)
            clear = belief.confidence + (ASKING_BONUS if asking else 0)
            if clear > least and (asking or belief.in_scope):
                best, least = (passage, _doubted(belief)), clear
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

    def find_questions(self, ask: Ask, whole: _Belief) -> Questions:
        """Find the different questions of a ticket: where two meet, each side is surely about another intent.

        A ticket that nobody can take apart, because its language has no tables, counts as several.
        """
        joints = ask.joints
        if not joints.readable or not (ask.whole and reads_whole(ask.text)):
            # of what nobody read to its end the parts need no judgement: a person sees them anyway
            return Questions(several=bool(joints.found) or not joints.readable, parts=(ask.text,))
        shares = self.shares(joints.found)
        tried = self.believe_sides(_likeliest(joints.found, whole, shares), shares)
        met = [
            parts
            for parts in tried
            if odds_of_two(*parts, whole.confidence) > ODDS_OF_TWO and not _adds_fact(*parts, whole)
        ]
        intents = dict.fromkeys(side.intent for _, *sides in met for side in sides if side.intent)
        return Questions(bool(met), joints.cut(joint for joint, *_ in met), tuple(intents))

    def believe_sides(self, joints: Iterable[Joint], shares: _Shares) -> list[tuple[Joint, Side, Side]]:
        """Say for both sides of some joints what they ask for, and how surely: what is only told asks nothing."""
        tried = list(joints)
        believed = {
            side: _asked(self._believe(side), self._judge(side))
            for joint in tried
            for side in (joint.before, joint.after)
        }
        return [(joint, *_sides(joint, believed, shares)) for joint in tried]

    def shares(self, joints: Sequence[Joint]) -> _Shares:
        """The ranking's shares of both sides of each joint; none where intents are left to the rules."""
        if self.model is None or self.model.skipped_intents:
            return {}
        sides = list(dict.fromkeys(side for joint in joints for side in (joint.before, joint.after)))
        return dict(zip(sides, self.model.shares(sides), strict=True))


def _asked(belief: _Belief, judged: Judgement) -> _Belief:
    """The belief that the intent is right *and* plainly asked for."""
    return _scaled(belief, belief.confidence * judged.asking)


def _scaled(belief: _Belief, confidence: float) -> _Belief:
    """Another confidence, and the runner-up's in proportion."""
    share = confidence / belief.confidence if belief.confidence else 0.0
    return replace(belief, confidence=confidence, runner_up_confidence=belief.runner_up_confidence * share)


def _likeliest(joints: Sequence[Joint], whole: _Belief, shares: _Shares) -> list[Joint]:
    """The few joints where two questions may meet, in their order: the cheap ranking rules out the others."""
    odds = {joint: joint.worth for joint in joints}
    if shares:
        certain = {text: _Belief(Source.MODEL, ranked.best, 1.0) for text, ranked in shares.items()}
        all_odds = ((j, odds_of_two(j, *_sides(j, certain, shares), whole.confidence)) for j in odds)
        odds = {joint: most for joint, most in all_odds if most > ODDS_OF_TWO}
    best = sorted(odds, key=lambda joint: -odds[joint])[:JOINTS_TRIED]
    return sorted(best, key=lambda joint: joint.place)


def _adds_fact(joint: Joint, before: Side, after: Side, whole: _Belief) -> bool:
    """Say whether a fact is added to a question: the whole is about what is asked, or surely about both together."""
    if not joint.adds_fact:
        return False
    together = whole.intent == after.intent and whole.confidence >= SURE_TOGETHER
    return whole.intent == before.intent or together


def _sides(joint: Joint, believed: Mapping[str, _Belief], shares: _Shares) -> tuple[Side, Side]:
    before, after = believed[joint.before], believed[joint.after]
    return (
        _side(before, after.intent, shares.get(joint.before)),
        _side(after, before.intent, shares.get(joint.after)),
    )


def _side(belief: _Belief, other: str | None, ranked: Shares | None) -> Side:
    """One side of a joint; without a ranking, only its runner-up is known to be what the other side may ask."""
    if ranked is not None:
        return Side(belief.intent, belief.confidence, ranked.of(other))
    rivals = belief.runner_up is not None and belief.runner_up == other
    share = belief.runner_up_confidence / belief.confidence if rivals and belief.confidence else 0.0
    return Side(belief.intent, belief.confidence, share)


def _shown(near: tuple[SimilarTicket, ...], weighed: Weighed) -> tuple[SimilarTicket, ...]:
    """The most similar tickets and those that were heard: what is shown explains the confidence whole."""
    return tuple(
        ticket for place, ticket in enumerate(near) if place < SIMILAR_TICKETS or ticket in weighed.heard
    )


def _doubted(belief: _Belief) -> _Belief:
    return replace(
        belief,
        confidence=min(belief.confidence, MOST_PASSAGE_CONFIDENCE),
        runner_up_confidence=min(belief.runner_up_confidence, MOST_PASSAGE_CONFIDENCE),
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
