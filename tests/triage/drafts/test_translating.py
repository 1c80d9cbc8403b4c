"""A translation stands beside the agent's own words; a line that adds a figure or a link, or is no translation, is struck."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.models import User
from tests.conftest import FakeEngine
from tests.triage.drafts import scene
from tests.triage.drafts.conftest import Model
from tickets.models import Ticket
from triage.drafts import asking, letters
from triage.drafts.faults import NotNow
from triage.drafts.models import Proposal
from triage.models import Decision

pytestmark = pytest.mark.django_db
REPLY = (
    "Your order AB-48213 has been sent back to us today.\nYou get the money in 5 days.\n> Wo ist mein Geld?"
)
GERMAN = {
    "L1": "Ihre Bestellung [NUMBER-1] ist heute wieder bei uns angekommen.",
    "L2": "Sie erhalten das Geld in 5 Tagen.",
}


@pytest.fixture
def ticket(submit: Any, engine: FakeEngine) -> Ticket:
    sent = scene.ticket(submit, engine, body="Wo ist mein Geld? Bitte helfen Sie mir schnell.")
    Decision.objects.update(language="de")
    return sent


def translated(ticket: Ticket, agent: User, model: Model, write: Any, said: dict[str, Any]) -> Proposal:
    model.says = lambda given: json.dumps(said)
    asking.ask_for_translation(ticket, agent, REPLY)
    write()
    return Proposal.objects.get()


def test_each_line_stands_beside_its_original(ticket: Ticket, agent: User, model: Model, write: Any) -> None:
    found = translated(ticket, agent, model, write, GERMAN)
    assert letters.translated(found.parts) == (
        "Ihre Bestellung AB-48213 ist heute wieder bei uns angekommen.\nSie erhalten das Geld in 5 Tagen.\n> Wo ist mein Geld?"
    )
    assert [part["source"] for part in found.parts] == REPLY.split("\n")


def test_the_model_reads_the_reply_masked_and_nothing_of_the_ticket(
    ticket: Ticket, agent: User, model: Model, write: Any
) -> None:
    translated(ticket, agent, model, write, GERMAN)
    assert model.given == {"lines": {
        "L1": "Your order [NUMBER-1] has been sent back to us today.", "L2": "You get the money in 5 days.",
    }}  # fmt: skip
    assert "Geld" not in json.dumps(model.asked)


@pytest.mark.parametrize(
    "said",
    [
        "Sie erhalten das Geld in 3 Tagen.",
        "Sie erhalten das Geld in 5 Tagen und 20 Euro dazu.",
        "Sie erhalten das Geld in 5 Tagen: http://evil.example",
        "Sie erhalten das Geld in 5 Tagen, siehe evil.example/x",
        "Schreiben Sie in 5 Tagen an a@evil.example",
        "Sie erhalten das Geld in 5 Tagen. [NUMBER-1]",
        "Within 5 days all of the money will be on your account again, as we promised you.",
        "5",
        "Sie erhalten das Geld in 5 Tagen. " * 5,
        "Sie erhalten\ndas Geld in 5 Tagen.",
        "",
        None,
        ["Sie erhalten das Geld in 5 Tagen."],
    ],
)
def test_a_line_that_cannot_be_relied_on_stays_in_the_agent_s_words(
    ticket: Ticket, agent: User, model: Model, write: Any, said: Any
) -> None:
    found = translated(ticket, agent, model, write, {**GERMAN, "L2": said})
    assert found.struck == 1
    assert found.parts[1]["struck"]
    assert found.parts[1]["text"] == "You get the money in 5 days."


def test_if_no_line_can_be_relied_on_there_is_none(
    ticket: Ticket, agent: User, model: Model, write: Any
) -> None:
    assert translated(ticket, agent, model, write, {"text": "Alles gut"}).failure == "no_source"


@pytest.mark.parametrize(
    ("reply", "language", "reason"),
    [
        (" ", "de", "empty"),
        ("Ihre Bestellung ist heute wieder bei uns angekommen.", "de", "same_language"),
        ("Your order has been sent back to us today.", "", "unknown_language"),
        ("Your order is back. " * 500, "de", "long"),
    ],
)
def test_what_needs_none_is_not_asked(
    ticket: Ticket, agent: User, model: Model, reply: str, language: str, reason: str
) -> None:
    Decision.objects.update(language=language)
    with pytest.raises(NotNow) as caught:
        asking.ask_for_translation(ticket, agent, reply)
    assert caught.value.reason == reason
