"""Nobody is sent the same answer twice while it is fresh, nor again once it did not help."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.intake.submit import Submission, submit_ticket
from tickets.mail import choices
from tickets.mail.choices import Wanted
from tickets.models import Closure, Status, Ticket
from tickets.web import wording
from triage.core.types import Assessment
from triage.models import Answer, Decision, Intent
from triage.running import memory, pipeline
from triage.running.basis import Basis, read

pytestmark = pytest.mark.django_db
Submit = Callable[..., Ticket]
RITA = "rita@example.com"


@pytest.fixture(autouse=True)
def sure_of_refund(engine: FakeEngine, refund_intent: Intent) -> None:
    engine.says(refund_intent.slug, 0.97)


def aged(ticket: Ticket, **age: int) -> Ticket:
    Decision.objects.filter(ticket=ticket).update(created_at=timezone.now() - timedelta(**age))
    return ticket


def reason(ticket: Ticket) -> str:
    return ticket.decisions.get().reason


def test_the_second_time_a_person_answers(submit: Submit) -> None:
    assert submit(guest_email=RITA).status == Status.AUTO_RESOLVED
    again = submit(guest_email=RITA)
    assert (again.status, again.escalation_reason) == (Status.ESCALATED, "already_sent")
    assert again.messages.count() == 1
    assert wording.WHY["already_sent"].startswith("You’ve had our usual answer already")


@pytest.mark.parametrize("address", ["RITA@Example.com", "rita+shop@example.com", "Rita+a+b@example.com"])
def test_the_same_mailbox_is_the_same_person(submit: Submit, address: str) -> None:
    submit(guest_email=RITA)
    assert reason(submit(guest_email=address)) == "already_sent"


@pytest.mark.parametrize("address", ["ritas@example.com", "rita@example.org", "rita@shop+example.com"])
def test_another_mailbox_is_another_person(submit: Submit, address: str) -> None:
    submit(guest_email=RITA)
    assert reason(submit(guest_email=address)) == "confident"


def test_an_account_is_one_person_whatever_its_address(submit: Submit, requester: User) -> None:
    submit(requester=requester)
    User.objects.filter(pk=requester.pk).update(email="new@example.com")
    requester.refresh_from_db()
    assert reason(submit(requester=requester)) == "already_sent"


def test_a_guest_with_the_address_of_an_account_is_that_person(submit: Submit, requester: User) -> None:
    submit(requester=requester)
    assert reason(submit(guest_email=requester.email)) == "already_sent"


def test_another_version_is_the_same_answer_and_another_intent_s_is_not(
    submit: Submit, engine: FakeEngine, refund_intent: Intent
) -> None:
    submit(guest_email=RITA)
    Answer.objects.create(intent=refund_intent, body="Refunds take six days.").approve(None)
    assert reason(submit(guest_email=RITA)) == "already_sent"
    other = Intent.objects.create(slug="invoice", title="Invoice", mode="auto")
    Answer.objects.create(intent=other, body="Here it is.").approve(None)
    engine.says("invoice", 0.97)
    assert reason(submit(guest_email=RITA)) == "confident"


@pytest.mark.parametrize(("days", "expected"), [(13, "already_sent"), (15, "confident")])
def test_it_is_remembered_for_two_weeks(submit: Submit, days: int, expected: str) -> None:
    aged(submit(guest_email=RITA), days=days)
    assert reason(submit(guest_email=RITA)) == expected


def test_how_long_it_is_remembered_is_a_setting(submit: Submit, settings: Any) -> None:
    settings.TRIAGE_REPEAT_DAYS = 3
    aged(submit(guest_email=RITA), days=4)
    assert reason(submit(guest_email=RITA)) == "confident"


@pytest.mark.parametrize(
    "failing",
    [
        lambda ticket: ticket.record_feedback(solved=False),
        lambda ticket: (ticket.close(Closure.SILENCE), ticket.record_feedback(solved=False)),
        lambda ticket: ticket.reply("That is not it.", author=None),
    ],
    ids=["not solved", "not solved after it was closed", "written back"],
)
def test_what_did_not_help_is_remembered_for_good(
    submit: Submit, failing: Callable[[Ticket], object]
) -> None:
    first = submit(guest_email=RITA)
    failing(first)
    aged(first, days=500)
    assert reason(submit(guest_email=RITA)) == "already_sent"


def test_a_follow_up_of_the_answered_ticket_is_not_answered_so_again(submit: Submit) -> None:
    first = aged(submit(guest_email=RITA), days=100)
    assert reason(submit(guest_email="ritas-partner@example.com", follow_up_of=first)) == "already_sent"


def test_what_was_only_suggested_was_not_sent(submit: Submit, engine: FakeEngine) -> None:
    engine.says("track_refund", 0.3)
    submit(guest_email=RITA)
    engine.says("track_refund", 0.97)
    assert reason(submit(guest_email=RITA)) == "confident"


def test_what_was_sent_while_the_engine_thought_counts(submit: Submit, engine: FakeEngine) -> None:
    wish = Submission(subject="Refund?", body="Where is it?", guest_email=RITA)
    engine.during = lambda: submit(subject=wish.subject, body=wish.body, guest_email=RITA)
    assert reason(submit(guest_email=RITA)) == "already_sent"
    assert Ticket.objects.filter(status=Status.AUTO_RESOLVED).count() == 1


def test_what_was_sent_after_the_ticket_was_judged_counts_too(
    submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, judged = pipeline.judge, []

    def judge_and_be_overtaken(ticket: Ticket) -> pipeline.Verdict:
        verdict = judge(ticket)
        judged.append(verdict)
        if len(judged) == 1:
            submit(guest_email=RITA)
        return verdict

    monkeypatch.setattr(pipeline, "judge", judge_and_be_overtaken)
    assert reason(submit(guest_email=RITA)) == "already_sent"
    assert Ticket.objects.filter(status=Status.AUTO_RESOLVED).count() == 1


def test_it_is_looked_up_by_one_query_that_reads_no_table_whole(submit: Submit, requester: User) -> None:
    ticket = submit(requester=requester)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        memory.look(ticket, "track_refund")
    assert len(queries) == 1
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {queries[0]['sql']}")
            plan = [row[3] for row in cursor.fetchall()]
        few = {"SCAN CONSTANT ROW", "SCAN a", "SCAN b", "SCAN earlier"}  # the latest of one person
        assert not [step for step in plan if step.startswith("SCAN") and step not in few], plan


def test_only_the_latest_tickets_of_a_person_are_looked_at(
    submit: Submit, requester: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = submit(requester=requester)
    for _ in range(3):
        submit(requester=requester)
    ticket = Ticket(requester=requester, requester_email=requester.email, subject="Lamp")
    ticket.mailbox = first.mailbox  # type: ignore[assignment]
    assert memory.look(ticket, "track_refund").sent_before is True
    monkeypatch.setattr(memory, "OF_PERSON", memory.OF_PERSON.replace(f"LIMIT {memory.LATEST}", "LIMIT 3"))
    assert memory.look(ticket, "track_refund").sent_before is False


def test_the_same_look_tells_which_mails_the_person_wants(submit: Submit) -> None:
    ticket = submit(guest_email=RITA)
    memory.look(ticket, None)
    assert ticket.wanted is Wanted.EVERY
    choices.choose(RITA, Wanted.NONE)
    memory.look(ticket, None)
    assert ticket.wanted is Wanted.NONE
    ticket.refresh_from_db()
    assert ticket.wanted is None


@pytest.mark.parametrize("sent", [True, False])
def test_what_was_known_then_is_replayed(submit: Submit, sent: bool) -> None:
    submit(guest_email=RITA if sent else "steve@example.com")
    decision = submit(guest_email=RITA).decisions.get()
    assert decision.basis["sent_before"] is sent
    Decision.objects.exclude(pk=decision.pk).delete()
    again = Basis.from_json(decision.basis).decide(
        Assessment(intent="track_refund", confidence=0.97, margin=0.97)
    )
    assert (again.action.value, again.reason) == (decision.action, decision.reason)


def test_a_decision_from_before_there_was_a_memory_is_replayed_without_it(submit: Submit) -> None:
    kept = submit().decisions.get().basis
    del kept["sent_before"]
    assert Basis.from_json(kept).sent_before is False


def test_a_whole_chain_of_follow_ups_is_remembered(submit: Submit, engine: FakeEngine) -> None:
    first = submit(guest_email=RITA)
    engine.says(None, 0.0)
    second = submit(guest_email="ritas-partner@example.com", follow_up_of=first)
    third = submit(guest_email="ritas-son@example.com", follow_up_of=second)
    engine.says("track_refund", 0.97)
    assert reason(submit(guest_email="ritas-daughter@example.com", follow_up_of=third)) == "already_sent"


def test_a_circle_of_follow_ups_is_walked_once(submit: Submit, engine: FakeEngine) -> None:
    engine.says(None, 0.0)
    first = submit(guest_email=RITA)
    second = submit(guest_email="other@example.com", follow_up_of=first)
    Ticket.objects.filter(pk=first.pk).update(follow_up_of=second)
    second.refresh_from_db()
    assert memory.look(second, "track_refund").sent_before is False


# --- a follow-up speaks for itself ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject", ["Where is my refund?", "Re: Where is my refund?", "AW : re: WHERE is my refund?"]
)
def test_the_old_subject_is_not_read_again(submit: Submit, subject: str) -> None:
    first = submit(subject="Where is my refund?")
    later = submit_ticket(Submission(subject=subject, body="And my invoice?", follow_up_of=first))
    assert (read(later).subject, read(later).body) == ("", "And my invoice?")


@pytest.mark.parametrize(
    "subject", ["My invoice", "Still: where is my refund? And the invoice", "So where is my refund?"]
)
def test_a_subject_of_its_own_is_read(submit: Submit, subject: str) -> None:
    first = submit(subject="Where is my refund?")
    later = submit_ticket(Submission(subject=subject, body="And my invoice?", follow_up_of=first))
    assert read(later).subject == subject


def test_the_subject_of_a_ticket_that_follows_nothing_is_read(submit: Submit) -> None:
    submit(subject="Where is my refund?")
    assert read(submit(subject="Where is my refund?")).subject == "Where is my refund?"
