"""Many at once on PostgreSQL: nothing lost, nothing decided twice, and a person beats the machine."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import count

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.limits.models import Allowance
from accounts.models import Role, User
from tests.conftest import PASSWORD, FakeEngine, person
from tests.services.conftest import Together
from tickets.background import jobs, sealer
from tickets.background.jobs import Job
from tickets.errors import InvalidTransition
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Closure, Event, Message, OutgoingMail, SentMail, Status, Ticket
from triage.models import Decision, ModelVersion, PolicyRevision
from triage.running import pipeline

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
WISH = Submission(subject="Refund", body="Where is my refund?", guest_email="guest@example.com")


NUMBERS = count()


def open_ticket() -> Ticket:
    """An open ticket of a new guest that triage has not seen: saved without the signal."""
    address = f"guest{next(NUMBERS)}@example.com"
    return Ticket.objects.bulk_create([Ticket(requester_email=address, subject="Refund")])[0]


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


@pytest.fixture
def slow_jobs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A kind of job that notes its subject and takes a moment."""
    done: list[int] = []

    def perform(subject_id: int) -> None:
        time.sleep(0.002)
        done.append(subject_id)

    monkeypatch.setitem(jobs.KINDS, "noted", jobs.Kind("noted", perform, prompt=False))
    return done


def test_workers_side_by_side_do_every_job_once(together: Together, slow_jobs: list[int]) -> None:
    for number in range(60):
        jobs.enqueue("noted", number, key=str(number))
    counts = together(*[jobs.run_due] * 6)
    assert sum(counts) == 60
    assert Counter(slow_jobs) == Counter(range(60))


def test_a_job_that_another_worker_is_taking_is_passed_over_not_waited_for(
    together: Together, slow_jobs: list[int]
) -> None:
    first, second = (jobs.enqueue("noted", number, key=str(number)) for number in range(2))
    with transaction.atomic():
        Job.objects.select_for_update().get(pk=first.pk)
        (taken,) = together(jobs.claim_next)
    assert taken.pk == second.pk


def test_one_job_id_claimed_by_many_is_had_by_one(together: Together, slow_jobs: list[int]) -> None:
    job = jobs.enqueue("noted", 1, key="1")
    claims = together(*[partial(jobs.claim, job.pk)] * 8)
    assert sum(claim is not None for claim in claims) == 1
    job.refresh_from_db()
    assert job.attempts == 1


def test_many_tickets_at_once_get_one_decision_and_one_answer_each(
    together: Together, sure_of_refund: FakeEngine
) -> None:
    def submit_some(place: int) -> None:
        for number in range(8):
            submit_ticket(replace(WISH, guest_email=f"guest{place}{number}@example.com"))

    outcomes = together(*(partial(submit_some, place) for place in range(6)), jobs.run_due, jobs.sweep)
    assert [error for error in outcomes if isinstance(error, Exception)] == []
    assert Ticket.objects.filter(status=Status.AUTO_RESOLVED).count() == 48
    assert Decision.objects.filter(applied=True).count() == 48
    assert Message.objects.filter(sender=Message.Sender.MACHINE).count() == 48
    jobs.run_due()
    assert not OutgoingMail.objects.exists()


def test_one_person_who_sends_many_at_once_is_answered_once(
    together: Together, sure_of_refund: FakeEngine
) -> None:
    outcomes = together(*[partial(submit_ticket, WISH)] * 6, jobs.run_due, jobs.sweep)
    assert [error for error in outcomes if isinstance(error, Exception)] == []
    assert Message.objects.filter(sender=Message.Sender.MACHINE).count() == 1
    reasons = Counter(Decision.objects.values_list("reason", flat=True))
    assert reasons == {"confident": 1, "already_sent": 5}


def test_many_tickets_in_one_claimed_name_cause_three_mails_and_no_silence(
    together: Together, sure_of_refund: FakeEngine, settings: LazySettings
) -> None:
    settings.TRIAGE_REPEAT_DAYS = 0  # the same answer may go again
    spellings = [f"vic{'.' * (number % 2)}tim+{number}@gmail.com" for number in range(10)]
    wishes = [
        replace(WISH, guest_email=one, human_requested=number % 5 == 4)
        for number, one in enumerate(spellings)
    ]
    outcomes = together(*(partial(submit_ticket, wish) for wish in wishes))
    assert [error for error in outcomes if isinstance(error, Exception)] == []
    handed_over = Ticket.objects.exclude(status=Status.AUTO_RESOLVED)
    assert {one.escalation_reason for one in handed_over} <= {"mail_spent", "asked_for_person"}
    assert SentMail.objects.count() == 10 - handed_over.count() <= 3
    assert OutgoingMail.objects.count() == 3
    assert Allowance.objects.filter(key__startswith="claimed_mail:").count() == 1


