"""The gates between an assessment and an automatic answer: one record each, in the order of deciding.

Everything that is said or kept of a gate is made from its record: the decision, the words for staff and for
customers, the simulator's list, the facts stored with a decision, the table in the documents. A new gate is one
record in :data:`GATES`, and the fact it looks at on the assessment.

The first gate that fails gives the decision its reason. Anything that is not plainly in order (a confidence that is
no number, an unexpected type) counts as failed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from triage.core.types import Action, Assessment, IntentPolicy, Mode, Stance


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything the gates look at, gathered once.

    ``threshold`` is the confidence that the intent needs; ``language`` a base tag such as "en".
    """

    assessment: Assessment
    policy: IntentPolicy | None
    threshold: float
    language: str
    min_margin: float
    is_open: bool = True
    human_requested: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a gate does not let a ticket through: one sentence for a person, and what becomes of the ticket.

    ``reason`` is the gate's own unless it is named here.
    """

    detail: str
    action: Action = Action.ESCALATE
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What a reason means: a clause for staff, and a sentence for the customer whose ticket waits."""

    reason: str
    staff: str
    customer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One condition of an automatic answer.

    Attributes
    ----------
    reason
        The code that decisions and tickets carry when it fails.
    passed
        What holds when it passes, for staff.
    failed
        What is the matter when it fails, as a clause for staff.
    customer
        The same as a sentence for the customer.
    looks_at
        The facts it looks at, in words.
    facts
        Those of them that no column of a decision holds, by name, as values for JSON.
    test
        None where the gate is passed.
    """

    reason: str
    passed: str
    failed: str
    customer: str
    looks_at: str
    facts: Callable[[Case], Mapping[str, Any]]
    test: Callable[[Case], Failure | None]

    def judge(self, case: Case) -> Failure | None:
        """The failure, also where the test itself breaks down: no fault in here may ever send an answer."""
        try:
            return self.test(case)
        except Exception as error:  # fails closed, whatever it is
            return Failure(
                f"The decision could not be made ({type(error).__name__}), so a person decides.",
                reason=ENGINE_FAILED.reason,
            )


CONFIDENT = Words("confident", "The answer is known and every check passed", "")
_MACHINE_FAILED = "We could not answer this one automatically, so it went straight to our team."
NO_MODEL = Words("no_model", "No trained model and no rule was available", _MACHINE_FAILED)
ENGINE_FAILED = Words("engine_failed", "The automatic assessment failed", _MACHINE_FAILED)
ENGINE_SLOW = Words("engine_slow", "The automatic assessment took too long", _MACHINE_FAILED)

#: Reasons that no gate gives: all passed, or the engine failed before the first.
BESIDE_THE_GATES: Final = (CONFIDENT, NO_MODEL, ENGINE_FAILED, ENGINE_SLOW)


def _none(case: Case) -> Mapping[str, Any]:
    return {}


def _test_open(case: Case) -> Failure | None:
    if case.is_open is True:
        return None
    return Failure("The ticket is no longer open, or was reopened, so a person answers.")


def _test_no_person_wanted(case: Case) -> Failure | None:
    if case.human_requested:  # the form's "I want a person" weighs as much as the words would
        return Failure("The requester ticked that a person should answer.")
    if case.assessment.asked_for_person:
        return Failure("The requester asks for a person.")
    return None


def _test_no_guard(case: Case) -> Failure | None:
    guard = case.assessment.guard
    if guard is None:
        return None
    return Failure(f"The text touches “{guard.topic}”, which a person must always read.")


def _test_read_whole(case: Case) -> Failure | None:
    if case.assessment.read_whole is True:
        return None
    return Failure("Only its beginning was read, so a person must see what else the text says.")


def _test_in_scope(case: Case) -> Failure | None:
    if case.assessment.in_scope:
        return None
    return Failure("The text is unlike anything we have an answer for.")


def _test_single_question(case: Case) -> Failure | None:
    found = case.assessment.stance
    two_wishes = found is not None and found.stance is Stance.TWO_WISHES
    if not (case.assessment.several_questions or two_wishes):
        return None
    count = len(case.assessment.questions)
    asked = f"{count} questions" if count > 1 else "several questions"
    return Failure(f"The ticket asks {asked} that need different answers.")


def _test_intent_known(case: Case) -> Failure | None:
    if case.assessment.intent is None:
        return Failure("No known intent fits the text.")
    if case.policy is None:
        return Failure(f"“{case.assessment.intent}” is not an intent that is set up here.")
    return None


def _test_mode(case: Case) -> Failure | None:
    mode = case.policy.mode if case.policy is not None else Mode.OFF
    if mode == Mode.AUTO:
        return None
    if mode == Mode.SUGGEST and is_probability(case.assessment.confidence):
        return Failure(
            f"“{case.assessment.intent}” is only suggested, so an agent checks the answer first.",
            Action.SUGGEST,
        )
    return Failure(f"Automatic answers are switched off for “{case.assessment.intent}”.")


def _test_answer(case: Case) -> Failure | None:
    if case.withdrawn:
        return Failure("The approved answer was withdrawn before it could be sent.")
    languages = case.policy.answer_languages if case.policy is not None else frozenset[str]()
    if case.language and case.language in {base_language(tag) for tag in languages}:
        return None
    return Failure(f"“{case.assessment.intent}” has no approved answer in the language “{case.language}”.")


def _test_confidence(case: Case) -> Failure | None:
    intent, confidence = case.assessment.intent, case.assessment.confidence
    if not is_probability(confidence):
        return Failure(
            "The engine gave no usable confidence, so a person decides.", reason=ENGINE_FAILED.reason
        )
    if confidence >= case.threshold:
        return None
    if case.threshold > 1.0:
        return Failure(f"“{intent}” is held back: no limit keeps its error within the promise.")
    return Failure(
        f"“{intent}” is only {percent(confidence)} certain{_lowered(case)}; {percent(case.threshold)} is needed."
    )


def _lowered(case: Case) -> str:
    objection = case.assessment.objection
    if objection is None:
        return ""
    return f" ({percent(objection.before)} before a similar ticket that ended otherwise weighed against it)"


def _test_margin(case: Case) -> Failure | None:
    if case.assessment.margin >= case.min_margin:
        return None
    rival = f"“{case.assessment.runner_up}”" if case.assessment.runner_up else "another intent"
    return Failure(f"“{case.assessment.intent}” and {rival} are almost equally likely.")


@dataclass(frozen=True, slots=True)
class _StanceWords:
    stance: Stance
    passed: str
    failed: str
    customer: str
    detail: str


_STANCES: Final = (
    _StanceWords(
        Stance.MACHINE_WRITTEN,
        "A person wrote it",
        "A machine wrote it",
        "This looks like an automatic message, so we did not answer it automatically.",
        "The text reads like an automatic reply, a notice or a newsletter.",
    ),
    _StanceWords(
        Stance.SPAM,
        "It offers nothing for sale",
        "It offers something for sale",
        "One of us will look at your message.",
        "The text reads like advertising or a business offer.",
    ),
    _StanceWords(
        Stance.MANIPULATION,
        "It gives no orders to the machine",
        "It tries to give orders to the machine",
        "One of us will look at your message.",
        "The text tells the machine what to do instead of asking us something.",
    ),
    _StanceWords(
        Stance.NOT_ASKED,
        "The writer wants what it is about",
        "The writer does not ask for what it is about",
        "We want to be sure what you need, so one of us will read your message.",
        "The writer names the matter but does not ask for it.",
    ),
    _StanceWords(
        Stance.SETTLED,
        "The matter is not settled",
        "The matter is settled already",
        "Thank you for telling us. One of us will see your message.",
        "The writer says that it is done, or only thanks.",
    ),
    _StanceWords(
        Stance.ALREADY_TRIED,
        "The usual way was not tried in vain",
        "The usual way was tried and did not help",
        "You have tried the usual way already, so one of us will look into it.",
        "The writer has tried what the answer says, or the way is shut.",
    ),
    _StanceWords(
        Stance.ELSEWHERE,
        "It is about us",
        "It is about another organisation",
        "We are not sure that we are the right ones for this, so one of us will read your message.",
        "The text is about another organisation's service or account.",
    ),
    _StanceWords(
        Stance.FOR_ANOTHER,
        "It is the writer's own matter",
        "It is about another person's account or data",
        "This concerns another person's account, so one of us will look into it.",
        "The text is about another person's account, order or data.",
    ),
    _StanceWords(
        Stance.SPECIAL_CASE,
        "It is an everyday case",
        "It is a special case that no prepared answer covers",
        "Your case needs a closer look, so one of us will read your message.",
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
        facts=_none,
        test=test,
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


#: The order is part of the contract: see "The decision" in the design.
GATES: tuple[Gate, ...] = (
    Gate(
        reason="not_open",
        passed="The ticket is open and was never reopened",
        failed="The ticket is not open any more, or was reopened",
        customer="One of us is already looking into it.",
        looks_at="state, reopenings, who has written",
        facts=lambda case: {"open": case.is_open},
        test=_test_open,
    ),
    Gate(
        reason="asked_for_person",
        passed="Nobody asked for a person",
        failed="The requester asks for a person",
        customer="You asked for a person, and you will get one.",
        looks_at="the box in the form, the rules of the topic “person”",
        facts=lambda case: {"human_requested": case.human_requested},
        test=_test_no_person_wanted,
    ),
    Gate(
        reason="never_automate",
        passed="No never-automate rule fits",
        failed="The subject must always be read by a person",
        customer="What you write about needs a person's care, so we did not answer it automatically.",
        looks_at="the never-automate rules",
        facts=lambda case: {"guard": case.assessment.guard.topic if case.assessment.guard else None},
        test=_test_no_guard,
    ),
    Gate(
        reason=Stance.GRAVE.value,
        passed="Nothing grave is told",
        failed="Something grave is told",
        customer="Thank you for telling us. What you write matters to us, and one of us will read it with care.",
        looks_at="the stance model, sentence by sentence",
        facts=_stance_facts,
        test=_test_not_grave,
    ),
    *(_stance_gate(words) for words in _STANCES),
    Gate(
        reason="too_long",
        passed="The text was read to its end",
        failed="The text is too long to be judged automatically",
        customer="You wrote at length, so one of us will read all of it.",
        looks_at="how much of the text was read",
        facts=lambda case: {"read_whole": case.assessment.read_whole},
        test=_test_read_whole,
    ),
    Gate(
        reason="out_of_scope",
        passed="The text is in scope",
        failed="The text is unlike anything we have answers for",
        customer="This is not one of our everyday questions, so one of us will look into it.",
        looks_at="the model's scope",
        facts=lambda case: {"in_scope": case.assessment.in_scope},
        test=_test_in_scope,
    ),
    Gate(
        reason="several_questions",
        passed="It asks one thing only",
        failed="The ticket asks about more than one thing",
        customer="You ask about more than one thing. A person will answer all of it together.",
        looks_at="the intents of its sentences and clauses",
        facts=lambda case: {
            "questions": len(case.assessment.questions),
            "several_questions": case.assessment.several_questions,
        },
        test=_test_single_question,
    ),
    Gate(
        reason="unknown_intent",
        passed="The intent is one of ours",
        failed="No known intent fits the text",
        customer="We want to understand exactly what you need, so one of us will read your message.",
        looks_at="the intent",
        facts=_none,
        test=_test_intent_known,
    ),
    Gate(
        reason="mode_not_auto",
        passed="The intent is automated",
        failed="Automatic answers are switched off for this intent",
        customer="Questions like yours are always answered by a person here.",
        looks_at="the intent's mode",
        facts=lambda case: {"mode": case.policy.mode.value if case.policy else None},
        test=_test_mode,
    ),
    Gate(
        reason="no_answer",
        passed="There is an approved answer in the language",
        failed="There is no approved answer in the requester's language",
        customer="There is no ready answer to this, so one of us will write one for you.",
        looks_at="the approved answers, the ticket's language",
        facts=lambda case: {
            "answer_languages": sorted(case.policy.answer_languages) if case.policy else [],
            "withdrawn": case.withdrawn,
        },
        test=_test_answer,
    ),
    Gate(
        reason="low_confidence",
        passed="The confidence reaches the limit",
        failed="The confidence is below the limit",
        customer="We would rather be right than quick, so one of us will read your message.",
        looks_at="the confidence, the intent's limit",
        facts=lambda case: {"limit": case.policy.threshold if case.policy else None},
        test=_test_confidence,
    ),
    Gate(
        reason="small_margin",
        passed="The runner-up is far enough behind",
        failed="Two intents are almost equally likely",
        customer="Your message could mean more than one thing. A person will make sure we get it right.",
        looks_at="the margin to the runner-up",
        facts=lambda case: {"min_margin": case.min_margin},
        test=_test_margin,
    ),
)


def reasons() -> dict[str, Words]:
    """Every reason that a decision can carry: the gates in their order, then those beside them."""
    ours = (Words(gate.reason, gate.failed, gate.customer) for gate in GATES)
    return {words.reason: words for words in (*ours, *BESIDE_THE_GATES)}


def failures(case: Case) -> Iterator[tuple[Gate, Failure]]:
    """Each gate that does not let the case through, in the order of deciding; every gate is asked."""
    for gate in GATES:
        failure = gate.judge(case)
        if failure is not None:
            yield gate, failure


def facts(case: Case) -> dict[str, Any]:
    """What the gates look at and no column of a decision holds, as it is kept with the decision."""
    return {name: value for gate in GATES for name, value in gate.facts(case).items()}


def as_markdown() -> str:
    """The gates as the table of the documents."""
    rows = (f"| {place} | `{g.reason}` | {g.passed} | {g.looks_at} |" for place, g in enumerate(GATES, 1))
    return "\n".join(["| # | Reason | What must hold | Looks at |", "| - | - | - | - |", *rows])


def is_probability(value: float) -> bool:
    return 0.0 <= value <= 1.0  # NaN compares false


def base_language(tag: str) -> str:
    return tag.strip().lower().replace("_", "-").partition("-")[0]


def percent(value: float) -> str:
    """Round down, so that 74.99 % never reads as the 75 % it did not reach."""
    return f"{math.floor(value * 1000) / 10:g} %"
