"""Tickets that nobody could answer come together by meaning, and one step makes an intent of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.models import Ticket
from triage.core.similar.grouping import group
from triage.learning import unanswered
from triage.models import Answer, Example, Intent, Mode
from triage.oversight.versions import PolicyVersion

Web = Callable[..., Client]
PARKING = (
    "Can I get a parking permit for visitors?",
    "How do I order a visitor parking permit?",
    "We need a parking permit for two visitors",
    "Parking permit for my visitors please, Gus",
)
CANTEEN = ("When does the canteen open?", "Canteen opening hours on Friday?", "Is the canteen open today?")


@pytest.fixture
def asked(engine: FakeEngine, refund_intent: Intent, submit: Callable[..., Ticket]) -> list[Ticket]:
    engine.says(None, 0.1, in_scope=False)
    return [
        submit(subject="Question", body=body, guest_email=f"q{at}@example.com", guest_name="Gus Guest")
        for at, body in enumerate((*PARKING, *CANTEEN, "My chair squeaks"))
    ]


def test_groups_come_by_meaning_the_largest_first(asked: list[Ticket], agent: User) -> None:
    asked[1].reply("Gus, order it at the desk.", author=agent)
    parking, canteen = unanswered.groups()
    assert {one.ticket for one in parking.tickets} == {ticket.pk for ticket in asked[:4]}
    assert {one.ticket for one in canteen.tickets} == {ticket.pk for ticket in asked[4:7]}
    assert "parking" in parking.title and "canteen" in canteen.title
    assert parking.replies == [", order it at the desk."]
    assert not any("Gus" in one.text for one in parking.tickets)


def test_what_was_named_or_answered_is_no_gap(
    asked: list[Ticket], refund_intent: Intent, agent: User
) -> None:
    for ticket in asked[:4]:
        ticket.decisions.get().correct(refund_intent, by=agent)
    assert [one.count for one in unanswered.groups()] == [3]


def test_one_step_makes_an_intent_that_sends_nothing(
    web: Web, supervisor: User, asked: list[Ticket], agent: User
) -> None:
    asked[0].reply("Order it at the desk, room {12}.", author=agent)
    key = unanswered.groups()[0].key
    client, address = web(supervisor), reverse("triage-unanswered")
    assert "Make this an intent" in client.get(address).content.decode()
    client.post(address, {"key": key, "title": "Parking for visitors"})
    intent = Intent.objects.get(slug="parking_for_visitors")
    assert intent.mode == Mode.SHADOW
    assert Example.objects.filter(intent=intent, is_active=True).count() == 4
    draft = Answer.objects.get(intent=intent)
    assert (draft.state, draft.body, draft.drafted_by) == (
        "draft",
        "Order it at the desk, room (12).",
        supervisor,
    )
    assert PolicyVersion.objects.order_by("-id")[0].action == "intent"
    assert [one.count for one in unanswered.groups()] == [3]
    again = client.post(address, {"key": key, "title": "Parking for visitors"}).content.decode()
    assert "There is an intent" in again
    assert "grouped otherwise" in client.post(address, {"key": key, "title": "Parking"}).content.decode()
    assert Intent.objects.filter(slug="parking").count() == 0


def test_an_empty_house_has_no_groups(web: Web, supervisor: User) -> None:
    assert (
        "ask the same without an answer" in web(supervisor).get(reverse("triage-unanswered")).content.decode()
    )


def test_grouping_needs_words_and_gives_the_same_each_time() -> None:
    texts = [*PARKING, *CANTEEN, "", "!!!"]
    assert group(texts) == group(texts)
    assert [set(one.members) for one in group(texts, least=3)] == [{0, 1, 2, 3}, {4, 5, 6}]
    assert group(["", "!"]) == [] == group(["alone"])
    with pytest.raises(ValueError, match="At most"):
        group(["x"] * 3_001)
