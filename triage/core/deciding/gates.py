"""The gates between an assessment and an automatic answer: one record each, in the order of deciding.

Everything that is said or kept of a gate is made from its record: the decision, the words for staff and for
customers, the simulator's list, the facts stored with a decision, the table in the documents. A new gate is one
record in :data:`GATES`, and the fact it looks at on the assessment.

The first gate that fails gives the decision its reason. Anything that is not plainly in order (a confidence that is
no number, an unexpected type) counts as failed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from triage.core.deciding.gate import (
    CONFIDENT,
    ENGINE_FAILED,
    ENGINE_SLOW,
    NO_MODEL,
    Case,
    Failure,
    Gate,
    NextStep,
    Words,
    no_facts,
)
from triage.core.deciding.stance_gates import STANCE_GATES
from triage.core.types import Action, Decision, Mode, Stance

__all__ = [
    "BESIDE_THE_GATES", "CONFIDENT", "ENGINE_FAILED", "ENGINE_SLOW", "GATES", "NO_MODEL", "ORDER", "Case", "Failure",
    "Gate", "NextStep", "Words", "as_markdown", "base_language", "facts", "failures", "in_order", "next_step", "percent",
    "reasons", "steps_as_markdown", "would_send",
]  # fmt: skip

#: Reasons that no gate gives: all passed, or the engine failed before the first.
BESIDE_THE_GATES: Final = (CONFIDENT, NO_MODEL, ENGINE_FAILED, ENGINE_SLOW)


ASKED_KEPT: Final = 8  # of the separate questions of a text, so many are kept by their words
ASKED_CHARS: Final = 200
#: Confidence of a transcript below which too many of its words are wrong; measured in docs/voice-input.md.
SPOKEN_SURE: Final = 0.85


def _test_open(case: Case) -> Failure | None:
    if case.is_open is True:
        return None
    return Failure("The ticket is no longer open, or was reopened, so a person answers.")


def _test_sent_by_a_person(case: Case) -> Failure | None:
    if case.machine_sent is False:
        return None
    return Failure("A list, a program or an address that reads no replies sent it.")


def _test_understood(case: Case) -> Failure | None:
    if case.spoken is None:
        return None
    if is_probability(case.spoken) and case.spoken >= SPOKEN_SURE:
        return None
    return Failure("A recording came with it whose words are not certain, so a person listens to it.")


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
    asked = " and ".join(f"“{intent}”" for intent in case.assessment.asked)
    if not asked:
        return Failure(
            "Nobody can tell how many things the ticket asks in its language, so a person reads it."
        )
    return Failure(f"The ticket asks about {asked}, which need different answers.")


def _test_intent_known(case: Case) -> Failure | None:
    if case.assessment.intent is None:
        return Failure("No known intent fits the text.")
    if case.policy is None:
        return Failure(f"“{case.assessment.intent}” is not an intent that is set up here.")
    return None


def _mode(case: Case) -> Mode | None:
    """The intent's mode in the language of the ticket."""
    return case.policy.mode_in(case.language) if case.policy is not None else None


def _test_mode(case: Case) -> Failure | None:
    mode = _mode(case) or Mode.OFF
    if mode == Mode.AUTO:
        return None
    if mode == Mode.SUGGEST and is_probability(case.assessment.confidence):
        return Failure(
            f"“{case.assessment.intent}” is only suggested, so an agent checks the answer first.",
            Action.SUGGEST,
        )
    return Failure(f"Automatic answers are switched off for “{case.assessment.intent}”.")


def _test_not_stopped(case: Case) -> Failure | None:
    if case.stopped is False:
        return None
    return Failure("All automatic answers are stopped at the moment, so a person answers.")


def _test_mail_left(case: Case) -> Failure | None:
    if case.mail_spent is False:
        return None
    return Failure("Nobody has confirmed the address, and as many mails as a day allows went there already.")


def _test_answer(case: Case) -> Failure | None:
    if case.withdrawn:
        return Failure("The approved answer was withdrawn before it could be sent.")
    languages = case.policy.answer_languages if case.policy is not None else frozenset[str]()
    if case.language and case.language in {base_language(tag) for tag in languages}:
        return None
    return Failure(f"“{case.assessment.intent}” has no approved answer in the language “{case.language}”.")


def _test_not_sent_before(case: Case) -> Failure | None:
    if case.sent_before is False:
        return None
    return Failure(
        f"This person was sent the answer to “{case.assessment.intent}” lately, or it did not help them."
    )


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


