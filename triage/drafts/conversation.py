"""The sentences of a conversation, for a summary: the model chooses among them, each leads to its message."""

from __future__ import annotations

import re
from typing import Final

from tickets.models import Message, Ticket
from triage.core.reading.focus import sentences
from triage.core.reading.text import clean
from triage.drafts.masking import ADDRESSES
from triage.drafts.spans import Span

MOST_MESSAGES: Final = 60  # the latest, and the first
MOST_SENTENCES: Final = 120
LONGEST: Final = 300  # signs of one sentence
FEWEST_MESSAGES: Final = 2
WHO: Final = {
    Message.Sender.REQUESTER: "Customer",
    Message.Sender.AGENT: "Team",
    Message.Sender.MACHINE: "Automatic answer",
}


def for_summary(ticket: Ticket) -> dict[str, Span]:
    """Id → sentence, oldest first; empty where the conversation is short. Notes of the team are left out."""
    public = ticket.messages.filter(kind=Message.Kind.REPLY).order_by("-id")
    rows = list(public.values_list("pk", "sender", "body")[:MOST_MESSAGES])[::-1]
    first = public.values_list("pk", "sender", "body").last()
    if first is not None and rows and rows[0] != first:
        rows.insert(0, first)
    if len(rows) < FEWEST_MESSAGES:
        return {}
    found = [
        Span(sentence, "message", WHO[Message.Sender(sender)], message)
        for message, sender, body in rows
        for sentence in _sentences(body)
    ]
    share = found[:20] + found[20:][-(MOST_SENTENCES - 20) :]
    return {f"S{number}": span for number, span in enumerate(share, start=1)}


def _sentences(body: str) -> list[str]:
    """Quoted lines are left out; links are named and not shown."""
    own = "\n".join(line for line in clean(body).split("\n") if not line.lstrip().startswith(">"))
    for pattern in ADDRESSES:
        own = pattern.sub("[address]", own)
    whole = (re.sub(r"\s+", " ", sentence) for sentence in sentences(own))
    return [sentence if len(sentence) <= LONGEST else sentence[: LONGEST - 1] + "…" for sentence in whole]
