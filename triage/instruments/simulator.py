"""What would happen to a text, gate by gate. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

from triage.answers import language
from triage.answers.variables import sample_ticket
from triage.core import types as core
from triage.core.deciding import policy
from triage.core.types import Reason
from triage.models import Answer, Intent
from triage.running.runtime import policy_config, runtime

# The gates in the order in which triage.core.policy asks them, by the reason each gives when it fails.
GATES: dict[Reason, str] = {
    Reason.NOT_OPEN: "The ticket is open and was never reopened",
    Reason.ASKED_FOR_PERSON: "Nobody asked for a person",
    Reason.NEVER_AUTOMATE: "No never-automate rule fits",
    Reason.TOO_LONG: "The text was read to its end",
    Reason.OUT_OF_SCOPE: "The text is in scope",
    Reason.SEVERAL_QUESTIONS: "It asks one thing only",
    Reason.UNKNOWN_INTENT: "The intent is one of ours",
    Reason.MODE_NOT_AUTO: "The intent is automated",
    Reason.NO_ANSWER: "There is an approved answer in the language",
    Reason.LOW_CONFIDENCE: "The confidence reaches the limit",
    Reason.SMALL_MARGIN: "The runner-up is far enough behind",
}


class Passage(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not reached"


@dataclass(frozen=True)
class Gate:
    text: str
    passage: Passage


@dataclass(frozen=True)
class Simulation:
    decision: core.Decision
    language: str
    gates: Sequence[Gate]
    intent: Intent | None
    answer: Answer | None
    response: str
    latency_ms: float


def simulate(subject: str, body: str) -> Simulation:
    """Assess and decide as triage would for a new ticket with this text.

    Raises what the engine raises; a real ticket would be escalated with that failure as its reason.
    """
    tongue = language.detect(f"{subject}. {body}", default=settings.TRIAGE_LANGUAGE)
    assessed = runtime.assess(subject, body)
    decision = policy.decide(
        assessed.assessment, intents=assessed.snapshot.policies, language=tongue, config=policy_config()
    )
    intent = Intent.objects.filter(slug=decision.assessment.intent or "").first()
    answer = intent.approved_answer(tongue) if intent else None
    return Simulation(
        decision=decision,
        language=tongue,
        gates=passages(decision.reason),
        intent=intent,
        answer=answer,
        response=answer.render(sample_ticket(subject)) if answer else "",
        latency_ms=assessed.latency_ms,
    )


def passages(reason: Reason) -> list[Gate]:
    """Each gate with how the decision passed it. A failure of the engine itself reaches no gate."""
    order = [*GATES, Reason.CONFIDENT]
    stopped = order.index(reason) if reason in order else -1
    return [Gate(text, _passage(at, stopped)) for at, text in enumerate(GATES.values())]


def _passage(at: int, stopped: int) -> Passage:
    if at < stopped:
        return Passage.PASSED
    return Passage.FAILED if at == stopped else Passage.NOT_REACHED
