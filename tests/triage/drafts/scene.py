"""A house with approved texts, and tickets about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.conftest import FakeEngine
from tickets.models import Ticket
from triage.models import Answer, Decision, Intent

LETTERS = {
    "track_refund": (
        "Where is my refund",
        "{greeting},\n\nRefunds take five working days once the parcel is back with us.\n\n"
        "You find the state of yours on the page of your order.\n\n{company}",
    ),
    "return_item": ("Send something back", "{greeting},\n\nReturns are free for 30 days.\n\nPrint the label first.\n\n{company}"),
}  # fmt: skip


def house() -> list[Intent]:
    intents = []
    for slug, (title, body) in LETTERS.items():
        intent = Intent.objects.create(slug=slug, title=title, mode="suggest")
        Answer.objects.create(intent=intent, body=body).approve(None)
        intents.append(intent)
    return intents


def ticket(submit: Any, engine: FakeEngine, *, replies: Sequence[str] = (), **facts: Any) -> Ticket:
    """One that waits for a person, with a suggestion for a refund, a runner-up, and the requester's ``replies``."""
    engine.says("track_refund", 0.7, runner_up="return_item", margin=0.3)
    sent: Ticket = submit(**facts)
    Decision.objects.filter(ticket=sent).update(
        language="en"
    )  # as if it had been asked in the house's language
    for body in replies:
        sent.reply(body, author=sent.requester)
    return sent
