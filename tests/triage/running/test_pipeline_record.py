"""What is kept of a decision, and what is looked at again under the lock before an answer is sent."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Model

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.models import Event, Message, Status, Ticket
from triage.answers.facts import set_fact
from triage.core.types import Guard, IntentPolicy, Mode, Objection, SimilarTicket, Source, Term
from triage.models import Answer, Decision, Intent, PolicyRevision, RulebookVersion
from triage.running import memory, pipeline
from triage.running.runtime import EngineSlow

pytestmark = pytest.mark.django_db
Submit = Callable[..., Ticket]
WhileWaiting = Callable[[type[Model], Callable[[], object]], None]
GERMAN = {"subject": "Rückerstattung", "body": "Wo bleibt denn bitte meine Rückerstattung für die Schuhe?"}


@pytest.fixture(autouse=True)
def sure_of_refund(engine: FakeEngine, refund_intent: Intent) -> None:
    engine.says("track_refund", 0.9)


def machine_words(ticket: Ticket) -> list[str]:
    said = ticket.messages.filter(sender=Message.Sender.MACHINE)
    return list(said.values_list("body", flat=True))


def open_ticket(**facts: object) -> Ticket:
    return Ticket.objects.create(
        **{"requester_email": "gus@example.com", "subject": "Where is my refund?", **facts}
    )


# --- under the lock ----------------------------------------------------------------------------------------------


def test_a_person_who_replies_while_the_machine_waits_for_the_row_is_first(
    while_waiting: WhileWaiting, agent: User
) -> None:
    ticket = open_ticket()
    while_waiting(Ticket, lambda: Ticket.objects.get(pk=ticket.pk).reply("I am on it.", author=agent))
    decision = pipeline.triage_ticket(ticket)
    ticket.refresh_from_db()
    assert (ticket.status, decision.applied) == (Status.PENDING, False)
    assert machine_words(ticket) == []


def test_a_ticket_that_a_person_settled_meanwhile_is_not_handed_over(
    while_waiting: WhileWaiting, engine: FakeEngine, agent: User
) -> None:
    engine.says("track_refund", 0.2)
    ticket = open_ticket()
    while_waiting(Ticket, lambda: Ticket.objects.get(pk=ticket.pk).resolve(actor=agent))
    decision = pipeline.triage_ticket(ticket)
    ticket.refresh_from_db()
    assert (ticket.status, decision.applied, decision.action) == (Status.RESOLVED, False, "escalate")


def test_what_is_refused_to_the_machine_is_kept_as_a_suggestion(engine: FakeEngine, agent: User) -> None:
    ticket = open_ticket()
    engine.during = lambda: Ticket.objects.get(pk=ticket.pk).assign(agent, actor=agent)
    decision = pipeline.triage_ticket(ticket)
    assert (decision.applied, decision.action) == (False, "auto_resolve")
    assert "five days" in decision.response


def test_an_answer_in_the_house_language_is_not_sent_where_that_of_the_ticket_was_retired(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    german = Answer.objects.create(intent=refund_intent, language="de", body="In fünf Tagen.")
    german.approve(None)
    engine.policies = {"track_refund": IntentPolicy(answer_languages=frozenset({"de", "en"}))}
    assert machine_words(submit(guest_email="gina@example.com", **GERMAN)) == ["In fünf Tagen."]
    german.retire()
    ticket = submit(**GERMAN)
    decision = ticket.decisions.get()
    assert (ticket.status, decision.reason, decision.language) == (Status.ESCALATED, "no_answer", "de")
    assert "five days" in decision.response  # for the agent to translate
    assert machine_words(ticket) == []


def test_an_answer_that_lacks_a_fact_of_the_house_is_not_sent(refund_intent: Intent, submit: Submit) -> None:
    Answer.objects.create(intent=refund_intent, body="Send it back within {return_days}.").approve(None)
    first = submit()
    assert (first.decisions.get().reason, machine_words(first)) == ("no_answer", [])
    set_fact("return_days", "30", language="", by=None)
    assert machine_words(submit(guest_email="gina@example.com")) == ["Send it back within 30 days."]


def test_the_fact_that_went_missing_is_kept_with_the_decision(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    engine.during = lambda: Answer.objects.get(intent=refund_intent).retire()
    basis = submit().decisions.get().basis
    assert (basis["withdrawn"], basis["failed"]) == (True, ["no_answer"])


def test_a_policy_that_changed_before_the_lock_was_had_has_it_judged_again(
    engine: FakeEngine, while_waiting: WhileWaiting
) -> None:
    def switch_off() -> None:
        engine.policies = {"track_refund": IntentPolicy(mode=Mode.OFF)}
        PolicyRevision.bump()

    ticket = open_ticket()
    while_waiting(Ticket, switch_off)
    assert pipeline.triage_ticket(ticket).reason == "mode_not_auto"
    assert machine_words(ticket) == []


def test_two_tickets_of_one_person_judged_side_by_side_are_answered_once(engine: FakeEngine) -> None:
    first, second = open_ticket(), open_ticket()
    engine.during = lambda: pipeline.triage_ticket(second)
    pipeline.triage_ticket(first)
    assert len(machine_words(first) + machine_words(second)) == 1
    assert sorted(Decision.objects.values_list("reason", flat=True)) == ["already_sent", "confident"]


def test_tickets_of_one_person_take_turns_before_the_last_look(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    for name in ("take_turn", "look"):
        real = getattr(memory, name)

        def note(*args: object, name: str = name, real: Callable[..., object] = real) -> object:
            steps.append(name)
            return real(*args)

        monkeypatch.setattr(memory, name, note)
    pipeline.triage_ticket(open_ticket())
    assert steps == ["look", "take_turn", "look"]


def test_it_is_tried_three_times_and_then_a_person_reads_it(engine: FakeEngine) -> None:
    def change() -> None:
        PolicyRevision.bump()
        engine.during = change

    engine.during = change
    ticket = open_ticket()
    decision = pipeline.triage_ticket(ticket)
    ticket.refresh_from_db()
    assert (decision.reason, ticket.status, len(engine.read)) == ("engine_failed", Status.ESCALATED, 3)
    assert decision.detail.startswith("The automatic assessment failed: ")
    assert "kept changing" in decision.detail


def test_a_decision_that_the_database_refuses_once_is_made_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, left = Decision.save, [DatabaseError("lost")]

    def save(row: Decision, *args: object, **options: object) -> None:
        if left:
            raise left.pop()
        real(row, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Decision, "save", save)
    ticket = open_ticket()
    assert pipeline.triage_ticket(ticket).reason == "confident"
    assert len(machine_words(ticket)) == 1


def test_an_answer_that_cannot_be_sent_leaves_no_decision_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(ticket: Ticket, *args: object, **options: object) -> None:
        raise DatabaseError("lost")

    monkeypatch.setattr(Ticket, "auto_resolve", refuse)
    ticket = open_ticket()
    decision = pipeline.triage_ticket(ticket)
    assert (decision.reason, Decision.objects.count()) == ("engine_failed", 1)


# --- what is kept ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("confidence", [math.nan, 1.5, -0.1, math.inf])
def test_what_is_no_probability_is_kept_as_nothing_with_the_rest_of_the_decision(
    engine: FakeEngine, submit: Submit, confidence: float
) -> None:
    engine.says("track_refund", confidence)
    decision = submit().decisions.get()
    assert (decision.intent_slug, decision.reason) == ("track_refund", "engine_failed")
    assert (decision.confidence, decision.margin, decision.applied) == (0.0, 0.0, True)


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_a_probability_is_kept_as_it_is(probability: float) -> None:
    assert pipeline.storable(probability) == probability


def test_all_that_the_engine_said_is_kept(engine: FakeEngine, submit: Submit, refund_intent: Intent) -> None:
    engine.says(
        "track_refund", 0.9, margin=0.7, runner_up="login", runner_up_confidence=0.2, source=Source.MODEL,
        terms=(Term("refund", 0.4),), similar=(SimilarTicket(7, 0.8, "login"),), objection=Objection(7, 0.9, "login", before=0.95),
    )  # fmt: skip
    decision = submit().decisions.get()
    assert (decision.confidence, decision.runner_up, decision.margin) == (0.9, "login", 0.7)
    assert (decision.source, decision.terms) == (Source.MODEL.value, [{"text": "refund", "weight": 0.4}])
    assert decision.objection is not None
    assert [(one["id"], one["similarity"], one["intent"]) for one in decision.similar] == [(7, 0.8, "login")]
    assert (decision.objection["before"], decision.intent, decision.run) == (0.95, refund_intent, 1)
    assert (decision.language, decision.latency_ms, decision.threshold) == ("en", 1.0, 0.75)
    assert (decision.action, decision.reason) == ("auto_resolve", "confident")
    assert "90 % certain" in decision.detail
    assert decision.basis["failed"] == []
    assert decision.basis["open"] is True
    assert RulebookVersion.objects.filter(fingerprint=decision.rules_fingerprint).exists()


def test_a_decision_without_any_intent_is_kept_too(engine: FakeEngine, submit: Submit) -> None:
    engine.says(None, 0.1)
    decision = submit().decisions.get()
    assert (decision.intent_slug, decision.intent, decision.answer) == ("", None, None)
    assert (decision.response, decision.objection, decision.runner_up) == ("", None, "")
    assert decision.reason == "unknown_intent"


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        (EngineSlow("longer than 5 s"), "engine_slow", "took too long: longer than 5 s"),
        (RuntimeError("x" * 600), "engine_failed", "failed: xxx"),
    ],
)
def test_an_engine_that_fails_is_told_of_and_nothing_is_believed(
    engine: FakeEngine, submit: Submit, error: Exception, reason: str, words: str
) -> None:
    engine.error = error
    ticket = submit(**GERMAN)
    decision = ticket.decisions.get()
    assert (ticket.escalation_reason, decision.reason, decision.action) == (reason, reason, "escalate")
    assert words in decision.detail
    assert len(decision.detail) <= 400
    assert (decision.confidence, decision.intent_slug, decision.basis) == (0.0, "", {})
    assert (decision.language, decision.threshold) == ("de", settings.TRIAGE_THRESHOLD)
    assert (decision.model_version, decision.rules_fingerprint, decision.applied) == (None, "", True)


def test_where_the_language_cannot_be_told_the_house_has_one(
    monkeypatch: pytest.MonkeyPatch, submit: Submit
) -> None:
    def fail(text: str, default: str) -> str:
        raise RuntimeError("no model")

    monkeypatch.setattr(pipeline.language, "detect", fail)
    decision = submit().decisions.get()
    assert (decision.language, decision.reason) == (settings.TRIAGE_LANGUAGE, "engine_failed")


def test_subject_and_text_are_read_for_the_language_and_by_the_engine(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, submit: Submit
) -> None:
    asked: list[tuple[str, str]] = []

    def detect(text: str, default: str) -> str:
        asked.append((text, default))
        return "en"

    monkeypatch.setattr(pipeline.language, "detect", detect)
    submit(subject="My refund", body="Where is it?")
    assert asked == [("My refund. Where is it?", settings.TRIAGE_LANGUAGE)]
    assert engine.read == ["Where is it?"]


@pytest.mark.parametrize(("confidence", "kind"), [(0.9, "auto_resolved"), (0.2, "escalated")])
def test_the_event_names_the_decision_and_what_it_believed(
    engine: FakeEngine, submit: Submit, confidence: float, kind: str
) -> None:
    engine.says("track_refund", confidence)
    ticket = submit()
    decision = ticket.decisions.get()
    facts = Event.objects.get(ticket=ticket, kind=kind).facts
    assert (facts["decision"], facts["confidence"], facts["intent"]) == (
        decision.pk, confidence, "track_refund",
    )  # fmt: skip


def test_a_ticket_that_a_person_has_written_on_is_not_open_to_the_machine(agent: User) -> None:
    ticket = open_ticket()
    ticket.messages.create(sender=Message.Sender.AGENT, author=agent, body="Hm.", kind=Message.Kind.NOTE)
    assert pipeline.judge(ticket).decision.reason == "not_open"


def test_who_asked_for_a_person_is_told_so_and_not_that_it_is_closed(engine: FakeEngine) -> None:
    engine.says("track_refund", 0.9, guard=Guard("legal", "sue"))
    verdict = pipeline.judge(open_ticket(human_requested=True))
    assert verdict.decision.reason == "asked_for_person"
    assert "not_open" not in verdict.decision.failed
