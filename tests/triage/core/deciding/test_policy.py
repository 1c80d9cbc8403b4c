"""The gates: their order, their edges, and that nothing ever gets past a broken value."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.core.deciding import gates
from triage.core.deciding.policy import HELD_BACK, decide, effective_threshold
from triage.core.types import (
    Action,
    Assessment,
    Decision,
    Guard,
    IntentPolicy,
    Mode,
    Objection,
    PolicyConfig,
)

SURE = Assessment(intent="refund", confidence=0.9, runner_up="order", runner_up_confidence=0.05, margin=0.85)
INTENTS = {"refund": IntentPolicy()}
CONFIG = PolicyConfig()


def decided(assessment: Assessment = SURE, **changes: object) -> Decision:
    options: dict = {"intents": INTENTS, "language": "en", "config": CONFIG, **changes}
    return decide(assessment, **options)


def test_a_sure_known_single_question_is_answered() -> None:
    decision = decided()
    assert (decision.action, decision.reason) == (Action.AUTO_RESOLVE, "confident")
    assert decision.threshold == 0.75
    assert decision.assessment is SURE


@pytest.mark.parametrize(
    ("confidence", "action"),
    [
        (0.7499, Action.ESCALATE),
        (math.nextafter(0.75, 0), Action.ESCALATE),
        (0.75, Action.AUTO_RESOLVE),
        (1.0, Action.AUTO_RESOLVE),
    ],
)
def test_the_threshold_itself_passes_and_nothing_below_does(confidence: float, action: Action) -> None:
    assert decided(replace(SURE, confidence=confidence)).action is action


@pytest.mark.parametrize("confidence", [math.nan, math.inf, -math.inf, -0.1, 1.0001])
def test_a_confidence_that_is_no_probability_escalates(confidence: float) -> None:
    decision = decided(replace(SURE, confidence=confidence))
    assert (decision.action, decision.reason) == (Action.ESCALATE, "engine_failed")


def test_a_margin_that_is_no_number_escalates() -> None:
    assert decided(replace(SURE, margin=math.nan)).reason == "small_margin"


def test_the_smallest_allowed_margin_passes() -> None:
    assert decided(replace(SURE, margin=0.05)).action is Action.AUTO_RESOLVE
    assert decided(replace(SURE, margin=0.0499)).reason == "small_margin"


#: One breach a gate, in the order in which the gates stand.
BREACHES: list[tuple[str, dict, dict]] = [
    ("not_open", {}, {"is_open": False}),
    ("asked_for_person", {"guard": Guard("person", "human")}, {}),
    ("never_automate", {"guard": Guard("legal", "lawyer")}, {}),
    ("machine_sent", {}, {"machine_sent": True}),
    ("too_long", {"read_whole": False}, {}),
    ("out_of_scope", {"in_scope": False}, {}),
    ("several_questions", {"several_questions": True, "questions": ("a?", "b?")}, {}),
    ("unknown_intent", {"intent": None}, {}),
    ("no_answer", {}, {"language": "it"}),
    ("low_confidence", {"confidence": 0.4}, {}),
    ("small_margin", {"margin": 0.01}, {}),
    ("stopped", {}, {"stopped": True}),
    ("mode_not_auto", {}, {"intents": {"refund": IntentPolicy(mode=Mode.OFF)}}),
]


@pytest.mark.parametrize(("reason", "belief", "options"), BREACHES)
def test_each_gate_alone_escalates_with_its_reason(reason: str, belief: dict, options: dict) -> None:
    decision = decided(replace(SURE, **belief), **options)
    assert (decision.action, decision.reason) == (Action.ESCALATE, reason)


@pytest.mark.parametrize("first", range(len(BREACHES)))
def test_of_several_breaches_the_earliest_gate_names_the_reason(first: int) -> None:
    belief: dict = {}
    options: dict = {}
    for _, its_belief, its_options in reversed(BREACHES[first:]):
        belief |= its_belief
        options |= its_options
    assert decided(replace(SURE, **belief), **options).reason == BREACHES[first][0]


def test_an_intent_nobody_set_up_is_unknown() -> None:
    decision = decided(intents={})
    assert (decision.action, decision.reason) == (Action.ESCALATE, "unknown_intent")


@pytest.mark.parametrize(
    ("mode", "action"),
    [(Mode.SUGGEST, Action.SUGGEST), (Mode.SHADOW, Action.ESCALATE), (Mode.OFF, Action.ESCALATE)],
)
def test_only_the_mode_auto_answers_by_itself(mode: Mode, action: Action) -> None:
    decision = decided(intents={"refund": IntentPolicy(mode=mode)})
    assert (decision.action, decision.reason) == (action, "mode_not_auto")


def test_a_broken_confidence_is_not_even_suggested() -> None:
    decision = decided(
        replace(SURE, confidence=math.nan), intents={"refund": IntentPolicy(mode=Mode.SUGGEST)}
    )
    assert decision.action is Action.ESCALATE


def test_an_intent_may_be_stricter_than_the_floor_but_never_laxer() -> None:
    assert effective_threshold(IntentPolicy(threshold=0.9), CONFIG) == 0.9
    assert effective_threshold(IntentPolicy(threshold=0.2), CONFIG) == 0.75
    assert effective_threshold(IntentPolicy(), CONFIG) == 0.75
    assert effective_threshold(IntentPolicy(threshold=math.nan), CONFIG) == HELD_BACK


def test_a_confidence_that_a_similar_ticket_lowered_says_what_it_was() -> None:
    lowered = replace(SURE, confidence=0.7, objection=Objection(7, 0.9, "login", before=0.91))
    decision = decided(lowered)
    assert decision.reason == "low_confidence"
    assert "70 % certain (91 % before a similar ticket" in decision.detail


def test_a_held_back_intent_is_not_answered_even_when_certain() -> None:
    decision = decided(replace(SURE, confidence=1.0), intents={"refund": IntentPolicy(threshold=HELD_BACK)})
    assert (decision.action, decision.reason) == (Action.ESCALATE, "low_confidence")
    assert "held back" in decision.detail


@pytest.mark.parametrize("language", ["en", "EN", "en-GB", "en_US", "", "  "])
def test_a_language_is_matched_by_its_base_and_defaults_where_unknown(language: str) -> None:
    assert decided(language=language).action is Action.AUTO_RESOLVE


def test_an_answer_in_a_regional_language_serves_the_base_language() -> None:
    policies = {"refund": IntentPolicy(answer_languages=frozenset({"pt-BR"}))}
    assert decided(intents=policies, language="pt").action is Action.AUTO_RESOLVE


@pytest.mark.parametrize(
    "broken",
    [
        {"intents": None},
        {"language": None},
        {"config": None},
        {"intents": {"refund": "auto"}},
        {"is_open": None},
    ],
)
def test_whatever_is_broken_escalates_and_never_raises(broken: dict) -> None:
    assert decided(**broken).action is Action.ESCALATE


def test_a_text_for_a_confidence_escalates() -> None:
    wrong: object = replace(SURE, confidence="0.99")  # type: ignore[arg-type]
    assert decided(wrong).reason == "engine_failed"  # type: ignore[arg-type]


@pytest.mark.parametrize("words", gates.reasons().values(), ids=lambda words: words.reason)
def test_every_reason_has_words_for_people(words: gates.Words) -> None:
    assert words.staff[0].isupper()
    assert "_" not in words.staff


@pytest.mark.parametrize(("reason", "belief", "options"), BREACHES)
def test_the_detail_is_one_plain_sentence(reason: str, belief: dict, options: dict) -> None:
    detail = decided(replace(SURE, **belief), **options).detail
    assert detail.endswith(".")
    assert "\n" not in detail
    assert len(detail) < 160


def test_the_detail_never_rounds_a_confidence_up_to_the_limit() -> None:
    assert "74.9 %" in decided(replace(SURE, confidence=0.74999)).detail


@given(st.floats(), st.floats(), st.one_of(st.none(), st.floats()), st.floats(0, 1))
def test_only_a_probability_at_or_above_every_limit_is_answered(
    confidence: float, margin: float, own: float | None, floor: float
) -> None:
    decision = decided(
        replace(SURE, confidence=confidence, margin=margin),
        intents={"refund": IntentPolicy(threshold=own)},
        config=PolicyConfig(threshold=floor),
    )
    if decision.action is Action.AUTO_RESOLVE:
        assert floor <= confidence <= 1
        assert own is None or confidence >= own
        assert margin >= CONFIG.min_margin


@given(st.lists(st.floats(0, 1), min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_threshold_never_answers_more(confidences: list[float], one: float, other: float) -> None:
    low, high = sorted((one, other))

    def answered(limit: float) -> int:
        config = PolicyConfig(threshold=limit)
        actions = [decided(replace(SURE, confidence=c), config=config).action for c in confidences]
        return actions.count(Action.AUTO_RESOLVE)

    assert answered(high) <= answered(low)


@pytest.mark.parametrize("broken", [{"intents": None}, {"language": None}])
def test_a_decision_that_breaks_down_says_so_and_keeps_what_was_believed(broken: dict) -> None:
    decision = decided(**broken)
    assert (decision.action, decision.reason, decision.failed) == (
        Action.ESCALATE, "engine_failed", ("engine_failed",),
    )  # fmt: skip
    assert decision.assessment is SURE
    assert decision.detail == "The decision could not be made (AttributeError), so a person decides."
    assert decision.threshold == (HELD_BACK if "intents" in broken else 0.75)


def test_an_answer_says_how_sure_it_is_and_how_sure_it_had_to_be() -> None:
    decision = decided()
    assert decision.detail == "“refund” is 90 % certain (at least 75 % needed) and every check passed."
    assert decision.failed == ()


def test_what_no_intent_was_found_for_needs_the_general_limit() -> None:
    decision = decided(replace(SURE, intent=None), intents={None: IntentPolicy(threshold=0.9)})
    assert decision.threshold == 0.75


@pytest.mark.parametrize("limit", [math.nan, 0.8])
def test_a_general_limit_that_is_no_number_holds_everything_back(limit: float) -> None:
    config = PolicyConfig(threshold=limit)
    expected = HELD_BACK if math.isnan(limit) else 0.8
    assert effective_threshold(None, config) == expected
    assert effective_threshold(IntentPolicy(threshold=0.5), config) == expected
    assert HELD_BACK > 1
