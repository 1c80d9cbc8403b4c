"""Rules, model and index together on one ticket."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.triage.core.shop import shop_examples
from triage.core.deciding.rules import RuleBook
from triage.core.engine import Engine
from triage.core.learning.model import Model
from triage.core.similar.similarity import TicketIndex
from triage.core.types import PERSON_TOPIC, Example, Guard, ResolvedTicket, Rule, Source

RULES = RuleBook(
    [Rule("gift_card", "gift card*|voucher*", 0.9), Rule("refund", "refund*", 0.8)],
    [Guard(PERSON_TOPIC, "human|person"), Guard("legal", "lawyer*")],
)


@pytest.fixture(scope="module")
def engine() -> Engine:
    model = Model.fit([*shop_examples(), Example("do you sell gift cards", "gift_card")])
    index = TicketIndex.empty()
    index.add(ResolvedTicket(7, "please refund my lamp", "refund"))
    return Engine(RULES, model, index)


def test_rules_answer_before_anything_is_trained() -> None:
    found = Engine(RULES).assess("", "can you refund this")
    assert (found.intent, found.source) == ("refund", Source.RULES)


def test_nothing_known_means_no_intent() -> None:
    found = Engine(RULES).assess("", "what a lovely morning")
    assert (found.intent, found.confidence, found.in_scope) == (None, 0.0, False)


def test_the_model_answers_first(engine: Engine) -> None:
    found = engine.assess("", "please refund the lamp")
    assert (found.intent, found.source) == ("refund", Source.MODEL)


def test_rules_serve_an_intent_the_model_could_not_learn(engine: Engine) -> None:
    found = engine.assess("", "do you offer gift cards or a voucher")
    assert (found.intent, found.source) == ("gift_card", Source.RULES)


def test_a_guard_is_reported(engine: Engine) -> None:
    assert engine.assess("", "refund me or my lawyer writes to you").guard is not None
    assert engine.assess("", "let me talk to a human about my refund").asked_for_person


def test_similar_tickets_are_found(engine: Engine) -> None:
    assert [t.id for t in engine.assess("", "refund my lamp please").similar] == [7]


def with_outcome(intent: str | None, *, text: str, older: int = 0) -> Engine:
    """An engine with one ticket that a person settled, behind ``older`` nearer ones that nobody confirmed."""
    index = TicketIndex.empty()
    index.add(ResolvedTicket(1, text, intent, confirmed=True))
    for number in range(older):
        index.add(ResolvedTicket(10 + number, "please refund the lamp", "refund"))
    return Engine(RULES, None, index)


@pytest.mark.parametrize("older", [0, 20])
def test_a_similar_ticket_that_ended_otherwise_lowers_the_confidence_and_says_so(older: int) -> None:
    text = "please refund the lamp today"
    found = with_outcome("warranty", text=text, older=older).assess("", "please refund the lamp")
    alone = Engine(RULES).assess("", "please refund the lamp")
    assert found.objection is not None
    assert (found.objection.id, found.objection.intent) == (1, "warranty")
    assert found.confidence < found.objection.before == alone.confidence
    assert 1 in {ticket.id for ticket in found.similar}
    assert found.runner_up_confidence <= found.confidence
    assert found.margin == found.confidence - found.runner_up_confidence


def test_a_similar_ticket_that_agrees_changes_nothing() -> None:
    found = with_outcome("refund", text="please refund the lamp").assess("", "please refund the lamp")
    assert (found.confidence, found.objection) == (Engine(RULES).assess("", "refund").confidence, None)


def test_the_margin_is_the_lead_over_the_runner_up(engine: Engine) -> None:
    found = engine.assess("", "where is my order")
    assert found.margin == pytest.approx(found.confidence - found.runner_up_confidence)


@given(st.text(max_size=300), st.text(max_size=600))
@settings(deadline=None, max_examples=60)
def test_any_text_is_assessed(engine: Engine, subject: str, body: str) -> None:
    assert 0 <= engine.assess(subject, body).confidence <= 1


@pytest.mark.parametrize("body", ["", "\x00", "\ud800", "<b>", "a" * 300_000, "refund " * 50_000])
def test_hostile_text_is_assessed_and_not_answered(engine: Engine, body: str) -> None:
    found = engine.assess("", body)
    assert found.confidence < 0.75 or found.intent == "refund"


def test_many_tickets_are_assessed_as_each_alone(engine: Engine) -> None:
    tickets = [("", "where is my order"), ("Refund", "please")]
    assert engine.assess_many(tickets) == [engine.assess(*ticket) for ticket in tickets]
