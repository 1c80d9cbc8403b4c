"""What a gate is: one record of all that is said, kept and done of it. The gates themselves are in ``gates``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from triage.core.types import Action, Assessment, IntentPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything the gates look at, gathered once.

    ``threshold`` is the confidence that the intent needs; ``language`` a base tag such as "en"; ``spoken`` how far
    the transcript of a recording is to be trusted, None where nothing was spoken.
    """

    assessment: Assessment
    policy: IntentPolicy | None
    threshold: float
    language: str
    min_margin: float
    is_open: bool = True
    human_requested: bool = False
    withdrawn: bool = False
    sent_before: bool = False
    stopped: bool = False
    machine_sent: bool = False
    mail_spent: bool = False
    spoken: float | None = None


class NextStep(StrEnum):
    """What follows for a ticket that a gate stops, beside that a person reads it."""

    NONE = ""
    URGENT = "urgent"
    QUARANTINE = "quarantine"
    SILENT = "silent"

    @property
    def words(self) -> str:
        return _STEP_WORDS[self]


_STEP_WORDS: Final = {
    NextStep.NONE: "It waits in the queue, and its requester is told so.",
    NextStep.URGENT: "It is urgent: on top of the queue, and every agent gets a mail.",
    NextStep.QUARANTINE: "It goes into quarantine, and nobody is told.",
    NextStep.SILENT: "It waits in the queue, and its requester is not told.",
}


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
    next_step
        What follows where it fails.
    allows
        It says whether the house allows automatic answers, nothing about the ticket: an answer that only such gates
        hold back would have been sent.
    """

    reason: str
    passed: str
    failed: str
    customer: str
    looks_at: str
    facts: Callable[[Case], Mapping[str, Any]]
    test: Callable[[Case], Failure | None]
    next_step: NextStep = NextStep.NONE
    allows: bool = False

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
_MACHINE_FAILED = "We’ve passed this to our team."
NO_MODEL = Words("no_model", "No trained model and no rule was available", _MACHINE_FAILED)
ENGINE_FAILED = Words("engine_failed", "The automatic assessment failed", _MACHINE_FAILED)
ENGINE_SLOW = Words("engine_slow", "The automatic assessment took too long", _MACHINE_FAILED)


def no_facts(case: Case) -> Mapping[str, Any]:
    return {}
