"""What the pipeline asks once, what it looks at again under the lock, and what a decision says of its origin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.models import Message, Status, Ticket
from triage.answers.house import House
from triage.core import types as core
from triage.core.types import IntentPolicy, Mode
from triage.models import Answer, Decision, Intent, ModelVersion, RulebookVersion
from triage.oversight import switch
from triage.running import pipeline
from triage.running.runtime import Assessed, Shelf, Snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sure_of_refund(engine: FakeEngine, refund_intent: Intent) -> None:
    engine.says("track_refund", 0.9)


def open_ticket(**facts: Any) -> Ticket:
    return Ticket.objects.create(
        **{"requester_email": "gus@example.com", "subject": "Where is my refund?", **facts}
    )


def sent(ticket: Ticket) -> list[str]:
    return list(ticket.messages.filter(sender=Message.Sender.MACHINE).values_list("body", flat=True))


def taken(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, **facts: Any) -> Snapshot:
    """The snapshot on which everything is judged from now on, with these ``facts``."""
    snapshot = replace(engine.snapshot(), **facts)
    monkeypatch.setattr(engine, "snapshot", lambda: snapshot)
    return snapshot


# --- once ----------------------------------------------------------------------------------------------------------


def test_what_is_decided_is_not_judged_again(engine: FakeEngine) -> None:
    ticket = open_ticket()
    first = pipeline.triage_ticket(ticket)
    assert pipeline.triage_ticket(ticket) == first
    assert len(engine.read) == 1


def test_the_decision_that_another_process_made_on_a_new_ticket_meanwhile_is_the_decision(
    engine: FakeEngine,
) -> None:
    ticket = open_ticket()
    made: list[Decision] = []
    engine.during = lambda: made.append(pipeline.triage_ticket(Ticket.objects.get()))
    assert pipeline.triage_ticket(ticket, is_new=True) == made[0]
    assert (Decision.objects.count(), len(engine.read), len(sent(ticket))) == (1, 2, 1)


def test_a_later_run_of_triage_is_no_answer_to_what_the_first_would_say() -> None:
    ticket = open_ticket()
    later = Decision.objects.get(pk=pipeline.triage_ticket(ticket).pk)
    Decision.objects.filter(pk=later.pk).update(run=2)
    assert pipeline.triage_ticket(ticket).run == 1


def test_the_ticket_at_hand_shows_what_was_done(engine: FakeEngine) -> None:
    ticket = open_ticket()
    pipeline.triage_ticket(ticket)
    assert ticket.state is Status.AUTO_RESOLVED
    assert ticket.resolved_at is not None


def test_why_no_decision_could_be_kept_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real, left = Decision.save, [DatabaseError("disk full")] * 3

    def save(row: Decision, *args: Any, **options: Any) -> None:
        if left:
            raise left.pop()
        real(row, *args, **options)

    monkeypatch.setattr(Decision, "save", save)
    decision = pipeline.triage_ticket(open_ticket())
    assert (decision.reason, decision.latency_ms) == ("engine_failed", 0.0)
    assert decision.detail.endswith(": disk full")


def test_a_language_that_cannot_be_told_is_given_as_the_reason_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def fail(text: str, default: str) -> str:
        asked.append(text)
        raise RuntimeError("no language model")

    monkeypatch.setattr(pipeline.language, "detect", fail)
    decision = pipeline.triage_ticket(open_ticket())
    assert decision.detail.endswith(": no language model")
    assert len(asked) == 1


def test_the_engine_reads_the_subject_too(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    real, read = engine.assess, []

    def assess(subject: str, body: str) -> Assessed:
        read.append((subject, body))
        return real(subject, body)

    monkeypatch.setattr(engine, "assess", assess)
    ticket = open_ticket(subject="My refund")
    ticket.reply("Where is it?", author=None)
    pipeline.triage_ticket(ticket)
    assert read == [("My refund", "Where is it?")]


# --- looked at -----------------------------------------------------------------------------------------------------


def test_a_sender_that_reads_no_replies_is_not_answered() -> None:
    verdict = pipeline.judge(open_ticket(machine_sent=True))
    assert (verdict.decision.reason, verdict.decision.action) == ("machine_sent", core.Action.ESCALATE)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_stop_counts_where_the_snapshot_does_not_tell(stopped: bool) -> None:
    switch.set_stopped(stopped, by=None)
    assert ("stopped" in pipeline.judge(open_ticket()).decision.failed) is stopped


@pytest.mark.parametrize("stopped", [False, True])
def test_a_snapshot_that_tells_of_a_stop_is_believed(
    stopped: bool, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken(engine, monkeypatch, stopped=stopped)
    verdict = pipeline.judge(open_ticket())
    assert ("stopped" in verdict.decision.failed) is stopped


def test_a_stop_after_the_snapshot_is_seen_before_anything_is_sent(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken(engine, monkeypatch, stopped=False)
    switch.Stop.objects.create(pk=1, stopped=True)
    ticket = open_ticket()
    decision = pipeline.triage_ticket(ticket)
    assert (decision.action, sent(ticket)) == ("escalate", [])
    assert ticket.state is Status.ESCALATED


def test_the_answer_is_that_of_the_intent_and_no_other(refund_intent: Intent) -> None:
    Intent.objects.filter(pk=refund_intent.pk).delete()
    for slug in ("a_first_one", "track_refund", "z_last_one"):
        intent = Intent.objects.create(slug=slug, title=slug, mode="auto")
        Answer.objects.create(intent=intent, body=f"This is {slug}.").approve(None)
    assert sent_for(open_ticket()) == ["This is track_refund."]


def sent_for(ticket: Ticket) -> list[str]:
    pipeline.triage_ticket(ticket)
    return sent(ticket)


def test_a_missing_answer_is_no_fact_of_what_would_not_have_been_sent(
    engine: FakeEngine, refund_intent: Intent
) -> None:
    engine.says("track_refund", 0.2)
    engine.during = lambda: Answer.objects.get(intent=refund_intent).retire()
    decision = pipeline.triage_ticket(open_ticket())
    assert (decision.reason, decision.basis["withdrawn"]) == ("low_confidence", False)


# --- kept ----------------------------------------------------------------------------------------------------------


def test_a_rulebook_is_known_to_be_kept_from_the_commit_on(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = taken(engine, monkeypatch)
    kept: list[object] = []
    monkeypatch.setattr(RulebookVersion, "keep", kept.append)
    with TestCase.captureOnCommitCallbacks(execute=True):
        pipeline.triage_ticket(open_ticket())
        assert snapshot.kept == set()
    assert snapshot.kept == {snapshot.rules_fingerprint}
    pipeline.triage_ticket(open_ticket(requester_email="gina@example.com"))
    assert kept == [snapshot.engine.rulebook]


def test_a_decision_names_the_model_that_made_it(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    champion = ModelVersion(pk=7)
    taken(engine, monkeypatch, champion=champion)
    ticket = open_ticket()
    row = pipeline.decision_row(ticket, pipeline.judge(ticket))
    assert (row.model_version, row.run) == (champion, 1)


def test_what_is_told_of_a_decision_fits_its_column() -> None:
    decided = core.Decision(
        assessment=core.Assessment(intent=None, confidence=0.0), action=core.Action.ESCALATE,
        reason="grave", threshold=0.75, detail="x" * 500,
    )  # fmt: skip
    assert pipeline.gate_columns(decided)["detail"] == "x" * 400


def test_who_was_faster_than_the_machine_stays_in_charge(engine: FakeEngine, agent: User) -> None:
    ticket = open_ticket()
    engine.during = lambda: Ticket.objects.get().assign(agent, actor=agent)
    pipeline.triage_ticket(ticket)
    assert (ticket.assignee, ticket.state) == (agent, Status.ESCALATED)


# --- what there is to say ------------------------------------------------------------------------------------------


def shelved(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, intent: Intent, house: House) -> None:
    """The answers as they stand go onto the shelf of the snapshot; each in the table is worded anew after that."""
    answers = list(Answer.objects.filter(intent=intent))
    taken(engine, monkeypatch, shelf=Shelf({intent.slug: intent}, {intent.slug: answers}, house))
    Answer.objects.update(body="Worded anew.")


@pytest.mark.parametrize(("confidence", "said"), [(0.2, "refunds take five days"), (0.9, "Worded anew.")])
def test_what_is_sent_is_read_under_the_lock_and_what_is_suggested_stands_on_the_shelf(
    confidence: float, said: str, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, refund_intent: Intent
) -> None:
    shelved(engine, monkeypatch, refund_intent, House())
    engine.says("track_refund", confidence)
    assert said in pipeline.triage_ticket(open_ticket()).response


def test_a_suggestion_is_filled_with_the_facts_on_the_shelf(
    engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, refund_intent: Intent
) -> None:
    Answer.objects.update(body="Send it back within {return_days}.")
    engine.policies = {"track_refund": IntentPolicy(mode=Mode.SUGGEST)}
    shelved(engine, monkeypatch, refund_intent, House({("return_days", ""): "30"}))
    decision = pipeline.triage_ticket(open_ticket())
    assert decision.response == "Send it back within 30 days."
    assert (decision.would_send, decision.basis["withdrawn"]) == (True, False)


def test_a_new_ticket_is_not_asked_for_a_decision_that_it_cannot_have() -> None:
    ticket = open_ticket()
    with CaptureQueriesContext(connection) as queries:
        pipeline.triage_ticket(ticket, is_new=True)
    assert [one["sql"] for one in queries if '"triage_decision"."run" = ' in one["sql"]] == []
