"""Frozen value types that the core hands out. No behaviour beyond what follows from the values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Action(StrEnum):
    """What becomes of a ticket."""

    AUTO_RESOLVE = "auto_resolve"
    SUGGEST = "suggest"
    ESCALATE = "escalate"


class Mode(StrEnum):
    """How far an intent may be automated."""

    OFF = "off"
    SHADOW = "shadow"
    SUGGEST = "suggest"
    AUTO = "auto"


class Source(StrEnum):
    """Which part of the engine named the intent."""

    MODEL = "model"
    RULES = "rules"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text. ``intent`` None means out of scope."""

    text: str
    intent: str | None


@dataclass(frozen=True, slots=True)
class Rule:
    """An editable keyword rule: ``pattern`` speaks for ``intent`` with ``weight`` in (0, 1)."""

    intent: str
    pattern: str
    weight: float = 0.8


#: The guard topic that means "the requester asks for a person".
PERSON_TOPIC = "person"


@dataclass(frozen=True, slots=True)
class Guard:
    """A pattern that forbids automation; ``topic`` says why (legal, security, person, …)."""

    topic: str
    pattern: str


class Stance(StrEnum):
    """What the writer does with a topic, other than plainly asking for it."""

    GRAVE = "grave"
    MACHINE_WRITTEN = "machine_written"
    SPAM = "spam"
    MANIPULATION = "manipulation"
    NOT_ASKED = "not_asked"
    SETTLED = "settled"
    ALREADY_TRIED = "already_tried"
    ELSEWHERE = "elsewhere"
    FOR_ANOTHER = "for_another"
    SPECIAL_CASE = "special_case"
    TWO_WISHES = "two_wishes"


class GraveTopic(StrEnum):
    """What a grave text tells of."""

    DEATH = "death"
    INJURY = "injury"
    ILLNESS = "illness"
    ASSAULT = "assault"
    THREAT = "threat"
    SELF_HARM = "self_harm"
    MINOR = "minor"
    FIRE = "fire"
    GAS = "gas"
    ELECTRIC = "electric"
    POISON = "poison"
    FRAUD = "fraud"
    THEFT = "theft"
    DISCRIMINATION = "discrimination"
    LEGAL = "legal"
    PRESS = "press"
    BREACH = "breach"
    HARDSHIP = "hardship"


@dataclass(frozen=True, slots=True)
class Contrast:
    """A text that is no plain asking although it speaks of one of our topics.

    ``intent`` is the topic whose words it carries (None: of none), ``topic`` a GraveTopic where the stance is
    grave, else empty.
    """

    text: str
    stance: Stance
    intent: str | None = None
    topic: str = ""


@dataclass(frozen=True, slots=True)
class StanceFound:
    """That a text is no plain asking, as the stance model sees it.

    ``lead`` is how far its score stands above that of a plain asking, beyond what is tolerated (0 and more);
    ``topic`` names what is grave; ``terms`` are the words that spoke for it, ``nearest`` the taught text that is
    most like it.
    """

    stance: Stance
    lead: float
    topic: str = ""
    terms: tuple[Term, ...] = ()
    nearest: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """A word or feature and how much it weighed: positive for the intent, negative against."""

    text: str
    weight: float


@dataclass(frozen=True, slots=True)
class SimilarTicket:
    """A resolved ticket near the text. ``similarity`` in [0, 1], 1 for the same words.

    ``confirmed`` says that a person named its intent (None: nothing we have one for) and that the index
    took it in after it was built, so that the model has not learnt from it.
    """

    id: int
    similarity: float
    intent: str | None = None
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Objection:
    """A similar ticket that ended otherwise and so lowered the confidence from ``before``.

    ``intent`` is what that ticket was about; None for nothing we have an intent for.
    """

    id: int
    similarity: float
    intent: str | None
    before: float


@dataclass(frozen=True, slots=True)
class ResolvedTicket:
    """A ticket that a person or an answer has resolved, as the index of similar tickets takes it in.

    ``confirmed`` says that a person named the intent (None: nothing we have one for).
    """

    id: int
    text: str
    intent: str | None = None
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What the engine believes about one ticket. Makes no decision.

    ``confidence`` is the calibrated probability that ``intent`` is right *and* the ticket is
    something we can answer; ``margin`` is confidence minus the runner-up's, on the same scale.
    ``objection`` is the similar ticket that lowered the confidence, if one did. ``stance`` is None for a plain
    asking. ``read_whole`` is False where the writer says more than was read. ``questions`` are the texts of what is
    asked, and ``asked`` the different intents of these where there are several.
    """

    intent: str | None
    confidence: float
    runner_up: str | None = None
    runner_up_confidence: float = 0.0
    margin: float = 0.0
    in_scope: bool = True
    questions: tuple[str, ...] = ()
    several_questions: bool = False
    asked: tuple[str, ...] = ()
    guard: Guard | None = None
    read_whole: bool = True
    terms: tuple[Term, ...] = ()
    similar: tuple[SimilarTicket, ...] = ()
    objection: Objection | None = None
    stance: StanceFound | None = None
    source: Source = Source.NONE
    ask: str = ""

    @property
    def asked_for_person(self) -> bool:
        return self.guard is not None and self.guard.topic == PERSON_TOPIC


@dataclass(frozen=True, slots=True)
class IntentPolicy:
    """What a supervisor allows for one intent. ``threshold`` None means the general one.

    ``language_modes`` has the modes of languages (base tags) that have one of their own.
    """

    mode: Mode = Mode.AUTO
    threshold: float | None = None
    answer_languages: frozenset[str] = frozenset({"en"})
    language_modes: Mapping[str, Mode] = field(default_factory=dict)

    def mode_in(self, language: str) -> Mode:
        """The mode for tickets in a language, given as a base tag."""
        return self.language_modes.get(language, self.mode)


@dataclass(frozen=True, slots=True)
class PolicyConfig:
    """The general limits. ``threshold`` is the floor that no intent goes below."""

    threshold: float = 0.75
    min_margin: float = 0.05
    default_language: str = "en"


@dataclass(frozen=True, slots=True)
class Decision:
    """An assessment with the action it leads to, the gate that decided and the threshold used.

    ``reason`` is the code of the first gate that failed, see ``triage.core.deciding.gates``; ``failed`` has those
    of all that did; ``facts`` is what the gates looked at, as it is kept with the decision. ``would_send`` says that
    the answer was held back by nothing but the mode, or a stop of the whole house.
    """

    assessment: Assessment
    action: Action
    reason: str
    threshold: float
    detail: str = ""
    failed: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    would_send: bool = False


Examples = Sequence[Example]