def test_one_ticket_triaged_by_many_is_answered_once(together: Together, sure_of_refund: FakeEngine) -> None:
    ticket = open_ticket()
    decisions = together(*[partial(pipeline.triage_ticket, ticket)] * 8)
    assert {decision.pk for decision in decisions} == {Decision.objects.get().pk}
    assert ticket.messages.filter(sender=Message.Sender.MACHINE).count() == 1
    assert ticket.events.filter(kind=Event.Kind.AUTO_RESOLVED).count() == 1


def test_a_machine_that_waits_for_a_persons_reply_gives_way(
    together: Together, sure_of_refund: FakeEngine
) -> None:
    agent, ticket = person("anna@example.com", Role.AGENT, "Anna"), open_ticket()
    written, waiting = threading.Event(), threading.Event()

    def reply_slowly() -> None:
        with transaction.atomic():
            Ticket.objects.get(pk=ticket.pk).reply("I am on it.", author=agent)
            written.set()
            assert waiting.wait(10)

    def decide() -> None:
        assert written.wait(10)
        pipeline.triage_ticket(ticket)

    def release() -> None:
        deadline = time.monotonic() + 10
        while not waits_for_a_lock() and time.monotonic() < deadline:
            time.sleep(0.01)
        waiting.set()

    together(reply_slowly, decide, release)
    ticket.refresh_from_db()
    assert (ticket.status, Decision.objects.get().applied) == (Status.PENDING, False)
    assert not ticket.messages.filter(sender=Message.Sender.MACHINE).exists()


def test_of_a_person_and_the_machine_in_the_same_moment_exactly_one_wins(
    together: Together, sure_of_refund: FakeEngine
) -> None:
    agent, winners = person("anna@example.com", Role.AGENT, "Anna"), Counter[str]()
    for _ in range(15):
        ticket = open_ticket()
        by_person = partial(Ticket.objects.get(pk=ticket.pk).resolve, actor=agent)
        refused, decision = together(by_person, partial(pipeline.triage_ticket, ticket))
        ticket.refresh_from_db()
        machine_won = isinstance(refused, InvalidTransition)
        assert ticket.status == (Status.AUTO_RESOLVED if machine_won else Status.RESOLVED)
        assert decision.applied is machine_won
        assert ticket.messages.filter(sender=Message.Sender.MACHINE).count() == machine_won
        assert ticket.events.count() == 1
        winners[ticket.status] += 1
    assert sum(winners.values()) == 15


def test_nothing_the_machine_says_follows_a_persons_word(
    together: Together, sure_of_refund: FakeEngine
) -> None:
    agent = person("anna@example.com", Role.AGENT, "Anna")
    for _ in range(15):
        ticket = open_ticket()
        reply = partial(Ticket.objects.get(pk=ticket.pk).reply, "I am on it.", author=agent)
        together(reply, partial(pipeline.triage_ticket, ticket))
        senders = list(ticket.messages.values_list("sender", flat=True))
        assert senders in (["agent"], ["machine", "agent"])
        ticket.refresh_from_db()
        assert ticket.status == Status.PENDING


def test_of_closing_and_reopening_in_the_same_moment_one_is_refused(
    together: Together, sure_of_refund: FakeEngine
) -> None:
    for _ in range(15):
        ticket = open_ticket()
        pipeline.triage_ticket(ticket)
        one, other = Ticket.objects.get(pk=ticket.pk), Ticket.objects.get(pk=ticket.pk)
        outcomes = together(partial(one.close, Closure.CONFIRMED), other.reopen)
        assert [type(outcome) for outcome in outcomes].count(InvalidTransition) == 1
        ticket.refresh_from_db()
        ended = {Event.Kind.CLOSED: Status.CLOSED, Event.Kind.REOPENED: Status.ESCALATED}
        assert ticket.status == ended[Event.Kind(ticket.events.last().kind)]


