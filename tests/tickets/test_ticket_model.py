"""Every legal and illegal transition of a ticket, and the audit row that each writes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import User
from tickets.errors import InvalidTransition
from tickets.models import Closure, Event, Status, Ticket, Urgency
from tickets.requester_steps import UNDO_TIME

pytestmark = pytest.mark.django_db

STEPS: dict[str, Callable[[Ticket, User], object]] = {
    "auto_resolve": lambda ticket, agent: ticket.auto_resolve("Here you are.", facts={}),
    "escalate": lambda ticket, agent: ticket.escalate("low_confidence"),
    "request_person": lambda ticket, agent: ticket.request_person(),
    "assign": lambda ticket, agent: ticket.assign(agent, actor=agent),
    "agent_reply": lambda ticket, agent: ticket.reply("Hello", author=agent),
    "requester_reply": lambda ticket, agent: ticket.reply("Hello", author=ticket.requester),
    "resolve": lambda ticket, agent: ticket.resolve(actor=agent),
    "reopen": lambda ticket, agent: ticket.reopen(),
    "close": lambda ticket, agent: ticket.close(Closure.AGENT, actor=agent),
    "confirm_by_reply": lambda ticket, agent: ticket.confirm_by_reply("Thanks", author=ticket.requester),
    "settle": lambda ticket, agent: ticket.settle(actor=ticket.requester),
    "undo_confirmation": lambda ticket, agent: ticket.undo_confirmation(actor=ticket.requester),
    "quarantine": lambda ticket, agent: ticket.quarantine("spam", agent),
    "release": lambda ticket, agent: ticket.release(agent),
    "prioritise": lambda ticket, agent: ticket.prioritise(Urgency.HIGH, actor=agent),
}

# start state -> step -> end state; what is not named here must be refused
LEGAL: dict[Status, dict[str, Status]] = {
    Status.OPEN: {
        "settle": Status.CLOSED,
        "auto_resolve": Status.AUTO_RESOLVED,
        "escalate": Status.ESCALATED,
        "request_person": Status.ESCALATED,
        "assign": Status.ESCALATED,
        "agent_reply": Status.PENDING,
        "requester_reply": Status.OPEN,
        "resolve": Status.RESOLVED,
        "quarantine": Status.ESCALATED,
        "prioritise": Status.OPEN,
    },
    Status.AUTO_RESOLVED: {
        "settle": Status.CLOSED,
        "escalate": Status.ESCALATED,
        "request_person": Status.ESCALATED,
        "assign": Status.AUTO_RESOLVED,
        "agent_reply": Status.PENDING,
        "requester_reply": Status.ESCALATED,
        "reopen": Status.ESCALATED,
        "close": Status.CLOSED,
        "confirm_by_reply": Status.CLOSED,
        "prioritise": Status.AUTO_RESOLVED,
    },
    Status.ESCALATED: {
        "settle": Status.CLOSED,
        "request_person": Status.ESCALATED,
        "assign": Status.ESCALATED,
        "agent_reply": Status.PENDING,
        "requester_reply": Status.ESCALATED,
        "resolve": Status.RESOLVED,
        "quarantine": Status.ESCALATED,
        "prioritise": Status.ESCALATED,
    },
    Status.PENDING: {
        "confirm_by_reply": Status.CLOSED,
        "settle": Status.CLOSED,
        "escalate": Status.ESCALATED,
        "request_person": Status.ESCALATED,
        "assign": Status.PENDING,
        "agent_reply": Status.PENDING,
        "requester_reply": Status.ESCALATED,
        "resolve": Status.RESOLVED,
        "reopen": Status.ESCALATED,
        "quarantine": Status.ESCALATED,
        "prioritise": Status.PENDING,
    },
    Status.RESOLVED: {
        "settle": Status.CLOSED,
        "escalate": Status.ESCALATED,
        "request_person": Status.ESCALATED,
        "assign": Status.RESOLVED,
        "agent_reply": Status.PENDING,
        "requester_reply": Status.ESCALATED,
        "reopen": Status.ESCALATED,
        "close": Status.CLOSED,
        "confirm_by_reply": Status.CLOSED,
        "prioritise": Status.RESOLVED,
    },
    Status.CLOSED: {},
}


def ticket_in(status: Status, requester: User) -> Ticket:
    return Ticket.objects.create(
        requester=requester, requester_email=requester.email, subject="Refund", status=status
    )


@pytest.mark.parametrize("start", Status)
@pytest.mark.parametrize("step", STEPS)
def test_a_step_leads_where_it_may_and_is_refused_elsewhere(
    start: Status, step: str, requester: User, agent: User
) -> None:
    ticket = ticket_in(start, requester)
    end = LEGAL[start].get(step)
    if end is None:
        with pytest.raises(InvalidTransition, match=ticket.reference):
            STEPS[step](ticket, agent)
    else:
        STEPS[step](ticket, agent)
    ticket.refresh_from_db()
    assert ticket.status == (end or start)


@pytest.mark.parametrize(
    ("start", "step"), [(start, step) for start, steps in LEGAL.items() for step in steps]
)
def test_every_step_writes_one_event_with_where_it_led(
    start: Status, step: str, requester: User, agent: User
) -> None:
    ticket = ticket_in(start, requester)
    STEPS[step](ticket, agent)
    event = Event.objects.get(ticket=ticket)
    assert (event.before, event.after) == (start, LEGAL[start][step])


def test_a_refused_step_leaves_no_message_and_no_event(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.CLOSED, requester)
    with pytest.raises(InvalidTransition):
        ticket.reply("too late", author=agent)
    assert not ticket.messages.exists()
    assert not ticket.events.exists()


def test_what_was_reopened_is_never_answered_automatically_again(requester: User) -> None:
    ticket = ticket_in(Status.AUTO_RESOLVED, requester)
    ticket.reopen()
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.OPEN)
    with pytest.raises(InvalidTransition, match="a person is on it"):
        ticket.auto_resolve("again", facts={})


def test_a_requester_cannot_be_assigned_a_ticket(requester: User, agent: User) -> None:
    with pytest.raises(InvalidTransition, match="not an agent"):
        ticket_in(Status.ESCALATED, requester).assign(requester, actor=agent)


def test_solved_closes_and_not_solved_brings_a_person(requester: User) -> None:
    solved, unsolved = (ticket_in(Status.AUTO_RESOLVED, requester) for _ in range(2))
    solved.record_feedback(solved=True, rating=5, actor=requester)
    unsolved.record_feedback(solved=False, actor=requester)
    assert (solved.status, solved.closure) == (Status.CLOSED, Closure.CONFIRMED)
    assert (unsolved.status, unsolved.escalation_reason) == (Status.ESCALATED, "not_solved")


def test_feedback_given_twice_replaces_the_first_and_keeps_what_it_does_not_name(requester: User) -> None:
    ticket = ticket_in(Status.ESCALATED, requester)
    ticket.record_feedback(solved=None, rating=2, comment="slow")
    ticket.record_feedback(solved=None, rating=4)
    assert (ticket.feedback.rating, ticket.feedback.comment) == (4, "slow")


def test_audit_events_can_be_neither_changed_nor_deleted(requester: User) -> None:
    ticket = ticket_in(Status.OPEN, requester)
    ticket.escalate("low_confidence")
    event = Event.objects.get(ticket=ticket)
    for attempt in (event.save, event.delete, Event.objects.all().delete):
        with pytest.raises(TypeError, match="Audit events"):
            attempt()


def test_references_are_unguessable_and_differ() -> None:
    references = {Ticket(subject="x").reference for _ in range(500)}
    assert len(references) == 500
    assert all(len(reference.replace("-", "")) == 12 for reference in references)


STALE_STEPS = {
    "auto_resolve": (Status.OPEN, Status.ESCALATED),
    "escalate": (Status.OPEN, Status.CLOSED),
    "request_person": (Status.AUTO_RESOLVED, Status.CLOSED),
    "assign": (Status.ESCALATED, Status.CLOSED),
    "agent_reply": (Status.ESCALATED, Status.CLOSED),
    "requester_reply": (Status.PENDING, Status.CLOSED),
    "resolve": (Status.ESCALATED, Status.RESOLVED),
    "reopen": (Status.RESOLVED, Status.CLOSED),
    "close": (Status.RESOLVED, Status.ESCALATED),
    "confirm_by_reply": (Status.AUTO_RESOLVED, Status.CLOSED),
    "settle": (Status.ESCALATED, Status.CLOSED),
    "undo_confirmation": (Status.CLOSED, Status.ESCALATED),
    "quarantine": (Status.ESCALATED, Status.CLOSED),
    "release": (Status.ESCALATED, Status.CLOSED),
    "prioritise": (Status.ESCALATED, Status.CLOSED),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_looks_at_the_row_as_it_is_not_as_it_was_read(step: str, requester: User, agent: User) -> None:
    """Somebody else has moved the ticket since this copy was read: the lock reads it again and refuses."""
    read_as, is_now = STALE_STEPS[step]
    stale = ticket_in(read_as, requester)
    Ticket.objects.filter(pk=stale.pk).update(status=is_now)
    with pytest.raises(InvalidTransition):
        STEPS[step](stale, agent)
    assert Ticket.objects.get(pk=stale.pk).state is is_now
    assert not stale.events.exists()


def test_the_machine_does_not_answer_what_a_person_has_taken_meanwhile(requester: User, agent: User) -> None:
    stale = ticket_in(Status.OPEN, requester)
    Ticket.objects.filter(pk=stale.pk).update(assignee=agent)
    with pytest.raises(InvalidTransition, match="a person is on it"):
        stale.auto_resolve("Here you are.", facts={})


# --- Taking "solved" back -----------------------------------------------------------------------------


@pytest.mark.parametrize("start", [Status.AUTO_RESOLVED, Status.PENDING, Status.RESOLVED])
def test_solved_can_be_taken_back_and_leaves_the_ticket_as_it_was(start, requester, agent):
    ticket = ticket_in(start, requester)
    ticket.record_feedback(solved=True, actor=requester)
    assert ticket.may_undo
    ticket.undo_confirmation(actor=requester)
    assert (ticket.state, ticket.closure, ticket.closed_at, ticket.feedback.solved) == (start, "", None, None)
    assert ticket.events.last().kind == Event.Kind.UNDONE


def test_it_cannot_be_taken_back_for_ever_nor_what_others_closed(requester, agent):
    late, silent = ticket_in(Status.AUTO_RESOLVED, requester), ticket_in(Status.AUTO_RESOLVED, requester)
    late.record_feedback(solved=True, actor=requester)
    Ticket.objects.filter(pk=late.pk).update(closed_at=timezone.now() - UNDO_TIME)
    silent.close(Closure.SILENCE)
    for ticket in (late, silent):
        with pytest.raises(InvalidTransition):
            ticket.undo_confirmation(actor=requester)


def test_what_nobody_answered_goes_back_to_the_team(requester):
    ticket = ticket_in(Status.ESCALATED, requester)
    ticket.settle(actor=requester)
    ticket.undo_confirmation(actor=requester)
    assert (ticket.state, ticket.escalation_reason) == (Status.ESCALATED, "reopened")
