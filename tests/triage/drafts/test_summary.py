"""A summary is sentences of the conversation, each leading to its message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.models import User
from tests.conftest import FakeEngine
from tests.triage.drafts import scene
from tests.triage.drafts.conftest import Model
from tickets.models import Message, Ticket
from triage.drafts import asking, conversation
from triage.drafts.faults import NotNow
from triage.drafts.models import Proposal

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(submit: Any, engine: FakeEngine, agent: User) -> Ticket:
    sent = scene.ticket(submit, engine, body="The kettle leaks. See http://pictures.example/1 for it.")
    sent.reply("Does it leak at the lid?", author=agent)
    sent.note("They complain a lot.", author=agent)
    sent.reply("No, at the bottom.\n> Does it leak at the lid?\nPlease send another one.", author=None)
    return sent


def test_lines_come_in_the_order_of_the_conversation_and_lead_to_their_messages(
    ticket: Ticket, agent: User, model: Model, write: Any
) -> None:
    model.says = lambda given: json.dumps({"use": list(reversed(given["sentences"]))})
    asking.ask_for_summary(ticket, agent)
    write()
    parts = Proposal.objects.get().parts
    assert [(part["source"], part["text"]) for part in parts] == [
        ("Customer", "The kettle leaks."),
        ("Customer", "See [address] for it."),
        ("Team", "Does it leak at the lid?"),
        ("Customer", "No, at the bottom."),
        ("Customer", "Please send another one."),
    ]
    bodies = dict(Message.objects.values_list("pk", "body"))
    assert all(part["text"] in bodies[part["message"]] for part in parts if "[address]" not in part["text"])


def test_a_short_conversation_needs_none(submit: Any, engine: FakeEngine, agent: User, model: Model) -> None:
    with pytest.raises(NotNow, match="too short"):
        asking.ask_for_summary(scene.ticket(submit, engine), agent)


def test_a_long_one_is_read_from_its_beginning_and_its_end(ticket: Ticket, agent: User) -> None:
    Message.objects.bulk_create(
        Message(ticket=ticket, kind="reply", sender="requester", body=f"Word number {number}. And more.")
        for number in range(200)
    )
    found = list(conversation.for_summary(ticket).values())
    assert found[0].text == "The kettle leaks."
    assert found[-2].text == "Word number 199."
    assert len(found) == conversation.MOST_SENTENCES
