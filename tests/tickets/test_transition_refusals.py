"""What a refused step is called, what a step does to a copy that is old, and how much of the row it writes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from tickets.errors import Held, InvalidTransition
from tickets.models import Closure, Event, Handover, Status, Ticket, Urgency

pytestmark = pytest.mark.django_db


def ticket_in(status: Status, requester: User, **facts: Any) -> Ticket:
    return Ticket.objects.create(
        requester=requester, requester_email=requester.email, subject="Refund", status=status, **facts
    )


Step = Callable[[Ticket, User], object]
#: what a step is called, a state from which it is refused, the step
REFUSED: list[tuple[str, Status, Step]] = [
    ("answer automatically", Status.ESCALATED, lambda t, a: t.auto_resolve("Here you are.", facts={})),
    ("escalate", Status.ESCALATED, lambda t, a: t.escalate("doubt")),
    ("put aside", Status.RESOLVED, lambda t, a: t.quarantine("spam")),
    ("release", Status.OPEN, lambda t, a: t.release(a)),
    ("prioritise", Status.CLOSED, lambda t, a: t.prioritise(Urgency.HIGH, actor=a)),
    ("assign", Status.CLOSED, lambda t, a: t.assign(a, actor=a)),
    ("reply to", Status.CLOSED, lambda t, a: t.reply("Hello", author=a)),
    ("reply to", Status.CLOSED, lambda t, a: t.reply("Hello", author=t.requester)),
    ("resolve", Status.RESOLVED, lambda t, a: t.resolve(actor=a)),
    ("reopen", Status.OPEN, lambda t, a: t.reopen()),
    ("close", Status.OPEN, lambda t, a: t.close(Closure.AGENT, actor=a)),
]


@pytest.mark.parametrize(("name", "start", "act"), REFUSED)
def test_a_refusal_says_what_was_wanted(
    name: str, start: Status, act: Step, requester: User, agent: User
) -> None:
    ticket = ticket_in(start, requester, quarantined_at=timezone.now() if name == "release" else None)
    with pytest.raises(InvalidTransition) as refused:
        act(ticket, agent)
    stands = ticket.get_status_display().lower()
    assert str(refused.value) == f"Cannot {name} ticket {ticket.reference}: it is {stands}."


def test_what_reads_no_replies_is_not_answered_by_the_machine(requester: User) -> None:
    ticket = ticket_in(Status.OPEN, requester, machine_sent=True)
    with pytest.raises(InvalidTransition) as refused:
        ticket.auto_resolve("Here you are.", facts={})
    assert str(refused.value) == (
        f"Cannot answer ticket {ticket.reference} automatically: its sender reads no replies."
    )
    assert not ticket.messages.exists()


def test_a_ticket_is_taken_only_from_who_was_seen_to_have_it(
    requester: User, agent: User, other_agent: User
) -> None:
    ticket = ticket_in(Status.ESCALATED, requester, assignee=other_agent)
    with pytest.raises(Held) as refused:
        ticket.assign(agent, actor=agent, held_by=[None, agent.pk])
    told = Held(ticket.reference, other_agent)
    assert (str(refused.value), vars(refused.value)) == (str(told), vars(told))
    assert Ticket.objects.get().assignee == other_agent
    ticket.assign(agent, actor=agent, held_by=[other_agent.pk])
    assert Ticket.objects.get().assignee == agent


def test_who_put_a_ticket_aside_and_who_released_it_are_kept(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.OPEN, requester)
    ticket.escalate("spam", actor=agent, step=Handover.QUARANTINE)
    ticket.release(agent)
    kinds = list(ticket.events.order_by("id").values_list("kind", "actor"))
    assert kinds == [("escalated", agent.pk), ("quarantined", agent.pk), ("released", agent.pk)]


def test_what_somebody_released_already_is_not_released_again(requester: User, agent: User) -> None:
    ticket = ticket_in(Status.ESCALATED, requester, quarantined_at=timezone.now())
    Ticket.objects.update(quarantined_at=None)
    with pytest.raises(InvalidTransition, match=f"^Ticket {ticket.reference} is not in quarantine"):
        ticket.release(agent)
    assert not ticket.events.exists()


def test_every_return_to_the_team_is_counted(requester: User) -> None:
    ticket = ticket_in(Status.RESOLVED, requester, reopen_count=2)
    ticket.reopen()
    row = Ticket.objects.get()
    assert (row.reopen_count, row.escalation_reason) == (3, "reopened")
    assert ticket.events.get().facts == {"reason": "reopened"}


def test_a_note_is_written_in_quarantine_and_says_how_the_ticket_stands_now(
    requester: User, agent: User
) -> None:
    ticket = ticket_in(Status.OPEN, requester)
    Ticket.objects.update(status=Status.ESCALATED, quarantined_at=timezone.now())
    ticket.note("Mind the dog", author=agent)
    event = ticket.events.get()
    assert (event.before, event.after) == (Status.ESCALATED, Status.ESCALATED)


def test_what_another_app_records_undoes_nothing_that_was_done_meanwhile(
    requester: User, agent: User
) -> None:
    then = timezone.now() - timedelta(days=1)
    ticket = ticket_in(Status.OPEN, requester, updated_at=then)
    Ticket.objects.update(assignee=agent)
    ticket.record(Event.Kind.NOTED, actor=agent, seen=7)
    row, event = Ticket.objects.get(), ticket.events.get()
    assert (row.assignee, event.facts) == (agent, {"seen": 7})
    assert then < row.updated_at == event.at


def test_a_step_writes_the_columns_that_it_changes_and_no_index_of_the_others(
    requester: User, agent: User
) -> None:
    ticket = ticket_in(Status.PENDING, requester)
    with CaptureQueriesContext(connection) as queries:
        ticket.resolve(actor=agent)
    (written,) = [one["sql"] for one in queries if one["sql"].startswith('UPDATE "tickets_ticket"')]
    columns = written.partition("WHERE")[0]
    assert [name for name in ("status", "updated_at", "resolved_at") if f'"{name}" =' not in columns] == []
    assert columns.count(" = ") == 3


def test_what_was_merged_says_where_it_goes_on(requester: User, agent: User) -> None:
    other = ticket_in(Status.OPEN, requester)
    merged = ticket_in(Status.CLOSED, requester, merged_into=other)
    with pytest.raises(InvalidTransition) as refused:
        merged.resolve(actor=agent)
    assert str(refused.value) == f"Cannot resolve ticket {merged.reference}: it goes on in {other.reference}."
    merged.note("Told by phone.", author=agent)