#: The order is part of the contract. The last three say whether the house allows the answer, the others whether the
#: ticket may have one: what passes those *would* be sent.
GATES: tuple[Gate, ...] = (
    Gate(
        reason="not_open",
        passed="The ticket is open and was never reopened",
        failed="The ticket is not open any more, or was reopened",
        customer="Someone on our team is already looking into it.",
        looks_at="state, reopenings, who has written",
        facts=lambda case: {"open": case.is_open},
        test=_test_open,
    ),
    Gate(
        reason="asked_for_person",
        passed="Nobody asked for a person",
        failed="The requester asks for a person",
        customer="You asked for a person, so we’ve passed this to our team.",
        looks_at="the box in the form, the rules of the topic “person”",
        facts=lambda case: {"human_requested": case.human_requested},
        test=_test_no_person_wanted,
    ),
    Gate(
        reason="never_automate",
        passed="No never-automate rule fits",
        failed="The subject must always be read by a person",
        customer="This needs a person, so we’ve passed it to our team.",
        looks_at="the never-automate rules",
        facts=lambda case: {"guard": case.assessment.guard.topic if case.assessment.guard else None},
        test=_test_no_guard,
    ),
    Gate(
        reason="machine_sent",
        passed="A person sent it",
        failed="A list or a program sent it",
        customer="This looks like an automatic message, so we’ve passed it to our team.",
        looks_at="the headers of the mail",
        facts=lambda case: {"machine_sent": case.machine_sent},
        test=_test_sent_by_a_person,
        next_step=NextStep.SILENT,
    ),
    Gate(
        reason="voice_unclear",
        passed="What was spoken was understood",
        failed="The words of a recording are not certain",
        customer="We want to listen to your recording ourselves, so we’ve passed it to our team.",
        looks_at="the confidence of the recording's transcript",
        facts=lambda case: {"spoken": case.spoken},
        test=_test_understood,
    ),
    *STANCE_GATES,
    Gate(
        reason="too_long",
        passed="The text was read to its end",
        failed="The text is too long to be judged automatically",
        customer="We want to read all of this properly, so we’ve passed it to our team.",
        looks_at="how much of the text was read",
        facts=lambda case: {"read_whole": case.assessment.read_whole},
        test=_test_read_whole,
    ),
    Gate(
        reason="out_of_scope",
        passed="The text is in scope",
        failed="The text is unlike anything we have answers for",
        customer="We don’t have a ready answer to this, so we’ve passed it to our team.",
        looks_at="the model's scope",
        facts=lambda case: {"in_scope": case.assessment.in_scope},
        test=_test_in_scope,
    ),
    Gate(
        reason="several_questions",
        passed="It asks one thing only",
        failed="The ticket asks about more than one thing",
        customer="There’s more than one thing here, so a person will answer all of it together.",
        looks_at="the intents of its sentences and clauses",
        facts=lambda case: {
            "questions": len(case.assessment.questions),
            "several_questions": case.assessment.several_questions,
            "asked": [question[:ASKED_CHARS] for question in case.assessment.questions[:ASKED_KEPT]]
            if _test_single_question(case)
            else [],
        },
        test=_test_single_question,
    ),
    Gate(
        reason="unknown_intent",
        passed="The intent is one of ours",
        failed="No known intent fits the text",
        customer="We want to get this right, so we’ve passed it to our team.",
        looks_at="the intent",
        facts=no_facts,
        test=_test_intent_known,
    ),
    Gate(
        reason="no_answer",
        passed="There is an approved answer in the language",
        failed="There is no approved answer in the requester's language",
        customer="We don’t have a ready answer to this, so our team will write you one.",
        looks_at="the approved answers, the ticket's language",
        facts=lambda case: {
            "answer_languages": sorted(case.policy.answer_languages) if case.policy else [],
            "withdrawn": case.withdrawn,
        },
        test=_test_answer,
    ),
    Gate(
        reason="already_sent",
        passed="This person was not sent the answer lately, nor in vain",
        failed="This person was sent the same answer lately",
        customer="You’ve had our usual answer already, so we’ve passed this to our team.",
        looks_at="what was sent to the same account or mailbox",
        facts=lambda case: {"sent_before": case.sent_before},
        test=_test_not_sent_before,
    ),
    Gate(
        reason="low_confidence",
        passed="The confidence reaches the limit",
        failed="The confidence is below the limit",
        customer="We weren’t sure of the right answer, so we’ve passed this to our team.",
        looks_at="the confidence, the intent's limit",
        facts=lambda case: {"limit": case.policy.threshold if case.policy else None},
        test=_test_confidence,
    ),
    Gate(
        reason="small_margin",
        passed="The runner-up is far enough behind",
        failed="Two intents are almost equally likely",
        customer="We weren’t sure which answer fits, so we’ve passed this to our team.",
        looks_at="the margin to the runner-up",
        facts=lambda case: {"min_margin": case.min_margin},
        test=_test_margin,
    ),
    Gate(
        reason="stopped",
        passed="Automatic answers are not stopped",
        failed="All automatic answers are stopped",
        customer="At the moment every message is answered by a person here.",
        looks_at="the switch of the whole house",
        facts=lambda case: {"stopped": case.stopped},
        test=_test_not_stopped,
        allows=True,
    ),
    Gate(
        reason="mode_not_auto",
        passed="The intent is automated",
        failed="Automatic answers are switched off for this intent",
        customer="A person always answers questions like this one.",
        looks_at="the intent's mode in the ticket's language",
        facts=lambda case: {"mode": mode.value if (mode := _mode(case)) else None},
        test=_test_mode,
        allows=True,
    ),
    Gate(
        reason="mail_spent",
        passed="An automatic answer may still be mailed today",
        failed="The address is not confirmed and has had its mails of the day",
        customer="A person will answer this one, so we’ve passed it to our team.",
        looks_at="the mails of a day to an address that nobody has confirmed",
        facts=lambda case: {"mail_spent": case.mail_spent},
        test=_test_mail_left,
        next_step=NextStep.SILENT,
        allows=True,
    ),
)