def test_feedback_given_twice_in_the_same_moment_is_kept_once(
    together: Together, sure_of_refund: FakeEngine
) -> None:
    ticket = open_ticket()
    pipeline.triage_ticket(ticket)
    rows = [Ticket.objects.get(pk=ticket.pk) for _ in range(4)]
    outcomes = together(*[partial(row.record_feedback, solved=True, rating=5) for row in rows])
    assert [error for error in outcomes if isinstance(error, Exception)] == []
    ticket.refresh_from_db()
    assert ticket.status == Status.CLOSED
    assert ticket.events.filter(kind=Event.Kind.CLOSED).count() == 1


def test_the_same_external_id_at_once_makes_one_ticket_and_leaves_nothing_of_the_others(
    together: Together, sure_of_refund: FakeEngine
) -> None:
    wish = Submission(subject="Refund", body="Where?", guest_email="g@example.com", external_id="api:1:same")
    outcomes = together(*[partial(submit_ticket, wish)] * 6)
    assert sum(isinstance(outcome, IntegrityError) for outcome in outcomes) == 5
    assert (Ticket.objects.count(), Decision.objects.count(), Event.objects.filter(kind="created").count()) == (
        1, 1, 1,
    )  # fmt: skip
    assert Message.objects.filter(sender=Message.Sender.REQUESTER).count() == 1


def test_the_same_idempotency_key_sent_at_once_gets_the_same_ticket(
    together: Together, sure_of_refund: FakeEngine
) -> None:
    person("rita@example.com", Role.REQUESTER, "Rita")
    login = {"email": "rita@example.com", "password": PASSWORD}
    token = Client().post("/api/auth/login", login, content_type="application/json").json()["access"]

    def post() -> tuple[int, str]:
        """The status, and the ticket or why there is none yet."""
        answer = Client().post(
            "/api/tickets", {"body": "Where is my refund?"}, content_type="application/json",
            headers={"authorization": f"Bearer {token}", "idempotency-key": "one"},
        )  # fmt: skip
        told = answer.json()
        return answer.status_code, told.get("id") or told["code"]

    outcomes = together(*[post] * 5)
    reference = Ticket.objects.get().reference
    assert [told for told in outcomes if told[0] == 201] == [(201, reference)]
    assert set(outcomes) <= {(201, reference), (200, reference), (409, "still_running")}
    assert post() == (200, reference)


def test_two_versions_promoted_at_once_leave_one_champion(together: Together) -> None:
    versions = [
        ModelVersion.objects.create(folder=f"m{n}", training_fingerprint=str(n), is_champion=n == 0)
        for n in range(4)
    ]
    outcomes = together(*[version.promote for version in versions[1:]])
    assert outcomes == [None] * 3
    assert ModelVersion.objects.filter(is_champion=True).count() == 1


def test_no_change_of_the_policy_is_missed(together: Together) -> None:
    before = PolicyRevision.current()
    together(*[PolicyRevision.bump] * 6)
    assert PolicyRevision.current() == before + 6


def test_silent_tickets_closed_by_two_workers_are_closed_once(
    together: Together, sure_of_refund: FakeEngine
) -> None:
    ticket = open_ticket()
    pipeline.triage_ticket(ticket)
    Ticket.objects.update(resolved_at="2020-01-01T00:00:00Z")
    together(*[jobs.sweep] * 4)
    assert ticket.events.filter(kind=Event.Kind.CLOSED).count() == 1
    assert User.objects.count() == 0


def test_an_event_that_commits_late_is_placed_after_those_that_were_read_before_it() -> None:
    ticket = open_ticket()
    written, may_commit = threading.Event(), threading.Event()

    def slow_transaction() -> None:
        with transaction.atomic():
            Event(ticket=ticket, kind="noted", facts={"number": 1}).save()
            written.set()
            assert may_commit.wait(10)
        connection.close()

    slow = threading.Thread(target=slow_transaction)
    slow.start()
    assert written.wait(10)
    Event(ticket=ticket, kind="noted", facts={"number": 2}).save()
    sealer.seal_events()
    may_commit.set()
    slow.join(10)
    sealer.seal_events()
    first, second = Event.objects.order_by("position")
    assert (first.facts["number"], second.facts["number"]) == (2, 1)
    assert first.pk > second.pk
    assert sealer.first_broken_position() is None


def test_sealers_side_by_side_take_turns(together: Together) -> None:
    ticket = open_ticket()
    for number in range(40):
        Event(ticket=ticket, kind="noted", facts={"number": number}).save()
    counts = together(*[sealer.seal_events] * 4)
    assert sum(counts) == 40
    assert sorted(Event.objects.values_list("position", flat=True)) == list(range(1, 41))
    assert sealer.first_broken_position() is None
