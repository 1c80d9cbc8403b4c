"""After an erasure triage holds none of a requester's words, and the figures stay."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.models import Ticket
from triage.core.stance.taught import SHOWN, as_shown
from triage.core.types import Stance, StanceFound, Term
from triage.models import Decision, Example, Intent
from triage.running.erasing import erase_texts

pytestmark = pytest.mark.django_db
Submit = Callable[..., Ticket]
SECRET = "Zanzibar"


@pytest.fixture
def ticket(submit: Submit, engine: FakeEngine, refund_intent: Intent) -> Ticket:
    """One whose decision keeps the requester's words wherever a decision can."""
    engine.says(
        refund_intent.slug,
        0.9,
        questions=(f"where is {SECRET}", "and my invoice"),
        several_questions=True,
        asked=("track_refund", "get_invoice"),
        terms=(Term(SECRET, 1.0),),
        stance=StanceFound(Stance.NOT_ASKED, 0.4, terms=(Term(SECRET, 0.5),), nearest=f"no {SECRET}"),
    )
    return submit(body=f"Where is {SECRET}? And my invoice?", guest_name=SECRET)


def test_no_word_is_left_in_a_decision(ticket: Ticket) -> None:
    before = Decision.objects.get(ticket=ticket)
    assert SECRET in str(before.basis["asked"])
    assert SECRET in str(before.basis["stance"]["nearest"])
    assert SECRET in str(before.terms)
    assert SECRET in before.response
    assert erase_texts(Ticket.objects.filter(pk=ticket.pk)) == 1
    after = Decision.objects.filter(ticket=ticket).values().get()
    assert SECRET not in str(after)
    assert before.basis["text"] not in str(after)
    for kept in ("intent_slug", "confidence", "reason", "action", "margin", "created_at"):
        assert after[kept] == getattr(before, kept)
    assert after["basis"]["failed"] == before.basis["failed"]
    assert after["basis"]["stance"]["kind"] == "not_asked"


def test_others_decisions_are_left_alone(ticket: Ticket, submit: Submit) -> None:
    other = submit(guest_email="other@example.com", body=f"{SECRET} again")
    erase_texts(Ticket.objects.filter(pk=ticket.pk))
    assert SECRET in str(Decision.objects.filter(ticket=other).values().get())


def test_examples_made_of_it_go_and_are_shown_as_nearest_nowhere(
    ticket: Ticket, submit: Submit, engine: FakeEngine, supervisor: User, refund_intent: Intent
) -> None:
    Decision.objects.get(ticket=ticket).correct(refund_intent, by=supervisor)
    made = Example.objects.get(ticket=ticket)
    long = f"{SECRET}\nis where I live. " * 30
    Example.objects.filter(pk=made.pk).update(text=long)
    assert len(as_shown(long)) == SHOWN
    engine.says(None, 0.2, stance=StanceFound(Stance.SETTLED, 0.4, nearest=as_shown(long)))
    other = submit(guest_email="other@example.com", body="Thank you")
    kept = Example.objects.create(text="my own words", intent=refund_intent)
    erase_texts(Ticket.objects.filter(pk=ticket.pk))
    assert list(Example.objects.all()) == [kept]
    assert SECRET not in str(Decision.objects.filter(ticket=other).values().get())
