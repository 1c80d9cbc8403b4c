"""Frozen value types that the core hands out. No behaviour beyond what follows from the values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


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


class Reason(StrEnum):
    """The gate that settled a decision."""

    CONFIDENT = "confident"
    NOT_OPEN = "not_open"
    ASKED_FOR_PERSON = "asked_for_person"
    NEVER_AUTOMATE = "never_automate"
    TOO_LONG = "too_long"
    OUT_OF_SCOPE = "out_of_scope"
    SEVERAL_QUESTIONS = "several_questions"
    UNKNOWN_INTENT = "unknown_intent"
    MODE_NOT_AUTO = "mode_not_auto"
    NO_ANSWER = "no_answer"
    LOW_CONFIDENCE = "low_confidence"
    SMALL_MARGIN = "small_margin"
    NO_MODEL = "no_model"
    ENGINE_FAILED = "engine_failed"
    ENGINE_SLOW = "engine_slow"


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
    ``objection`` is the similar ticket that lowered the confidence, if one did. ``read_whole`` is False
    where the writer says more than was read.
    """

    intent: str | None
    confidence: float
    runner_up: str | None = None
    runner_up_confidence: float = 0.0
    margin: float = 0.0
    in_scope: bool = True
    questions: tuple[str, ...] = ()
    several_questions: bool = False
    guard: Guard | None = None
    read_whole: bool = True
    terms: tuple[Term, ...] = ()
    similar: tuple[SimilarTicket, ...] = ()
    objection: Objection | None = None
    source: Source = Source.NONE
    ask: str = ""

    @property
    def asked_for_person(self) -> bool:
        return self.guard is not None and self.guard.topic == PERSON_TOPIC


@dataclass(frozen=True, slots=True)
class IntentPolicy:
    """What a supervisor allows for one intent. ``threshold`` None means the general one."""

    mode: Mode = Mode.AUTO
    threshold: float | None = None
    answer_languages: frozenset[str] = frozenset({"en"})


@dataclass(frozen=True, slots=True)
class PolicyConfig:
    """The general limits. ``threshold`` is the floor that no intent goes below."""

    threshold: float = 0.75
    min_margin: float = 0.05
    default_language: str = "en"


@dataclass(frozen=True, slots=True)
class Decision:
    """An assessment with the action it leads to, the gate that decided and the threshold used."""

    assessment: Assessment
    action: Action
    reason: Reason
    threshold: float
    detail: str = field(default="")


Examples = Sequence[Example]
