"""What is put aside is out of everybody's way, and comes back whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Role, User
from tickets.errors import InvalidTransition
from tickets.models import Closure, Event, OutgoingMail, Status, Ticket, Urgency
from tickets.states import Handover

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(requester: User) -> Ticket:
    """A ticket that waits in the queue."""
    return Ticket.objects.create(
        requester=requester, requester_email=requester.email, subject="Cheap ink", status=Status.ESCALATED,
        escalated_at=timezone.now(), escalation_reason="out_of_scope",
    )  # fmt: skip


@pytest.fixture
def put_aside(ticket: Ticket, agent: User) -> Ticket:
    ticket.quarantine("spam", agent)
    return ticket


def kinds(ticket: Ticket) -> list[str]:
    return [event.kind for event in ticket.events.order_by("id")]


def test_it_waits_for_nobody_and_nobody_is_in_charge(ticket: Ticket, agent: User) -> None:
    ticket.assign(agent, actor=agent)
    ticket.quarantine("spam", agent)
    ticket.refresh_from_db()
    assert ticket.is_quarantined
    assert (ticket.assignee, ticket.escalation_reason) == (None, "spam")
    assert not Ticket.objects.all().awaiting_agent().exists()


def test_nobody_is_written_to_when_it_is_put_aside(ticket: Ticket, agent: User) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.OPEN)
    ticket.quarantine("spam", agent)
    assert not OutgoingMail.objects.exists()


def test_released_it_waits_as_long_as_it_has_waited(put_aside: Ticket, agent: User) -> None:
    since = put_aside.escalated_at
    put_aside.release(agent)
    put_aside.refresh_from_db()
    assert not put_aside.is_quarantined
    assert (put_aside.escalated_at, put_aside.escalation_reason) == (since, "not_spam")
    assert kinds(put_aside) == [Event.Kind.QUARANTINED, Event.Kind.RELEASED]
    assert Ticket.objects.all().awaiting_agent().get() == put_aside


def mails() -> list[str]:
    return [mail.subject for mail in OutgoingMail.objects.order_by("id")]


def test_released_for_the_first_time_its_requester_is_told(ticket: Ticket, agent: User) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.OPEN)
    ticket.refresh_from_db()
    ticket.escalate("spam", step=Handover.QUARANTINE)
    assert mails() == []
    ticket.release(agent)
    assert mails() == ["Re: Cheap ink"]
    ticket.quarantine("spam", agent)
    ticket.release(agent)
    assert len(mails()) == 1


def test_put_aside_by_an_agent_before_anybody_was_told_it_is_the_same(ticket: Ticket, agent: User) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.OPEN)
    ticket.refresh_from_db()
    ticket.quarantine("spam", agent)
    ticket.request_person(actor=ticket.requester)
    assert mails() == ["Re: Cheap ink"]


@pytest.mark.parametrize(("step", "told"), [(Handover.NORMAL, 1), (Handover.SILENT, 0)])
def test_who_was_told_before_or_is_a_machine_is_not_told_again(
    ticket: Ticket, agent: User, step: Handover, told: int
) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.OPEN)
    ticket.refresh_from_db()
    ticket.escalate("low_confidence", step=step)
    ticket.quarantine("spam", agent)
    ticket.release(agent)
    assert len(mails()) == told


def test_only_what_is_in_quarantine_is_released(ticket: Ticket, agent: User) -> None:
    with pytest.raises(InvalidTransition, match="not in quarantine"):
        ticket.release(agent)


@pytest.mark.parametrize(
    "step",
    [
        lambda ticket, agent: ticket.assign(agent, actor=agent),
        lambda ticket, agent: ticket.reply("Hello", author=agent),
        lambda ticket, agent: ticket.resolve(actor=agent),
        lambda ticket, agent: ticket.quarantine("spam", agent),
        lambda ticket, agent: ticket.prioritise(Urgency.HIGH, actor=agent),
    ],
    ids=["assign", "reply", "resolve", "quarantine", "prioritise"],
)
def test_nobody_works_on_it_before_it_is_released(
    put_aside: Ticket, agent: User, step: Callable[[Ticket, User], object]
) -> None:
    with pytest.raises(InvalidTransition, match="in quarantine"):
        step(put_aside, agent)


def test_a_reply_of_its_requester_is_kept_and_it_stays_where_it_is(put_aside: Ticket) -> None:
    put_aside.reply("Buy now!", author=put_aside.requester)
    put_aside.refresh_from_db()
    assert put_aside.is_quarantined
    assert put_aside.messages.get().body == "Buy now!"


def test_what_its_requester_thinks_of_it_is_kept_and_it_stays_where_it_is(put_aside: Ticket) -> None:
    put_aside.record_feedback(solved=False, comment="Nobody answered.")
    put_aside.refresh_from_db()
    assert (put_aside.is_quarantined, put_aside.status) == (True, Status.ESCALATED)
    assert put_aside.feedback.comment == "Nobody answered."


def test_whoever_asks_for_a_person_gets_out_of_it(put_aside: Ticket) -> None:
    put_aside.request_person(actor=put_aside.requester)
    put_aside.refresh_from_db()
    assert (put_aside.is_quarantined, put_aside.human_requested) == (False, True)
    assert kinds(put_aside)[-2:] == [Event.Kind.RELEASED, Event.Kind.PERSON_REQUESTED]


def test_an_agent_who_leaves_takes_nothing_out_of_quarantine(ticket: Ticket, agent: User) -> None:
    ticket.assign(agent, actor=agent)
    ticket.quarantine("spam", agent)
    agent.role = Role.REQUESTER
    agent.save(update_fields=["role"])
    ticket.refresh_from_db()
    assert ticket.is_quarantined


def test_its_page_reads_like_that_of_any_ticket_that_waits(
    web: Callable[..., Client], put_aside: Ticket, requester: User
) -> None:
    page = web(requester).get(put_aside.get_absolute_url()).content.decode()
    assert "A person will answer" in page
    assert "passed this to our team" in page
    assert "With our team" in page
    assert "spam" not in page.lower()
    assert "quarantine" not in page.lower()


def test_its_requester_lists_it_and_the_team_does_not(
    api: Callable[..., APIClient], put_aside: Ticket, requester: User, agent: User
) -> None:
    assert len(api(requester).get("/api/tickets").data["results"]) == 1
    assert api(agent).get("/api/tickets?scope=all").data["results"] == []


def test_it_is_never_closed_for_silence(put_aside: Ticket) -> None:
    with pytest.raises(InvalidTransition):
        put_aside.close(Closure.SILENCE)


def test_an_agent_says_how_urgent_it_is_once(ticket: Ticket, agent: User) -> None:
    ticket.prioritise(Urgency.URGENT, actor=agent)
    ticket.prioritise(Urgency.URGENT, actor=agent)
    event = ticket.events.get()
    assert (event.kind, event.facts) == (Event.Kind.PRIORITISED, {"urgency": 2})
