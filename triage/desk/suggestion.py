"""What an agent is offered to send, and where nothing is offered: a wrong letter costs more than none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from accounts.models import User
from tickets.models import Ticket
from triage.answers.house import Fact
from triage.answers.variables import gaps_in
from triage.core.types import Stance
from triage.desk.voice import in_agents_voice
from triage.models import Answer, Decision, Intent, Mode, answer_in

#: A letter is offered from this confidence on. Of 234 escalated tickets that an earlier desk offered one for, the 46
#: below it, or out of scope, were the ones whose letter did not fit.
LEAST_CONFIDENCE: Final = 0.5
#: A settled ticket is shown as similar from this similarity on: the scale is the index's own, 1 is the same text.
LEAST_SIMILARITY: Final = 0.3
#: Reasons that speak against the letter itself. Others only ask for a person's eye: a limit, a mode, a repetition.
UNFIT: Final = frozenset(
    {"out_of_scope", "unknown_intent", "never_automate", *(stance.value for stance in Stance)}
    - {Stance.TWO_WISHES.value}
)


@dataclass(frozen=True)
class Suggestion:
    """A letter in the agent's voice, what it answers, and how sure triage is (None: an agent named the intent)."""

    text: str
    intent: str
    sure: float | None
    gaps: Sequence[Fact]


def suggest(
    ticket: Ticket, decision: Decision | None, agent: User, *, mode: Mode | None = None
) -> Suggestion | None:
    """The approved text for what the ticket is about, the agent's word before the machine's, where it deserves it.

    Not for a ticket that the machine has answered: its letter was no help there. ``mode`` is the intent's in the
    ticket's language, where it was read already.
    """
    if decision is None:
        return None
    intent = decision.final_intent
    if intent is None or (mode or intent.mode_in(decision.language)) == Mode.OFF:
        return None
    if decision.corrected_at is None and not deserves(decision):
        return None
    letter, language = _letter(ticket, decision, intent)
    if not letter:
        return None
    text = in_agents_voice(letter, agent, language)
    sure = decision.confidence if decision.corrected_at is None else None
    return Suggestion(text, str(intent), sure, gaps_in(text))


def deserves(decision: Decision) -> bool:
    return decision.confidence >= LEAST_CONFIDENCE and decision.reason not in UNFIT


def _letter(ticket: Ticket, decision: Decision, intent: Intent) -> tuple[str, str]:
    """The letter and its language; what was decided is kept with the decision, gaps may be filled since."""
    if not decision.corrected_at:
        if decision.answer and gaps_in(decision.response):
            return decision.answer.render(ticket), decision.answer.language
        return decision.response, decision.answer.language if decision.answer else decision.language
    approved = list(intent.answers.filter(state=Answer.State.APPROVED).order_by("language"))
    answer = answer_in(decision.language, approved) or next(iter(approved), None)
    return (answer.render(ticket), answer.language) if answer else ("", "")
