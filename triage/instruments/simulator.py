"""What would happen to a text, gate by gate. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from triage.answers.variables import sample_ticket
from triage.core import types as core
from triage.core.deciding import gates
from triage.desk.evidence import StanceShown, asked, stance_shown
from triage.models import Answer, Intent
from triage.running.dry_run import decide_new


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

    @property
    def stance(self) -> StanceShown | None:
        return stance_shown(self.decision.facts)

    @property
    def asked(self) -> list[str]:
        return asked(self.decision.facts)


def simulate(subject: str, body: str) -> Simulation:
    """Assess and decide as triage would for a new ticket with this text.

    Raises what the engine raises; a real ticket would be escalated with that failure as its reason.
    """
    dry_run = decide_new(subject, body)
    decision, language_tag = dry_run.decision, dry_run.language
    intent = Intent.objects.filter(slug=decision.assessment.intent or "").first()
    answer = intent.approved_answer(language_tag) if intent else None
    return Simulation(
        decision=decision,
        language=language_tag,
        gates=passages(decision.failed),
        intent=intent,
        answer=answer,
        response=answer.render(sample_ticket(subject), asked=body) if answer else "",
        latency_ms=dry_run.latency_ms,
    )


def passages(failed: Collection[str]) -> list[Gate]:
    """Each gate with how the decision passed it; none was reached where the engine itself failed."""
    if gates.ENGINE_FAILED.reason in failed:
        return [Gate(gate.passed, Passage.NOT_REACHED) for gate in gates.GATES]
    return [
        Gate(gate.passed, Passage.FAILED if gate.reason in failed else Passage.PASSED) for gate in gates.GATES
    ]
