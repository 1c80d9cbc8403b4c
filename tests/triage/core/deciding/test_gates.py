"""The gates are one list of records: what is made from it follows when it changes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tickets.web import wording as customer_wording
from triage.core.deciding import gates
from triage.core.deciding.policy import decide
from triage.core.types import (
    Action,
    Assessment,
    Guard,
    IntentPolicy,
    Mode,
    PolicyConfig,
    Stance,
    StanceFound,
    Term,
)
from triage.desk import wording as staff_wording
from triage.instruments import simulator

SURE = Assessment(intent="refund", confidence=0.9, margin=0.85)
POLICIES = {"refund": IntentPolicy()}
SHOUTING = gates.Gate(
    reason="shouting",
    passed="The text is not all in capitals",
    failed="The text is all in capitals",
    customer="We hear you. One of us will read your message.",
    looks_at="the letters",
    facts=lambda case: {"shouting": case.assessment.ask.isupper()},
    test=lambda case: gates.Failure("Only capitals.") if case.assessment.ask.isupper() else None,
)


@pytest.fixture
def with_a_new_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """What adding one record to the list does; the fact it looks at is on the assessment already."""
    monkeypatch.setattr(gates, "GATES", (*gates.GATES[:3], SHOUTING, *gates.GATES[3:]))


def decided(assessment: Assessment = SURE, **options: object):
    facts: dict = {"intents": POLICIES, "language": "en", "config": PolicyConfig(), **options}
    return decide(assessment, **facts)


@pytest.mark.usefixtures("with_a_new_gate")
class TestANewGate:
    def test_stops_what_fails_it_and_nothing_else(self) -> None:
        loud = decided(replace(SURE, ask="WHERE IS IT"))
        assert (loud.action, loud.reason, loud.detail) == (Action.ESCALATE, "shouting", "Only capitals.")
        assert decided(replace(SURE, ask="where is it")).action is Action.AUTO_RESOLVE

    def test_stands_where_the_list_has_it(self) -> None:
        assert decided(replace(SURE, ask="LOUD", guard=Guard("legal", "sue"))).reason == "never_automate"
        assert decided(replace(SURE, ask="LOUD", in_scope=False)).reason == "shouting"

    def test_has_words_for_staff_and_customer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert staff_wording.reason_text("shouting") == "The text is all in capitals"
        monkeypatch.setattr(customer_wording, "WHY", dict(customer_wording.WHY))
        customer_wording.register_reasons({code: one.customer for code, one in gates.reasons().items()})
        assert customer_wording.WHY["shouting"].startswith("We hear you")

    def test_is_in_the_simulator(self) -> None:
        shown = {gate.text: gate.passage for gate in simulator.passages(["shouting"])}
        assert shown["The text is not all in capitals"] is simulator.Passage.FAILED

    def test_keeps_its_fact_with_the_decision(self) -> None:
        assert decided(replace(SURE, ask="LOUD")).facts["shouting"] is True

    def test_is_in_the_table_of_the_documents(self) -> None:
        assert "| 4 | `shouting` | The text is not all in capitals | the letters |" in gates.as_markdown()


def test_the_order_of_the_gates_is_the_contract() -> None:
    assert [gate.reason for gate in gates.GATES] == [
        "not_open",
        "asked_for_person",
        "never_automate",
        "machine_sent",
        "voice_unclear",
        "grave",
        "machine_written",
        "spam",
        "manipulation",
        "not_asked",
        "settled",
        "already_tried",
        "elsewhere",
        "for_another",
        "special_case",
        "too_long",
        "out_of_scope",
        "several_questions",
        "unknown_intent",
        "no_answer",
        "already_sent",
        "low_confidence",
        "small_margin",
        "stopped",
        "mode_not_auto",
        "mail_spent",
    ]


def test_only_the_last_gates_are_about_permission() -> None:
    assert [gate.reason for gate in gates.GATES if gate.allows] == ["stopped", "mode_not_auto", "mail_spent"]


def test_what_was_decided_in_the_first_order_is_decided_so_again() -> None:
    """The mode stood before the answer then, and was the reason where both failed."""
    unsure, held = replace(SURE, confidence=0.5), {"refund": IntentPolicy(mode=Mode.SUGGEST)}
    then, now = decided(unsure, intents=held, order=1), decided(unsure, intents=held)
    assert (then.action, then.reason) == (Action.SUGGEST, "mode_not_auto")
    assert (now.action, now.reason) == (Action.ESCALATE, "low_confidence")
    assert then.failed == ("mode_not_auto", "low_confidence")
    assert [gate.reason for gate in gates.in_order(1)][-5:] == [
        "already_sent", "low_confidence", "small_margin", "stopped", "mail_spent",
    ]  # fmt: skip


def test_a_stop_holds_back_what_would_be_sent() -> None:
    decision = decided(stopped=True)
    assert (decision.action, decision.reason, decision.would_send) == (Action.ESCALATE, "stopped", True)
    assert decided(stopped=None).action is Action.ESCALATE


def test_every_gate_is_judged_whatever_fails_first() -> None:
    decision = decided(
        replace(SURE, in_scope=False, confidence=0.2, guard=Guard("legal", "sue")), is_open=False
    )
    assert decision.reason == "not_open"
    assert decision.failed == ("not_open", "never_automate", "out_of_scope", "low_confidence")


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.SHADOW, Mode.SUGGEST, Mode.AUTO])
def test_it_is_told_whether_the_answer_would_be_sent_in_mode_auto(mode: Mode) -> None:
    policies = {"refund": IntentPolicy(mode=mode)}
    assert decided(intents=policies).would_send
    assert not decided(replace(SURE, confidence=0.5), intents=policies).would_send
    assert not decided(language="it", intents=policies).would_send


def test_a_permission_that_cannot_be_read_would_send_nothing() -> None:
    """A fault is no mode: whatever broke down may have been about the ticket."""
    decision = decided(intents={"refund": "auto"})
    assert (decision.action, decision.would_send) == (Action.ESCALATE, False)


def test_a_gate_that_breaks_down_has_failed() -> None:
    broken = replace(SHOUTING, test=lambda case: 1 / 0)  # type: ignore[arg-type, return-value]
    failure = broken.judge(gates.Case(assessment=SURE, policy=None, threshold=1, language="en", min_margin=0))
    assert failure is not None
    assert (failure.action, failure.reason) == (Action.ESCALATE, "engine_failed")


@pytest.mark.parametrize(
    ("circumstance", "reason", "detail"),
    [
        ("human_requested", "asked_for_person", "The requester ticked that a person should answer."),
        ("withdrawn", "no_answer", "The approved answer was withdrawn before it could be sent."),
        (
            "sent_before",
            "already_sent",
            "This person was sent the answer to “refund” lately, or it did not help them.",
        ),
    ],
)
def test_circumstances_of_the_ticket_are_gates_too(circumstance: str, reason: str, detail: str) -> None:
    decision = decided(**{circumstance: True})
    assert (decision.action, decision.reason, decision.detail) == (Action.ESCALATE, reason, detail)
    assert decision.facts[circumstance] is True


def test_the_facts_of_all_gates_have_different_names() -> None:
    case = gates.Case(assessment=SURE, policy=IntentPolicy(), threshold=0.75, language="en", min_margin=0.05)
    names = [name for gate in gates.GATES for name in gate.facts(case)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("stance", Stance)
def test_every_stance_but_plain_asking_stops_the_answer(stance: Stance) -> None:
    decision = decided(replace(SURE, stance=StanceFound(stance, 0.4)))
    expected = "several_questions" if stance is Stance.TWO_WISHES else stance.value
    assert (decision.action, decision.failed) == (Action.ESCALATE, (expected,))
    assert decision.facts["stance"]["kind"] == stance.value


def test_what_is_grave_is_named() -> None:
    decision = decided(replace(SURE, stance=StanceFound(Stance.GRAVE, 0.4, topic="self_harm")))
    assert decision.detail == "The text tells of something grave (self harm)."


def test_no_two_gates_share_a_reason() -> None:
    reasons = [gate.reason for gate in gates.GATES] + [words.reason for words in gates.BESIDE_THE_GATES]
    assert len(reasons) == len(set(reasons))


def test_the_documents_have_the_table_as_it_is() -> None:
    text = (Path(__file__).parents[4] / "docs" / "triage.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"(?:^\|.*\n)*^\| # \| Reason .*\n(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert table.strip() == gates.as_markdown()
    (steps,) = re.findall(r"^\| Reason \| What follows .*\n(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert steps.strip() == gates.steps_as_markdown()


@pytest.mark.parametrize(
    ("stance", "step"),
    [
        (Stance.GRAVE, "urgent"),
        (Stance.SPAM, "quarantine"),
        (Stance.MACHINE_WRITTEN, "silent"),
        (Stance.MANIPULATION, ""),
        (Stance.SETTLED, ""),
    ],
)
def test_the_gate_that_decides_says_what_follows(stance: Stance, step: str) -> None:
    assert gates.next_step(decided(replace(SURE, stance=StanceFound(stance, 0.4)))) == step


def test_what_is_sent_has_no_next_step() -> None:
    assert gates.next_step(decided()) is gates.NextStep.NONE


@pytest.mark.parametrize(("stance", "step"), [(Stance.GRAVE, "urgent"), (Stance.SPAM, "")])
def test_only_what_is_grave_weighs_where_another_gate_decides(stance: Stance, step: str) -> None:
    decision = decided(replace(SURE, stance=StanceFound(stance, 0.4), guard=Guard("legal", "sue")))
    assert (decision.reason, gates.next_step(decision)) == ("never_automate", step)


def test_a_gate_that_breaks_down_calls_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [replace(gate, test=lambda case: 1 / 0) for gate in gates.GATES]  # type: ignore[arg-type, return-value]
    monkeypatch.setattr(gates, "GATES", tuple(broken))
    assert gates.next_step(decided()) is gates.NextStep.NONE


@pytest.mark.parametrize(("topic", "step"), [("death", "urgent"), ("safety", "urgent"), ("legal", "")])
def test_a_rule_on_something_grave_is_as_urgent_as_the_model(topic: str, step: str) -> None:
    decision = decided(replace(SURE, guard=Guard(topic, "died")))
    assert decision.reason == "never_automate"
    assert gates.next_step(decision) == step


def test_the_simulator_shows_every_gate_in_its_place() -> None:
    assert [shown.text for shown in simulator.passages([])] == [gate.passed for gate in gates.GATES]
    for place, gate in enumerate(gates.GATES):
        passages = [shown.passage for shown in simulator.passages([gate.reason])]
        expected = [simulator.Passage.PASSED] * len(gates.GATES)
        expected[place] = simulator.Passage.FAILED
        assert passages == expected


def test_no_gate_was_reached_where_the_engine_failed() -> None:
    shown = simulator.passages(["engine_failed"])
    assert [one.text for one in shown] == [gate.passed for gate in gates.GATES]
    assert {one.passage for one in shown} == {simulator.Passage.NOT_REACHED}


def test_every_gate_says_all_that_is_shown_of_it() -> None:
    for gate in gates.GATES:
        for words in (gate.reason, gate.passed, gate.failed, gate.customer, gate.looks_at):
            assert isinstance(words, str)
            assert words.strip()
        assert gate.passed != gate.failed
        assert gate.next_step.words.endswith(".")


@pytest.mark.parametrize("reason", ["no_model", "engine_failed", "engine_slow"])
def test_an_engine_that_fails_has_words_for_both_sides(reason: str) -> None:
    words = gates.reasons()[reason]
    assert words.reason == reason
    assert words.staff
    assert words.customer
    assert {one.reason for one in gates.BESIDE_THE_GATES} == {
        "confident", "no_model", "engine_failed", "engine_slow",
    }  # fmt: skip


def test_reasons_have_the_words_of_their_gates() -> None:
    known = gates.reasons()
    for gate in gates.GATES:
        assert known[gate.reason] == gates.Words(gate.reason, gate.failed, gate.customer)
    assert known["confident"].customer == ""
    assert list(known)[: len(gates.GATES)] == [gate.reason for gate in gates.GATES]


def test_what_the_gates_looked_at_is_kept() -> None:
    found = StanceFound(
        Stance.GRAVE, 0.4, topic="death", terms=(Term("died", 0.3),), nearest="My mother died."
    )
    decision = decided(
        replace(
            SURE, guard=Guard("legal", "sue"), stance=found, questions=("One?", "Two?"), read_whole=False
        ),
        intents={"refund": IntentPolicy(Mode.AUTO, 0.8, frozenset({"it", "en"}))},
    )
    expected = {
        "open": True, "human_requested": False, "guard": "legal", "read_whole": False, "in_scope": True,
        "stance": {
            "kind": "grave", "lead": 0.4, "topic": "death", "terms": [["died", 0.3]], "nearest": "My mother died.",
        },
        "questions": 2, "several_questions": False, "asked": [], "mode": "auto", "answer_languages": ["en", "it"],
        "withdrawn": False, "sent_before": False, "limit": 0.8, "min_margin": 0.05,
    }  # fmt: skip
    assert {name: decision.facts[name] for name in expected} == expected


def test_where_nothing_is_set_up_nothing_is_kept_of_it() -> None:
    facts = decided(intents={}).facts
    kept = {name: facts[name] for name in ("guard", "stance", "mode", "answer_languages", "limit")}
    assert kept == {"guard": None, "stance": None, "mode": None, "answer_languages": [], "limit": None}


def test_of_many_questions_the_first_are_kept_and_not_at_length() -> None:
    questions = tuple(f"{number} " + "x" * 300 for number in range(12))
    facts = decided(replace(SURE, questions=questions, several_questions=True, asked=("a", "b"))).facts
    assert facts["questions"] == 12
    assert facts["asked"] == [question[:200] for question in questions[:8]]


@pytest.mark.parametrize(
    ("belief", "options", "detail"),
    [
        ({}, {"is_open": False}, "The ticket is no longer open, or was reopened, so a person answers."),
        ({"guard": Guard("person", "human")}, {}, "The requester asks for a person."),
        ({"guard": Guard("legal", "sue")}, {}, "The text touches “legal”, which a person must always read."),
        ({"read_whole": False}, {}, "Only its beginning was read, so a person must see what else the text says."),
        ({"in_scope": False}, {}, "The text is unlike anything we have an answer for."),
        (
            {"several_questions": True, "asked": ("refund", "login")}, {},
            "The ticket asks about “refund” and “login”, which need different answers.",
        ),
        (
            {"several_questions": True}, {},
            "Nobody can tell how many things the ticket asks in its language, so a person reads it.",
        ),
        ({"intent": None}, {}, "No known intent fits the text."),
        ({"intent": "login"}, {}, "“login” is not an intent that is set up here."),
        (
            {}, {"intents": {"refund": IntentPolicy(mode=Mode.SUGGEST)}},
            "“refund” is only suggested, so an agent checks the answer first.",
        ),
        (
            {}, {"intents": {"refund": IntentPolicy(mode=Mode.OFF)}},
            "Automatic answers are switched off for “refund”.",
        ),
        ({}, {"language": "it-IT"}, "“refund” has no approved answer in the language “it”."),
        (
            {"confidence": 0.5}, {}, "“refund” is only 50 % certain; 75 % is needed.",
        ),
        (
            {"margin": 0.0, "runner_up": "login"}, {}, "“refund” and “login” are almost equally likely.",
        ),
        ({"margin": 0.0}, {}, "“refund” and another intent are almost equally likely."),
        ({"stance": StanceFound(Stance.GRAVE, 0.4)}, {}, "The text tells of something grave."),
    ],
)  # fmt: skip
def test_a_gate_says_what_is_the_matter(belief: dict, options: dict, detail: str) -> None:
    assert decided(replace(SURE, **belief), **options).detail == detail


@pytest.mark.parametrize("value", [1, "yes", object()])
def test_only_a_plain_no_or_yes_opens_a_gate(value: object) -> None:
    """What is as good as true is not enough where a fault would send an answer."""
    assert decided(is_open=value).reason == "not_open"
    assert decided(replace(SURE, read_whole=value)).reason == "too_long"
    assert decided(sent_before=0).reason == "already_sent"


def test_a_mode_for_an_intent_that_is_not_set_up_is_off() -> None:
    decision = decided(intents={})
    assert set(decision.failed) == {"unknown_intent", "mode_not_auto", "no_answer"}


def test_nothing_follows_a_reason_that_no_gate_gives() -> None:
    broken = decided(intents=None)
    assert gates.next_step(broken) is gates.NextStep.NONE


@pytest.mark.parametrize("topic", ["self_harm", "threat", "safety", "death", "illness"])
def test_a_grave_rule_is_urgent_even_where_an_earlier_gate_decides(topic: str) -> None:
    decision = decided(replace(SURE, guard=Guard(topic, "x")), human_requested=True)
    assert (decision.reason, gates.next_step(decision)) == ("asked_for_person", "urgent")


@pytest.mark.parametrize(
    ("value", "words"), [(0.74999, "74.9 %"), (0.75, "75 %"), (1.0, "100 %"), (0.0, "0 %"), (0.0019, "0.1 %")]
)
def test_a_share_is_rounded_down(value: float, words: str) -> None:
    assert gates.percent(value) == words


@pytest.mark.parametrize(
    ("tag", "base"), [(" EN_us ", "en"), ("pt-BR", "pt"), ("zh-Hant-TW", "zh"), ("", ""), ("de", "de")]
)
def test_a_region_makes_no_other_language(tag: str, base: str) -> None:
    assert gates.base_language(tag) == base


def test_a_gate_that_breaks_down_names_the_fault() -> None:
    broken = replace(SHOUTING, test=lambda case: 1 / 0)  # type: ignore[arg-type, return-value]
    failure = broken.judge(gates.Case(assessment=SURE, policy=None, threshold=1, language="en", min_margin=0))
    assert failure is not None
    assert failure.detail == "The decision could not be made (ZeroDivisionError), so a person decides."


def test_a_new_gate_or_case_takes_for_granted_what_lets_nothing_through_by_itself() -> None:
    case = gates.Case(assessment=SURE, policy=None, threshold=1, language="en", min_margin=0)
    assert (case.is_open, case.human_requested, case.withdrawn, case.sent_before) == (
        True,
        False,
        False,
        False,
    )
    assert SHOUTING.next_step is gates.NextStep.NONE
    assert (gates.Failure("No.").action, gates.Failure("No.").reason) == (Action.ESCALATE, "")
    assert gates.no_facts(case) == {}