def reasons() -> dict[str, Words]:
    """Every reason that a decision can carry: the gates in their order, then those beside them."""
    ours = (Words(gate.reason, gate.failed, gate.customer) for gate in GATES)
    return {words.reason: words for words in (*ours, *BESIDE_THE_GATES)}


#: Counts the changes of the order of :data:`GATES`, so that stored decisions replay in the order of their time.
ORDER: Final = 2


def in_order(order: int = ORDER) -> Sequence[Gate]:
    """The gates as they stood: in the first order the mode came before the answer."""
    if order >= ORDER:
        return GATES
    mode = next(gate for gate in GATES if gate.reason == "mode_not_auto")
    rest = [gate for gate in GATES if gate is not mode]
    place = next(at for at, gate in enumerate(rest) if gate.reason == "no_answer")
    return [*rest[:place], mode, *rest[place:]]


def failures(case: Case, order: int = ORDER) -> Iterator[tuple[Gate, Failure]]:
    """Each gate that does not let the case through, in the order of deciding; every gate is asked."""
    for gate in in_order(order):
        failure = gate.judge(case)
        if failure is not None:
            yield gate, failure


#: Topics of never-automate rules that are as urgent as what the stance model takes for grave.
URGENT_TOPICS: Final = frozenset({"self_harm", "threat", "safety", "death", "illness"})


def next_step(decided: Decision) -> NextStep:
    """What follows a decision: what the gate says that decided; what is urgent is so wherever it shows."""
    stopped = {gate.reason: gate.next_step for gate in GATES if gate.reason in decided.failed}
    guard = decided.assessment.guard
    grave = NextStep.URGENT in stopped.values() or (guard is not None and guard.topic in URGENT_TOPICS)
    if decided.reason != ENGINE_FAILED.reason and grave:
        return NextStep.URGENT
    return stopped.get(decided.reason, NextStep.NONE)


def would_send(failed: Sequence[tuple[Gate, Failure]]) -> bool:
    """Whether only the house's permission is missing: every gate that judges the ticket let it through.

    A gate whose test broke down counts as failed, also where it is about permission.
    """
    return all(gate.allows and not failure.reason for gate, failure in failed)


def facts(case: Case) -> dict[str, Any]:
    """What the gates look at and no column of a decision holds, as it is kept with the decision."""
    return {name: value for gate in GATES for name, value in gate.facts(case).items()}


def as_markdown() -> str:
    """The gates as the table of the documents."""
    rows = (f"| {place} | `{g.reason}` | {g.passed} | {g.looks_at} |" for place, g in enumerate(GATES, 1))
    return "\n".join(["| # | Reason | What must hold | Looks at |", "| - | - | - | - |", *rows])


def steps_as_markdown() -> str:
    """What follows where a gate stops a ticket, as the table of the documents."""
    rows = [f"| `{gate.reason}` | {gate.next_step.words} |" for gate in GATES if gate.next_step]
    return "\n".join(
        ["| Reason | What follows |", "| - | - |", *rows, f"| any other | {NextStep.NONE.words} |"]
    )


def is_probability(value: float) -> bool:
    return 0.0 <= value <= 1.0  # NaN compares false


def base_language(tag: str) -> str:
    return tag.strip().lower().replace("_", "-").partition("-")[0]


def percent(value: float) -> str:
    """Round down, so that 74.99 % never reads as the 75 % it did not reach."""
    return f"{math.floor(value * 1000) / 10:g} %"
