"""Colleagues get at most one mail a minute: the first at once, the others together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Role, User
from tickets.background import jobs
from tickets.intake.submit import Submission, submit_ticket
from tickets.mail import bundling
from tickets.models import AgentNotice, Job, OutgoingMail, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna(db: None) -> User:
    return User.objects.create_user("zoe@example.com", "x" * 20, role=Role.AGENT, name="Zoe Agent")


@pytest.fixture
def tickets(requester: User) -> list[Ticket]:
    made = [
        submit_ticket(Submission(subject=f"Parcel {number}", body="Where is it?", requester=requester))
        for number in range(3)
    ]
    for ticket in made:
        ticket.escalate("low_confidence")
    OutgoingMail.objects.all().delete()
    return made


def to(agent: User) -> list[OutgoingMail]:
    return [one for one in OutgoingMail.objects.order_by("id") if one.recipients == [agent.email]]


def test_whoever_is_given_a_ticket_is_told_and_whoever_takes_one_is_not(
    tickets: list[Ticket], agent: User, anna: User
) -> None:
    tickets[0].assign(anna, actor=agent)
    (told,) = to(anna)
    assert told.subject == f"[{tickets[0].reference}] Assigned to you: Parcel 0"
    tickets[1].assign(agent, actor=agent)
    assert to(agent) == []


def test_what_follows_within_a_minute_comes_in_one_mail(
    tickets: list[Ticket], agent: User, anna: User
) -> None:
    for ticket in tickets:
        ticket.assign(anna, actor=agent)
    tickets[1].note("@Zoe Agent, please look.", author=agent)
    assert len(to(anna)) == 1
    planned = Job.objects.get(kind=bundling.KIND)
    assert planned.run_at <= timezone.now() + bundling.SPAN
    jobs.run_one(planned.pk)
    _, bundle = to(anna)
    assert bundle.subject == "News on 2 tickets"
    assert f"{tickets[1].reference} Parcel 1: assigned to you, you are mentioned in a note" in bundle.body
    assert f"{tickets[2].reference} Parcel 2: assigned to you" in bundle.body
    assert tickets[0].reference not in bundle.body
    assert "please look" not in bundle.body  # what was written is read at the desk
    bundling.tell(anna.pk)
    assert len(to(anna)) == 2


def test_after_a_quiet_minute_the_next_goes_at_once(tickets: list[Ticket], agent: User, anna: User) -> None:
    tickets[0].assign(anna, actor=agent)
    AgentNotice.objects.update(at=timezone.now() - timedelta(seconds=61))
    tickets[1].assign(anna, actor=agent)
    assert len(to(anna)) == 2


def test_colleagues_do_not_hold_each_other_up(
    tickets: list[Ticket], agent: User, anna: User, supervisor: User
) -> None:
    tickets[0].assign(anna, actor=agent)
    tickets[1].assign(supervisor, actor=agent)
    assert len(to(anna)) == len(to(supervisor)) == 1


def test_what_a_job_missed_is_told_by_the_sweep(tickets: list[Ticket], agent: User, anna: User) -> None:
    for ticket in tickets:
        ticket.assign(anna, actor=agent)
    Job.objects.filter(kind=bundling.KIND).update(finished_at=timezone.now())
    bundling.sweep()
    assert len(to(anna)) == 1  # it waits its minute first
    AgentNotice.objects.filter(told_at=None).update(at=timezone.now() - timedelta(minutes=3))
    bundling.sweep()
    assert len(to(anna)) == 2
    assert not AgentNotice.objects.filter(told_at=None).exists()


def test_who_left_the_team_meanwhile_is_told_nothing(tickets: list[Ticket], agent: User, anna: User) -> None:
    for ticket in tickets[:2]:
        ticket.assign(anna, actor=agent)
    User.objects.filter(pk=anna.pk).update(role=Role.REQUESTER)
    bundling.tell(anna.pk)
    assert len(to(anna)) == 1
