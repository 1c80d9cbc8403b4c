"""A correction teaches nothing until a supervisor has read it, and nobody teaches an intent alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from triage.models import Decision, Example, Intent, fingerprint
from triage.oversight.candidates import leave_out, take_in

Shadowed = Callable[..., Decision]


@pytest.fixture
def corrected(shadowed: Shadowed, agent: User) -> Callable[..., Example]:
    sent = iter(range(1_000))

    def make(intent: Intent | None = None) -> Example:
        at = next(sent)
        words = [
            "alpha",
            "bravo",
            "charlie",
            "delta",
            "echo",
            "foxtrot",
            "golf",
            "hotel",
            "india",
            "juliet",
            "kilo",
            "lima",
        ]
        decision = shadowed(
            subject="",
            body=f"Dear Sirs,\n\nwhen does my {words[at]} refund for order 4711-{at} arrive?\n\nKind regards\nGus Guest",
            guest_email=f"c{at}@example.com",
        )
        decision.correct(intent, by=agent)
        return Example.objects.latest("pk")

    return make


def test_a_correction_is_a_candidate_and_trains_nothing(
    corrected: Callable[..., Example], refund_intent: Intent, agent: User
) -> None:
    example = corrected(refund_intent)
    assert example.is_candidate
    assert (example.intent, example.proposed_by, example.is_active) == (refund_intent, agent, False)
    assert not Example.objects.all().for_training().exists()
    for word in ("Dear", "4711", "Gus", "regards"):
        assert word.lower() not in example.text.lower()
    assert "refund" in example.text


def test_what_is_an_example_already_stays_as_it_is(
    corrected: Callable[..., Example], refund_intent: Intent, agent: User
) -> None:
    example = corrected(refund_intent)
    take_in(Example.objects.all())
    ticket = example.ticket
    assert ticket is not None
    ticket.decisions.get().correct(None, by=agent)
    example.refresh_from_db()
    assert (example.intent, example.is_active) == (refund_intent, True)


def test_the_most_surprising_stands_first(
    web: Callable[..., Client], supervisor: User, corrected: Callable[..., Example], refund_intent: Intent
) -> None:
    confirmed, surprising = corrected(refund_intent), corrected(None)
    assert surprising.teaches > 0.9 > 0.1 > confirmed.teaches
    listed = web(supervisor).get("/admin/triage/example/?review=waiting").context["cl"].result_list
    assert list(listed) == [surprising, confirmed]


def test_nobody_teaches_an_intent_alone(
    web: Callable[..., Client], supervisor: User, corrected: Callable[..., Example], refund_intent: Intent
) -> None:
    made = [corrected(refund_intent) for _ in range(7)]
    page = web(supervisor).post(
        "/admin/triage/example/?review=waiting",
        {"action": "take_in", "_selected_action": [one.pk for one in made]},
        follow=True,
    )
    assert "5 examples will be trained on" in page.content.decode()
    assert "2 were left waiting" in page.content.decode()
    assert Example.objects.filter(is_active=True).count() == 5
    Example.objects.bulk_create(
        [Example(text=f"t{at}", intent=refund_intent, fingerprint=fingerprint(f"t{at}")) for at in range(40)]
    )
    assert take_in(Example.objects.all().candidates()) == (2, 0)


def test_what_is_left_does_not_come_back(corrected: Callable[..., Example], agent: User) -> None:
    example = corrected(None)
    assert leave_out(Example.objects.filter(pk=example.pk)) == 1
    example.refresh_from_db()
    assert (example.is_active, example.is_candidate) == (False, False)
    assert example.ticket is not None
    example.ticket.decisions.get().correct(None, by=agent)
    example.refresh_from_db()
    assert not example.is_candidate
