"""What people made of similar tickets can lower a confidence, never raise it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.core.deciding.outcomes import MOST_CONTRADICTED, NEAR, SAME, weigh_outcomes
from triage.core.types import SimilarTicket

confidences = st.floats(0, 1)
similar_tickets = st.lists(
    st.builds(
        SimilarTicket,
        id=st.integers(1, 50),
        similarity=st.floats(0, 1),
        intent=st.sampled_from(["refund", "login", None]),
        confirmed=st.booleans(),
    ),
    max_size=8,
)
agreeing = st.builds(SimilarTicket, st.just(99), st.floats(0, 1), st.just("refund"), st.booleans())
opposed = st.builds(
    SimilarTicket, st.just(98), st.floats(0, 1), st.sampled_from(["login", None]), st.booleans()
)


def after(confidence: float, *similar: SimilarTicket) -> float:
    return weigh_outcomes(confidence, "refund", similar).confidence


def against(similarity: float, intent: str | None = "login") -> SimilarTicket:
    return SimilarTicket(1, similarity, intent, confirmed=True)


@given(confidences, similar_tickets)
def test_the_confidence_stays_a_probability_and_is_never_raised(
    confidence: float, similar: list[SimilarTicket]
) -> None:
    assert 0 <= after(confidence, *similar) <= confidence


@given(confidences, similar_tickets, agreeing)
def test_one_more_agreeing_ticket_never_lowers(
    confidence: float, similar: list[SimilarTicket], more: SimilarTicket
) -> None:
    assert after(confidence, *similar, more) >= after(confidence, *similar)


@given(confidences, similar_tickets, opposed)
def test_one_more_disagreeing_ticket_never_raises(
    confidence: float, similar: list[SimilarTicket], more: SimilarTicket
) -> None:
    assert after(confidence, *similar, more) <= after(confidence, *similar)


@given(st.tuples(confidences, confidences).map(sorted), similar_tickets)
def test_the_surer_of_two_beliefs_stays_the_surer(pair: list[float], similar: list[SimilarTicket]) -> None:
    assert after(pair[0], *similar) <= after(pair[1], *similar)


@given(confidences, similar_tickets)
def test_what_was_heard_alone_gives_the_same(confidence: float, similar: list[SimilarTicket]) -> None:
    weighed = weigh_outcomes(confidence, "refund", similar)
    assert weigh_outcomes(confidence, "refund", weighed.heard) == weighed


def test_without_similar_tickets_nothing_changes() -> None:
    weighed = weigh_outcomes(0.9, "refund", ())
    assert (weighed.confidence, weighed.heard, weighed.objection) == (0.9, (), None)


@pytest.mark.parametrize("intent", ["login", None])
def test_nearly_the_same_words_with_another_outcome_bring_a_likely_answer_below_the_limit(
    intent: str | None,
) -> None:
    weighed = weigh_outcomes(0.9, "refund", [against(0.9, intent)])
    assert weighed.confidence == pytest.approx(0.689, abs=0.001)
    assert weighed.objection is not None
    assert (weighed.objection.id, weighed.objection.intent, weighed.objection.before) == (1, intent, 0.9)


@pytest.mark.parametrize("believed", [0.76, 0.99, 1.0])
def test_what_a_person_corrected_is_not_answered_the_same_way_again(believed: float) -> None:
    assert after(believed, against(SAME)) <= MOST_CONTRADICTED


def test_an_equally_near_ticket_that_agrees_stands_up_for_the_belief() -> None:
    weighed = weigh_outcomes(0.9, "refund", [against(0.8), SimilarTicket(2, 0.8, "refund", confirmed=True)])
    assert (weighed.confidence, weighed.objection) == (0.9, None)


def test_a_far_ticket_and_one_that_nobody_confirmed_are_not_heard() -> None:
    assert after(0.9, against(NEAR), SimilarTicket(2, 1.0, "login")) == 0.9


def test_a_confidence_too_small_to_be_lowered_becomes_nothing() -> None:
    assert after(5e-324, against(1.0)) == 0


def test_no_intent_leaves_nothing_to_lower() -> None:
    assert weigh_outcomes(0.0, None, [against(1.0)]).objection is None
