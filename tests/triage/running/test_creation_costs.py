"""What one ticket costs: every statement from the request to its answer, triage and notice included, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tickets.background import jobs
from tickets.models import Event, Job, Message, Status, Ticket
from triage.models import Answer, Decision, Intent, Mode, Rule
from triage.oversight import switch
from triage.running import news, pipeline, work
from triage.running.runtime import Runtime, runtime

BODY = "Please tell me where my parcel is"

#: Intake, in one transaction.
TAKEN_IN = [
    "INSERT limits_allowance",  # how often this person may
    "INSERT tickets_ticket",
    "INSERT tickets_job",  # born with its lease: nobody claims it
    "INSERT tickets_message",
    "INSERT tickets_event",
]
#: What the engine and the gates need to know.
JUDGED = [
    "SELECT tickets_ticket",  # champion, revision and what was settled meanwhile, in one
    "SELECT tickets_mailchoice",  # what this person was sent before, and how they want to hear
]
#: Record and act, in one transaction: the row is written if nobody has touched it, neither locked nor read before.
HANDED_OVER = [
    "INSERT triage_decision",
    "UPDATE tickets_ticket",
    "INSERT tickets_event",
    "INSERT service_clock",
    "INSERT tickets_outgoingmail",
    "INSERT tickets_job",  # its delivery
]
#: The answer tells what is known: nothing is read for it.
ANSWERED = ["UPDATE tickets_job"]

_TABLE = re.compile(r'\b(INSERT INTO|UPDATE|FROM)\s+"?(\w+)')


def named(sql: str) -> str | None:
    """ "SELECT tickets_ticket"; None for what begins and ends transactions, and for the search's own tables."""
    found = _TABLE.findall(sql)
    if not found or sql.startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")):
        return None
    table = found[-1][1] if sql.strip().startswith(("SELECT (SELECT", "SELECT EXISTS")) else found[0][1]
    return None if table.startswith("search_") else f"{sql.split()[0]} {table}"


@pytest.fixture
def house() -> Iterator[Intent]:
    """A real engine of rules alone, warm, with an approved answer."""
    runtime.forget()
    intent = Intent.objects.create(slug="track", title="Where is it", mode=Mode.SUGGEST)
    Rule.objects.create(intent=intent, pattern="where my parcel", weight=0.95)
    Answer.objects.create(intent=intent, language="en", body="It is on its way.").approve(None)
    runtime.warm()
    yield intent
    runtime.forget()


def sent(api, requester) -> tuple[Ticket, list[str], dict]:  # type: ignore[no-untyped-def, type-arg]
    with CaptureQueriesContext(connection) as captured:
        response = api(requester).post("/api/tickets", {"subject": "", "body": BODY})
    assert response.status_code == 201
    costs = [cost for query in captured.captured_queries if (cost := named(query["sql"]))]
    return Ticket.objects.get(reference=response.json()["id"]), costs, response.json()


@pytest.mark.django_db(transaction=True)
def test_every_statement_of_a_new_ticket_has_its_purpose(house, api, requester):
    sent(api, requester)  # the rules' row, targets and the mailbox in use are remembered from now on
    ticket, costs, said = sent(api, requester)
    assert costs == TAKEN_IN + JUDGED + HANDED_OVER + ANSWERED
    assert ticket.status == Status.ESCALATED
    assert said["status"] == Status.ESCALATED  # the answer tells what triage has done, without asking again
    decision = Decision.objects.get(ticket=ticket)
    assert (decision.intent, decision.response, decision.applied) == (house, "It is on its way.", True)
    assert decision.rules_fingerprint
    job = Job.objects.get(kind=work.KIND, subject_id=ticket.pk)
    assert job.finished_at is not None
    assert (job.attempts, job.lease_until) == (1, None)
    assert list(ticket.events.values_list("kind", flat=True)) == [Event.Kind.CREATED, Event.Kind.ESCALATED]


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_is_sent_is_read_under_the_lock(house, api, requester, stranger):
    house.mode = Mode.AUTO
    house.save()
    sent(api, requester)
    ticket, costs, said = sent(api, stranger)
    assert said["status"] == Status.AUTO_RESOLVED
    assert said["messages"][-1]["body"] == "It is on its way."
    assert "SELECT triage_answer" in costs
    assert len(costs) <= 40  # among them: followers, people in copy, how its requester wants to hear
    assert ticket.messages.filter(sender=Message.Sender.MACHINE).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_stop_counts_from_the_next_ticket_on(house, api, requester):
    house.mode = Mode.AUTO
    house.save()
    runtime.warm()
    switch.set_stopped(True, by=None, why="a test")
    ticket, _, _ = sent(api, requester)
    assert ticket.status == Status.ESCALATED
    assert Decision.objects.get(ticket=ticket).basis["stopped"] is True


@pytest.mark.django_db(transaction=True)
def test_a_process_that_dies_after_the_commit_leaves_a_job_whose_lease_runs_out(house, monkeypatch):
    def die(ticket: Ticket, **facts: object) -> None:
        raise SystemExit  # past every handler, as a kill

    monkeypatch.setattr(pipeline, "triage_ticket", die)
    with pytest.raises(SystemExit):
        Ticket.objects.create(requester_email="g@example.com", subject=BODY)
    monkeypatch.undo()
    job = Job.objects.get(kind=work.KIND)
    assert (job.attempts, job.finished_at) == (1, None)
    assert jobs.run_due() == 0  # its lease holds, and nobody takes it before
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1), run_at=timezone.now())
    assert jobs.run_due() >= 1
    assert Decision.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_changes_between_two_tickets_counts_for_the_second(house, api, requester):
    sent(api, requester)
    Answer.objects.create(intent=house, language="en", body="It comes tomorrow.").approve(None)
    ticket, _, _ = sent(api, requester)
    assert Decision.objects.get(ticket=ticket).response == "It comes tomorrow."


@pytest.mark.django_db
def test_the_news_name_champion_revision_and_what_was_settled():
    first = news.look(None)
    assert (first.champion, first.settled) == (None, (None, 0))
    Ticket.objects.create(requester_email="g@example.com", subject="Old", status=Status.CLOSED)
    later = news.look(timezone.now() - timedelta(minutes=1))
    newest = Ticket.objects.get().updated_at
    assert later.settled == (newest, 1)
    assert news.look(timezone.now() + timedelta(minutes=1)).settled == (None, 0)


@pytest.mark.django_db
def test_the_window_of_what_was_settled_goes_with_the_time():
    own = Runtime()
    own.warm()
    own._caught_up_to = timezone.now() - timedelta(hours=1)
    own.warm()
    assert own._caught_up_to > timezone.now() - timedelta(minutes=1)
    late = Ticket.objects.create(requester_email="g@example.com", subject="Old", status=Status.CLOSED)
    Ticket.objects.update(updated_at=timezone.now() - timedelta(seconds=20))  # committed after its own time
    own.warm()
    assert late.pk in own._index
