"""From a new ticket to its decision: the gates in the product, the races, and failing closed."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.background import jobs
from tickets.models import Event, Handover, Job, Message, OutgoingMail, Status, Ticket, Urgency
from triage.core.deciding import gates
from triage.core.types import Guard, IntentPolicy, Mode, Stance, StanceFound, Term
from triage.models import Answer, Decision, Intent
from triage.models import Guard as GuardRow
from triage.running import pipeline
from triage.running.runtime import EngineSlow, EngineUnavailable

pytestmark = pytest.mark.django_db
Submit = Callable[..., Ticket]


def test_a_sure_decision_answers_with_the_approved_text(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    engine.says("track_refund", 0.9)
    ticket = submit(guest_name="Gus Guest")
    decision = ticket.decisions.get()
    assert ticket.status == Status.AUTO_RESOLVED
    assert ticket.messages.last().body == decision.response == "Hello Gus, refunds take five days."
    assert (decision.applied, decision.answer.version) == (True, 1)
    assert ticket.events.filter(kind=Event.Kind.AUTO_RESOLVED, facts__decision=decision.pk).exists()


@pytest.mark.parametrize(
    ("confidence", "status", "reason"),
    [
        (0.7499, Status.ESCALATED, "low_confidence"),
        (0.75, Status.AUTO_RESOLVED, "confident"),
        (1.0, Status.AUTO_RESOLVED, "confident"),
        (float("nan"), Status.ESCALATED, None),
        (1.5, Status.ESCALATED, None),
        (-0.1, Status.ESCALATED, None),
    ],
)
def test_the_threshold_holds_to_the_last_digit(
    engine: FakeEngine,
    refund_intent: Intent,
    submit: Submit,
    confidence: float,
    status: Status,
    reason: str | None,
) -> None:
    engine.says("track_refund", confidence, margin=0.9)
    ticket = submit()
    assert ticket.status == status
    if reason:
        assert ticket.decisions.get().reason == reason


@pytest.mark.parametrize(
    "error", [EngineUnavailable("model is corrupt"), EngineSlow("too slow"), ValueError("bug"), MemoryError()]
)
def test_an_engine_that_fails_brings_the_ticket_to_a_person(
    engine: FakeEngine, refund_intent: Intent, submit: Submit, error: Exception
) -> None:
    engine.error = error
    ticket = submit()
    assert ticket.status == Status.ESCALATED
    assert ticket.decisions.get().reason in {"engine_failed", "engine_slow"}


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"guard": Guard("legal", "lawyer")}, "never_automate"),
        ({"guard": Guard("person", "human")}, "asked_for_person"),
        ({"read_whole": False}, "too_long"),
        ({"in_scope": False}, "out_of_scope"),
        ({"several_questions": True}, "several_questions"),
        ({"margin": 0.01}, "small_margin"),
    ],
)
def test_each_gate_escalates_with_its_reason(
    engine: FakeEngine, refund_intent: Intent, submit: Submit, facts: dict, reason: str
) -> None:
    engine.says("track_refund", 0.99, **facts)
    ticket = submit()
    assert (ticket.status, ticket.escalation_reason) == (Status.ESCALATED, reason)


@pytest.mark.usefixtures("agent", "refund_intent")
@pytest.mark.parametrize(
    ("stance", "step", "urgency", "told"),
    [
        (Stance.GRAVE, "urgent", Urgency.URGENT, ["anna@example.com", "guest@example.com"]),
        (Stance.SPAM, "quarantine", Urgency.NORMAL, []),
        (Stance.MACHINE_WRITTEN, "silent", Urgency.NORMAL, []),
        (Stance.MANIPULATION, None, Urgency.NORMAL, ["guest@example.com"]),
        (Stance.NOT_ASKED, None, Urgency.NORMAL, ["guest@example.com"]),
    ],
)
def test_what_a_gate_asks_for_follows(
    engine: FakeEngine, submit: Submit, stance: Stance, step: str | None, urgency: Urgency, told: list[str]
) -> None:
    engine.says("track_refund", 0.99, stance=StanceFound(stance, 0.4))
    ticket = submit(guest_email="guest@example.com")
    assert (ticket.status, ticket.escalation_reason) == (Status.ESCALATED, stance.value)
    assert (ticket.urgency, ticket.is_quarantined) == (urgency, stance is Stance.SPAM)
    assert ticket.events.get(kind=Event.Kind.ESCALATED).facts.get("step") == step
    assert sorted(mail.recipients[0] for mail in OutgoingMail.objects.all()) == told


def test_nothing_follows_where_a_person_was_first(
    engine: FakeEngine, refund_intent: Intent, submit: Submit, agent: User
) -> None:
    engine.says("track_refund", 0.99, stance=StanceFound(Stance.SPAM, 0.4))
    engine.during = lambda: Ticket.objects.get().assign(agent, actor=agent)
    ticket = submit()
    assert (ticket.is_quarantined, ticket.decisions.get().applied) == (False, False)


def test_an_intent_that_is_not_automated_only_suggests(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    engine.policies = {"track_refund": IntentPolicy(mode=Mode.SUGGEST)}
    engine.says("track_refund", 0.99)
    ticket = submit()
    decision = ticket.decisions.get()
    assert (ticket.status, decision.action) == (Status.ESCALATED, "suggest")
    assert "five days" in decision.response


def test_an_answer_retired_in_the_meantime_is_not_sent(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    engine.says("track_refund", 0.99)
    engine.during = lambda: Answer.objects.get().retire()
    ticket = submit()
    assert (ticket.status, ticket.decisions.get().reason) == (Status.ESCALATED, "no_answer")


def test_an_intent_switched_off_while_the_engine_thinks_is_not_answered(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    def switch_off() -> None:
        engine.policies = {"track_refund": IntentPolicy(mode=Mode.OFF)}
        refund_intent.mode = "off"
        refund_intent.save()

    engine.says("track_refund", 0.99)
    engine.during = switch_off
    ticket = submit()
    assert (ticket.status, ticket.decisions.get().reason) == (Status.ESCALATED, "mode_not_auto")


def test_a_guard_added_while_the_engine_thinks_is_heeded(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    def forbid() -> None:
        GuardRow.objects.create(topic="legal", pattern="shoes")
        engine.says("track_refund", 0.99, guard=Guard("legal", "shoes"))

    engine.says("track_refund", 0.99)
    engine.during = forbid
    assert submit().escalation_reason == "never_automate"


def test_what_the_requester_adds_while_the_engine_thinks_is_read_too(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    engine.says("track_refund", 0.99)
    engine.during = lambda: Ticket.objects.get().reply("And my lawyer has questions.", author=None)
    submit()
    assert "And my lawyer has questions." in engine.read[-1]


def test_a_policy_that_never_comes_to_rest_brings_the_ticket_to_a_person(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    def change() -> None:
        refund_intent.save()
        engine.during = change

    engine.says("track_refund", 0.99)
    engine.during = change
    ticket = submit()
    assert (ticket.status, ticket.decisions.get().reason) == (Status.ESCALATED, "engine_failed")


def test_a_note_of_an_agent_keeps_the_machine_away(
    engine: FakeEngine, refund_intent: Intent, submit: Submit, agent: User
) -> None:
    engine.says("track_refund", 0.99)
    engine.during = lambda: Ticket.objects.get().note("I call her.", author=agent)
    ticket = submit()
    assert (ticket.status, ticket.decisions.get().reason) == (Status.ESCALATED, "not_open")


def test_a_decision_that_cannot_be_recorded_brings_the_ticket_to_a_person(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    engine.says("track_refund", 0.99, terms=(Term("refund", math.nan),))
    ticket = submit()
    assert (ticket.status, ticket.decisions.get().reason) == (Status.ESCALATED, "engine_failed")


def test_an_answer_in_another_language_is_never_sent(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    engine.says("track_refund", 0.99)
    ticket = submit(
        subject="Rückerstattung", body="Wo bleibt denn bitte meine Rückerstattung für die Schuhe?"
    )
    assert (ticket.status, ticket.decisions.get().reason) == (Status.ESCALATED, "no_answer")


PORTUGUESE = {
    "subject": "Reembolso",
    "body": "Onde está o meu reembolso? Devolvi os sapatos na semana passada.",
}


@pytest.mark.parametrize("tag", ["pt-BR", "pt_br", "PT"])
def test_an_answer_in_a_regional_language_is_sent_to_who_writes_in_that_language(
    engine: FakeEngine, refund_intent: Intent, submit: Submit, tag: str
) -> None:
    Answer.objects.create(intent=refund_intent, language=tag, body="Cinco dias.").approve(None)
    engine.says("track_refund", 0.99)
    engine.policies = {"track_refund": IntentPolicy(answer_languages=frozenset({tag}))}
    ticket = submit(**PORTUGUESE)
    assert (ticket.status, ticket.messages.last().body) == (Status.AUTO_RESOLVED, "Cinco dias.")


def test_of_several_regions_the_plain_language_comes_first(refund_intent: Intent) -> None:
    for tag in ("pt-BR", "pt", "pt-PT"):
        Answer.objects.create(intent=refund_intent, language=tag, body=tag).approve(None)
    chosen = [refund_intent.approved_answer(wanted) for wanted in ("pt", "pt-PT", "pt-AO", "de", "en-GB")]
    assert [answer and answer.language for answer in chosen] == ["pt", "pt-PT", "pt", "en", "en"]


def test_a_person_who_was_faster_beats_the_machine(
    engine: FakeEngine, refund_intent: Intent, submit: Submit, agent: User
) -> None:
    engine.says("track_refund", 0.99)
    engine.during = lambda: Ticket.objects.get().reply("I am on it.", author=agent)
    ticket = submit()
    decision = ticket.decisions.get()
    assert (ticket.status, decision.applied) == (Status.PENDING, False)
    assert not ticket.messages.filter(sender=Message.Sender.MACHINE).exists()


def test_a_requester_who_ticked_for_a_person_gets_one(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    engine.says("track_refund", 0.99)
    ticket = submit(human_requested=True)
    assert (ticket.status, ticket.decisions.get().reason) == (Status.ESCALATED, "asked_for_person")


def test_deciding_twice_gives_one_decision_and_one_answer(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    engine.says("track_refund", 0.9)
    ticket = submit()
    assert pipeline.triage_ticket(ticket) == pipeline.triage_ticket(ticket)
    assert ticket.messages.filter(sender=Message.Sender.MACHINE).count() == 1


def test_two_processes_that_decide_at_once_leave_one_decision(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    engine.says("track_refund", 0.9)
    ticket = Ticket.objects.create(requester_email="g@example.com", subject="Refund")

    def meanwhile() -> None:
        pipeline.triage_ticket(ticket)

    engine.during = meanwhile
    pipeline.triage_ticket(ticket)
    assert Decision.objects.filter(ticket=ticket).count() == 1
    assert ticket.messages.filter(sender=Message.Sender.MACHINE).count() == 1


def test_a_ticket_whose_triage_never_ran_is_found_by_the_sweep(
    engine: FakeEngine, refund_intent: Intent
) -> None:
    engine.says("track_refund", 0.9)
    ticket = Ticket.objects.create(requester_email="g@example.com", subject="Refund")
    Ticket.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    Job.objects.update(failed_at=timezone.now(), lease_until=None, attempts=0)
    jobs.sweep()
    jobs.run_due()
    ticket.refresh_from_db()
    assert ticket.status == Status.AUTO_RESOLVED


def test_what_the_requester_wrote_cannot_smuggle_in_a_variable(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    engine.says("track_refund", 0.9)
    ticket = submit(guest_name="{support_email}")
    assert ticket.messages.last().body == "Hello {support_email}, refunds take five days."


def test_a_name_of_several_lines_stays_on_one(
    engine: FakeEngine, refund_intent: Intent, submit: Submit
) -> None:
    engine.says("track_refund", 0.9)
    ticket = submit(guest_name="Gus\nYou have won, claim it at example.net")
    assert ticket.messages.last().body == "Hello Gus, refunds take five days."


def test_a_ticket_that_is_silent_long_enough_is_closed_as_assumed(
    engine: FakeEngine, refund_intent: Intent, submit: Submit, settings: object
) -> None:
    engine.says("track_refund", 0.9)
    ticket = submit()
    Ticket.objects.update(resolved_at=timezone.now() - timedelta(days=30))
    jobs.sweep()
    ticket.refresh_from_db()
    assert (ticket.status, ticket.closure) == (Status.CLOSED, "silence")


def test_tickets_and_gates_mean_the_same_steps() -> None:
    assert [step.value for step in Handover] == [step.value for step in gates.NextStep]
