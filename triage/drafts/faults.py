"""Why there is no draft, and what the agent is told. Whatever happens, the plain suggestion stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tickets.errors import TicketError


class Fault(Exception):
    """The model gave nothing that can be used. ``code`` is one of WORDS; ``answer`` is what came, as far as it did."""

    def __init__(self, code: str, answer: str = "", tokens: int | None = None) -> None:
        super().__init__(code)
        self.code, self.answer, self.tokens = code, answer, tokens


class NotNow(TicketError):
    """Nothing was asked, for a reason that the agent is told."""

    code = "no_draft"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(WORDS[reason])


#: Faults of the model's server: after some in a row it is left alone for a while.
OUTAGES: Final = frozenset(
    {"unreachable", "timeout", "busy", "refused", "broken", "garbage", "too_big", "cut", "late"}
)
WORDS: Final[Mapping[str, str]] = {
    "off": "No language model is set up (LLM_URL).",
    "nothing": "There is no approved text that this ticket could be answered with.",
    "empty": "There is nothing to translate. Write the reply first.",
    "same_language": "The customer writes the language of your reply.",
    "unknown_language": "It is not known which language the customer reads.",
    "long": "It is too long for the model.",
    "short": "The conversation is too short to need a summary.",
    "budget": "Today’s budget of tokens is used up (LLM_DAILY_TOKENS).",
    "resting": "The language model has failed several times in a row. It is left alone for a minute.",
    "address": "The model’s address (LLM_URL) is not one to send to. Name a private host in LLM_INTERNAL_HOSTS.",
    "unreachable": "The language model cannot be reached.",
    "timeout": "The language model took too long.",
    "late": "Nobody has written it in time. Is a worker running?",
    "busy": "The language model is busy. Try again in a minute.",
    "refused": "The language model’s server refused the question.",
    "broken": "The language model’s server failed.",
    "garbage": "The language model’s answer cannot be read.",
    "too_big": "The language model’s answer is far too long.",
    "cut": "The language model’s answer stops half-way.",
    "no_source": "Nothing that the language model wrote has a source. All of it was struck.",
    "failed": "It could not be written.",
}
