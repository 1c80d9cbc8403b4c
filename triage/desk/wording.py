"""Plain words for the short codes that tickets and decisions carry."""

from __future__ import annotations

from tickets.channels.email.spam import LOOKS_LIKE_SPAM
from triage.core.deciding import gates

MARKED_SPAM = "marked_spam"

# Why a ticket came to the team without a gate of triage having said so.
TICKET_REASONS = {
    "asked_for_person": "The requester asks for a person",
    "assigned": "An agent took it",
    "requester_replied": "The requester wrote again",
    "not_solved": "The requester says it is not solved",
    "reopened": "Reopened by an agent",
    "merged": "The requester wrote again in a ticket that was merged into it",
    "unmerged": "An agent took its merge back",
    MARKED_SPAM: "An agent took it for spam",
    LOOKS_LIKE_SPAM: "It looks like spam",
    "not_spam": "An agent says that it is not spam",
    "recalled": "An agent took the automatic answer back",
}

# Parts of what comes in, by the codes that triage/oversight/incoming.py counts them under.
SCOPE_WORDS = {
    "known": "an intent of ours",
    "unknown": "no known intent",
    "out_of_scope": "unlike anything we answer",
}
LENGTH_WORDS = {
    "50": "up to 50 characters",
    "150": "51 to 150 characters",
    "500": "151 to 500 characters",
    "1500": "501 to 1,500 characters",
    "5000": "1,501 to 5,000 characters",
    "more": "longer",
}


def gate_words() -> dict[str, str]:
    """Every reason that triage gives: code → clause for staff."""
    return {code: words.staff for code, words in gates.reasons().items()}


def reason_words() -> dict[str, str]:
    """Every reason that a ticket can carry: code → clause for staff."""
    return gate_words() | TICKET_REASONS


def reason_text(code: str) -> str:
    """The reason as a clause for staff; an unknown code is shown as it is."""
    return reason_words().get(code, code.replace("_", " ").capitalize())


def duration(seconds: float | None) -> str:
    """A span in its two largest units: ``2 d 4 h``, ``35 min``."""
    if seconds is None:
        return "–"
    minutes = int(seconds // 60)
    if minutes < 1:
        return "under 1 min"
    days, rest = divmod(minutes, 24 * 60)
    hours, left = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (left, "min")]
    first = next(at for at, (amount, _) in enumerate(parts) if amount)
    return " ".join(f"{amount} {unit}" for amount, unit in parts[first : first + 2] if amount)
