"""Turns an assessment into a decision: the gates, in their fixed order, and the words for people.

The first gate that fails escalates the ticket with its reason. Anything that is not plainly in
order (a confidence that is no number, a broken limit, an unexpected type) counts as failed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from triage.core.types import Action, Assessment, Decision, IntentPolicy, Mode, PolicyConfig, Reason

#: What each reason means, as a clause for screens and mails to agents and supervisors.
REASON_TEXT: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.CONFIDENT: "The answer is known and every check passed",
        Reason.NOT_OPEN: "The ticket is not open any more, or was reopened",
        Reason.ASKED_FOR_PERSON: "The requester asks for a person",
        Reason.NEVER_AUTOMATE: "The subject must always be read by a person",
        Reason.TOO_LONG: "The text is too long to be judged automatically",
        Reason.OUT_OF_SCOPE: "The text is unlike anything we have answers for",
        Reason.SEVERAL_QUESTIONS: "The ticket asks about more than one thing",
        Reason.UNKNOWN_INTENT: "No known intent fits the text",
        Reason.MODE_NOT_AUTO: "Automatic answers are switched off for this intent",
        Reason.NO_ANSWER: "There is no approved answer in the requester's language",
        Reason.LOW_CONFIDENCE: "The confidence is below the limit",
        Reason.SMALL_MARGIN: "Two intents are almost equally likely",
        Reason.NO_MODEL: "No trained model and no rule was available",
        Reason.ENGINE_FAILED: "The automatic assessment failed",
        Reason.ENGINE_SLOW: "The automatic assessment took too long",
    }
)

#: A threshold no confidence can reach: give it to an intent that must never be automated.
HELD_BACK: Final = 1.01


@dataclass(frozen=True, slots=True)
class _Case:
    """Everything the gates look at, gathered once."""

    assessment: Assessment
    policy: IntentPolicy | None
    threshold: float
    language: str
    min_margin: float
    is_open: bool


#: A verdict is (action, reason, sentence); None lets the ticket through to the next gate.
_Verdict = tuple[Action, Reason, str] | None


def decide(
    assessment: Assessment,
    *,
    intents: Mapping[str, IntentPolicy],
    language: str,
    config: PolicyConfig,
    is_open: bool = True,
) -> Decision:
    """Decide what becomes of an assessed ticket.

    Parameters
    ----------
    assessment
        What the engine believes.
    intents
        The policy of each intent that may be answered; an intent that is missing here is unknown.
    language
        The ticket's language tag ("en", "pt-BR"); empty means ``config.default_language``.
    config
        The general limits. ``config.threshold`` is a floor: an intent can only be stricter.
    is_open
        False when the ticket is not open any more, was ever reopened, or a person has acted.

    Returns
    -------
    Decision
        ``AUTO_RESOLVE`` only when every gate passes; ``SUGGEST`` where the intent's mode is
        SUGGEST; else ``ESCALATE``. ``detail`` is one sentence for a person.

    Notes
    -----
    Never raises. Whatever goes wrong inside leads to ``ESCALATE`` with ``ENGINE_FAILED``.
    """
    threshold = HELD_BACK
    try:
        policy = intents.get(assessment.intent) if assessment.intent is not None else None
        threshold = effective_threshold(policy, config)
        case = _Case(
            assessment=assessment,
            policy=policy,
            threshold=threshold,
            language=_base_language(language) or _base_language(config.default_language),
            min_margin=config.min_margin,
            is_open=is_open,
        )
        action, reason, detail = next(_verdicts(case))
    except Exception as error:  # fails closed: no fault in here may ever send an answer or lose a ticket
        action, reason = Action.ESCALATE, Reason.ENGINE_FAILED
        detail = f"The decision could not be made ({type(error).__name__}), so a person decides."
    return Decision(assessment=assessment, action=action, reason=reason, threshold=threshold, detail=detail)


def effective_threshold(policy: IntentPolicy | None, config: PolicyConfig) -> float:
    """Return the confidence an intent needs: its own threshold, never below the general floor.

    A limit that is not a number at all yields :data:`HELD_BACK`.
    """
    own = config.threshold if policy is None or policy.threshold is None else policy.threshold
    if math.isnan(own) or math.isnan(config.threshold):
        return HELD_BACK
    return max(config.threshold, own)


def _verdicts(case: _Case) -> Iterator[tuple[Action, Reason, str]]:
    for gate in _GATES:
        verdict = gate(case)
        if verdict is not None:
            yield verdict
    yield (
        Action.AUTO_RESOLVE,
        Reason.CONFIDENT,
        f"“{case.assessment.intent}” is {_percent(case.assessment.confidence)} certain "
        f"(at least {_percent(case.threshold)} needed) and every check passed.",
    )


def _escalate(reason: Reason, detail: str) -> tuple[Action, Reason, str]:
    return Action.ESCALATE, reason, detail


def _ticket_is_open(case: _Case) -> _Verdict:
    if case.is_open is True:
        return None
    return _escalate(Reason.NOT_OPEN, "The ticket is no longer open, or was reopened, so a person answers.")


def _no_person_wanted(case: _Case) -> _Verdict:
    if not case.assessment.asked_for_person:
        return None
    return _escalate(Reason.ASKED_FOR_PERSON, "The requester asks for a person.")


def _automation_allowed(case: _Case) -> _Verdict:
    guard = case.assessment.guard
    if guard is None:
        return None
    return _escalate(
        Reason.NEVER_AUTOMATE, f"The text touches “{guard.topic}”, which a person must always read."
    )


def _read_whole(case: _Case) -> _Verdict:
    if case.assessment.read_whole is True:
        return None
    return _escalate(
        Reason.TOO_LONG, "Only its beginning was read, so a person must see what else the text says."
    )


def _in_scope(case: _Case) -> _Verdict:
    if case.assessment.in_scope:
        return None
    return _escalate(Reason.OUT_OF_SCOPE, "The text is unlike anything we have an answer for.")


def _single_question(case: _Case) -> _Verdict:
    if not case.assessment.several_questions:
        return None
    count = len(case.assessment.questions)
    asked = f"{count} questions" if count > 1 else "several questions"
    return _escalate(Reason.SEVERAL_QUESTIONS, f"The ticket asks {asked} that need different answers.")


def _intent_known(case: _Case) -> _Verdict:
    if case.assessment.intent is None:
        return _escalate(Reason.UNKNOWN_INTENT, "No known intent fits the text.")
    if case.policy is None:
        return _escalate(
            Reason.UNKNOWN_INTENT, f"“{case.assessment.intent}” is not an intent that is set up here."
        )
    return None


def _mode_is_auto(case: _Case) -> _Verdict:
    mode = case.policy.mode if case.policy is not None else Mode.OFF
    if mode == Mode.AUTO:
        return None
    if mode == Mode.SUGGEST and _is_probability(case.assessment.confidence):
        return (
            Action.SUGGEST,
            Reason.MODE_NOT_AUTO,
            f"“{case.assessment.intent}” is only suggested, so an agent checks the answer first.",
        )
    return _escalate(
        Reason.MODE_NOT_AUTO, f"Automatic answers are switched off for “{case.assessment.intent}”."
    )


def _answer_exists(case: _Case) -> _Verdict:
    languages = case.policy.answer_languages if case.policy is not None else frozenset[str]()
    if case.language and case.language in {_base_language(tag) for tag in languages}:
        return None
    return _escalate(
        Reason.NO_ANSWER,
        f"“{case.assessment.intent}” has no approved answer in the language “{case.language}”.",
    )


def _confident_enough(case: _Case) -> _Verdict:
    confidence = case.assessment.confidence
    if not _is_probability(confidence):
        return _escalate(Reason.ENGINE_FAILED, "The engine gave no usable confidence, so a person decides.")
    if confidence >= case.threshold:
        return None
    if case.threshold > 1.0:
        return _escalate(
            Reason.LOW_CONFIDENCE,
            f"“{case.assessment.intent}” is held back: no limit keeps its error within the promise.",
        )
    return _escalate(
        Reason.LOW_CONFIDENCE,
        f"“{case.assessment.intent}” is only {_percent(confidence)} certain{_lowered(case)}; "
        f"{_percent(case.threshold)} is needed.",
    )


def _lowered(case: _Case) -> str:
    objection = case.assessment.objection
    if objection is None:
        return ""
    return f" ({_percent(objection.before)} before a similar ticket that ended otherwise weighed against it)"


def _margin_enough(case: _Case) -> _Verdict:
    if case.assessment.margin >= case.min_margin:
        return None
    rival = f"“{case.assessment.runner_up}”" if case.assessment.runner_up else "another intent"
    return _escalate(
        Reason.SMALL_MARGIN, f"“{case.assessment.intent}” and {rival} are almost equally likely."
    )


#: The order is part of the contract: see "The decision" in the design.
_GATES: Final[tuple[Callable[[_Case], _Verdict], ...]] = (
    _ticket_is_open,
    _no_person_wanted,
    _automation_allowed,
    _read_whole,
    _in_scope,
    _single_question,
    _intent_known,
    _mode_is_auto,
    _answer_exists,
    _confident_enough,
    _margin_enough,
)


def _is_probability(value: float) -> bool:
    return 0.0 <= value <= 1.0  # NaN compares false


def _base_language(tag: str) -> str:
    return tag.strip().lower().replace("_", "-").partition("-")[0]


def _percent(value: float) -> str:
    """Round down, so that 74.99 % never reads as the 75 % it did not reach."""
    return f"{math.floor(value * 1000) / 10:g} %"
