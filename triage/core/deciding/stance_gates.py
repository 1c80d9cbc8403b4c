"""The gates that look at what the writer does with a topic, made from one table of words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from triage.core.deciding.gate import Case, Failure, Gate, NextStep, no_facts
from triage.core.types import Stance


@dataclass(frozen=True, slots=True)
class _StanceWords:
    stance: Stance
    passed: str
    failed: str
    customer: str
    detail: str
    next_step: NextStep = NextStep.NONE


_STANCES: Final = (
    _StanceWords(
        Stance.MACHINE_WRITTEN,
        "A person wrote it",
        "A machine wrote it",
        "This looks like an automatic message, so we’ve passed it to our team.",
        "The text reads like an automatic reply, a notice or a newsletter.",
        NextStep.SILENT,
    ),
    _StanceWords(
        Stance.SPAM,
        "It offers nothing for sale",
        "It offers something for sale",
        "We’ve passed this to our team.",
        "The text reads like advertising or a business offer.",
        NextStep.QUARANTINE,
    ),
    _StanceWords(
        Stance.MANIPULATION,
        "It gives no orders to the machine",
        "It tries to give orders to the machine",
        "We’ve passed this to our team.",
        "The text tells the machine what to do instead of asking us something.",
    ),
    _StanceWords(
        Stance.NOT_ASKED,
        "The writer wants what it is about",
        "The writer does not ask for what it is about",
        "We want to be sure what you need, so we’ve passed this to our team.",
        "The writer names the matter but does not ask for it.",
    ),
    _StanceWords(
        Stance.SETTLED,
        "The matter is not settled",
        "The matter is settled already",
        "Thank you for telling us. Our team will see your message.",
        "The writer says that it is done, or only thanks.",
    ),
    _StanceWords(
        Stance.ALREADY_TRIED,
        "The usual way was not tried in vain",
        "The usual way was tried and did not help",
        "The usual way didn’t work for you, so we’ve passed this to our team.",
        "The writer has tried what the answer says, or the way is shut.",
    ),
    _StanceWords(
        Stance.ELSEWHERE,
        "It is about us",
        "It is about another organisation",
        "We’re not sure we’re the right people for this, so we’ve passed it to our team.",
        "The text is about another organisation's service or account.",
    ),
    _StanceWords(
        Stance.FOR_ANOTHER,
        "It is the writer's own matter",
        "It is about another person's account or data",
        "This is about somebody else’s account, so we’ve passed it to our team.",
        "The text is about another person's account, order or data.",
    ),
    _StanceWords(
        Stance.SPECIAL_CASE,
        "It is an everyday case",
        "It is a special case that no prepared answer covers",
        "This needs a closer look, so we’ve passed it to our team.",
        "The text is about an exception or a consequence that no prepared answer covers.",
    ),
)


def _stance_gate(words: _StanceWords) -> Gate:
    def test(case: Case) -> Failure | None:
        found = case.assessment.stance
        return Failure(words.detail) if found is not None and found.stance is words.stance else None

    return Gate(
        reason=words.stance.value,
        passed=words.passed,
        failed=words.failed,
        customer=words.customer,
        looks_at="the stance model",
        facts=no_facts,
        test=test,
        next_step=words.next_step,
    )


def _test_not_grave(case: Case) -> Failure | None:
    found = case.assessment.stance
    if found is None or found.stance is not Stance.GRAVE:
        return None
    topic = found.topic.replace("_", " ")
    return Failure(f"The text tells of something grave{f' ({topic})' if topic else ''}.")


def _stance_facts(case: Case) -> Mapping[str, Any]:
    found = case.assessment.stance
    if found is None:
        return {"stance": None}
    return {
        "stance": {
            "kind": found.stance.value,
            "lead": found.lead,
            "topic": found.topic,
            "terms": [[term.text, term.weight] for term in found.terms],
            "nearest": found.nearest,
        }
    }


#: In the order of deciding.
STANCE_GATES: Final = (
    Gate(
        reason=Stance.GRAVE.value,
        passed="Nothing grave is told",
        failed="Something grave is told",
        customer="Thank you for telling us. A person on our team will read this with care.",
        looks_at="the stance model, sentence by sentence",
        facts=_stance_facts,
        test=_test_not_grave,
        next_step=NextStep.URGENT,
    ),
    *(_stance_gate(words) for words in _STANCES),
)
