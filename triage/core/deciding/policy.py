"""Turns an assessment into a decision by the gates, in their fixed order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from triage.core.deciding import gates
from triage.core.types import Action, Assessment, Decision, IntentPolicy, PolicyConfig

#: A threshold no confidence can reach: give it to an intent that must never be automated.
HELD_BACK: Final = 1.01


def decide(
    assessment: Assessment,
    *,
    intents: Mapping[str, IntentPolicy],
    language: str,
    config: PolicyConfig,
    is_open: bool = True,
    human_requested: bool = False,
    withdrawn: bool = False,
    sent_before: bool = False,
    stopped: bool = False,
    order: int = gates.ORDER,
    machine_sent: bool = False,
    mail_spent: bool = False,
    spoken: float | None = None,
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
    human_requested
        The requester said in the form that a person should answer.
    withdrawn
        The approved answer was gone when it was to be sent.
    sent_before
        The requester was sent this answer lately, or it did not help them.
    stopped
        All automatic answers of the house are stopped.
    order
        The order of the gates to decide by, for decisions of before it was changed.
    machine_sent
        A list, a program or an address that reads no replies sent it.
    mail_spent
        Nobody has proved to own the address, and it had its mails of the day.
    spoken
        How far the transcript of what was spoken is to be trusted, in [0, 1]; None where nothing was.

    Returns
    -------
    Decision
        ``AUTO_RESOLVE`` only when every gate passes; ``SUGGEST`` where only the intent's mode, SUGGEST, holds the
        answer back; else ``ESCALATE``. ``detail`` is one sentence for a person. ``failed`` names every gate that
        failed, ``facts`` what they looked at; ``would_send`` says that all but the house's permission was there.

    Notes
    -----
    Never raises. Whatever goes wrong inside leads to ``ESCALATE`` with the reason ``engine_failed``.
    """
    threshold = HELD_BACK
    try:
        policy = intents.get(assessment.intent) if assessment.intent is not None else None
        threshold = effective_threshold(policy, config)
        case = gates.Case(
            assessment=assessment,
            policy=policy,
            threshold=threshold,
            language=gates.base_language(language) or gates.base_language(config.default_language),
            min_margin=config.min_margin,
            is_open=is_open,
            human_requested=human_requested,
            withdrawn=withdrawn,
            sent_before=sent_before,
            stopped=stopped,
            machine_sent=machine_sent,
            mail_spent=mail_spent,
            spoken=spoken,
        )
        return _decided(case, order)
    except Exception as error:  # fails closed: no fault in here may ever send an answer or lose a ticket
        return _broken_down(assessment, threshold, error)


def _broken_down(assessment: Assessment, threshold: float, error: Exception) -> Decision:
    return Decision(
        assessment=assessment,
        action=Action.ESCALATE,
        reason=gates.ENGINE_FAILED.reason,
        threshold=threshold,
        detail=f"The decision could not be made ({type(error).__name__}), so a person decides.",
        failed=(gates.ENGINE_FAILED.reason,),
    )


def _decided(case: gates.Case, order: int) -> Decision:
    failed = list(gates.failures(case, order))
    action, reason, detail = _verdict(case, failed)
    return Decision(
        assessment=case.assessment,
        action=action,
        reason=reason,
        threshold=case.threshold,
        detail=detail,
        failed=tuple(gate.reason for gate, _ in failed),
        would_send=gates.would_send(failed),
        facts=gates.facts(case),
    )


def _verdict(case: gates.Case, failed: Sequence[tuple[gates.Gate, gates.Failure]]) -> tuple[Action, str, str]:
    """What the first gate that failed says: action, reason and detail. It is answered where none did."""
    if failed:
        gate, failure = failed[0]
        return failure.action, failure.reason or gate.reason, failure.detail
    detail = (
        f"“{case.assessment.intent}” is {gates.percent(case.assessment.confidence)} certain "
        f"(at least {gates.percent(case.threshold)} needed) and every check passed."
    )
    return Action.AUTO_RESOLVE, gates.CONFIDENT.reason, detail


def effective_threshold(policy: IntentPolicy | None, config: PolicyConfig) -> float:
    """Return the confidence an intent needs: its own threshold, never below the general floor.

    A limit that is not a number at all yields :data:`HELD_BACK`.
    """
    own = config.threshold if policy is None or policy.threshold is None else policy.threshold
    if math.isnan(own) or math.isnan(config.threshold):
        return HELD_BACK
    return max(config.threshold, own)
