"""What each figure means, in one place: the page, the CSV and the API's reader get the same words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from triage.desk.wording import reason_text
from triage.instruments.figures import spans
from triage.models import Action


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure by its code: what it is called, and what is counted on which day."""

    code: str
    title: str
    words: str
    is_span: bool = False


ALL: Final = (
    Figure("created", "New tickets", "Tickets that came in, on the day they came. Imported ones and those in quarantine are left out."),
    Figure("decided", "Decided", "What triage made of tickets, on the day of the decision: answered automatically, suggested or handed to a person, and why. A decision that came after a person had acted does not count."),
    Figure("machine", "What became of automatic answers", "Automatic answers, on the day they were sent. Refuted: the ticket came back before it was closed, or the requester said “not solved” before a person replied. Confirmed: the requester said it is solved. Assumed: closed after silence."),
    Figure("human", "What became of people’s answers", "Tickets to which a person replied for the first time that day. Refuted: after that reply the ticket came back from “resolved”, or the requester said “not solved”. A question in between refutes nothing."),
    Figure("first_auto", "Automatic answer after", "From the arrival of a ticket to its automatic answer, on the day of the answer.", is_span=True),
    Figure("first_reply", "First human reply after", "From a ticket’s entry into the team’s queue (without one: its arrival) to the first reply of a person, on the day of the reply. The machine’s answers never count.", is_span=True),
    Figure("resolved_auto", "Settled by the machine after", "From arrival to the automatic answer of tickets that it settled: no person replied, and they did not come back. On the day of the answer.", is_span=True),
    Figure("resolved_human", "Settled by people after", "From arrival to the latest time it was settled, for tickets that a person answered or resolved and that are settled now.", is_span=True),
    Figure("feedback", "Satisfaction", "What requesters said last of their ticket, on the day they said it. Of the machine where no person had replied, else of the person who replied first. Imported ratings are left out."),
    Figure("corrected", "Corrected", "Decisions whose intent an agent named otherwise, on the day of the decision."),
    Figure("overdue", "Overdue", "Tickets whose promised reply or solution was late that day, of the agent in charge now."),
)  # fmt: skip

BY_CODE: Final = {figure.code: figure for figure in ALL}

_PARTS: Final = {
    "confirmed": "Confirmed by the customer",
    "assumed": "Assumed: closed after silence",
    "refuted": "Refuted: came back",
    "closed_by_agent": "Closed by an agent",
    "undecided": "Too early to tell",
}
_WHO: Final = {"machine": "of the machine", "human": "of a person", "nobody": "before any answer"}
_SOLVED: Final = {"yes": "solved", "no": "not solved", "": "no word on whether it is solved"}


def value_words(figure: str, value: str) -> str:
    """One part of a figure in words; a span as seconds."""
    if figure in BY_CODE and BY_CODE[figure].is_span:
        return f"about {spans.seconds_of(value):.0f} s" if value.isdecimal() else value
    first, _, rest = value.partition("|")
    if figure == "decided":
        return f"{Action(first).label}: {reason_text(rest).lower()}" if first in Action.values else value
    if figure in {"machine", "human"}:
        words = _PARTS.get(first, first)
        return f"{words} ({reason_text(rest).lower()})" if rest else words
    if figure == "feedback":
        said, _, stars = rest.partition("|")
        return f"{_SOLVED.get(said, said)}, {_WHO.get(first, first)}" + (f", {stars} of 5" if stars else "")
    return value
