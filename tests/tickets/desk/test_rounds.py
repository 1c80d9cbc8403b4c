"""Next leads through what waits once; snoozed, skipped and answered tickets are out of the way."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from tests.tickets.desk.conftest import last_message
from tickets.desk import held, rounds, snoozing
from tickets.desk.models import Draft, Snooze, Visit
from tickets.errors import InvalidTransition, TicketError
from tickets.models import Closure, Event, Ticket, Urgency

Waiting = Callable[..., Ticket]


def turn(agent: User, after: Ticket | None = None) -> Ticket | None:
    return rounds.next_turn(agent, after=after.pk if after else None).ticket


def walk(agent: User, limit: int = 50) -> list[Ticket]:
    """Press "next" until all is seen."""
    led, current = [], None
    while (current := turn(agent, current)) is not None and len(led) < limit:
        led.append(current)
    return led


def test_next_goes_through_all_own_tickets_once_and_then_says_so(waiting: Waiting, agent: User) -> None:
    own = [waiting(hours=hours, assignee=agent) for hours in range(15, 0, -1)]
    assert walk(agent) == own
    assert rounds.next_turn(agent) == rounds.Turn(None, seen=15)


def test_a_new_round_begins_when_asked_for(waiting: Waiting, agent: User) -> None:
    own = waiting(assignee=agent)
    assert (walk(agent), walk(agent)) == ([own], [])
    rounds.start_again(agent)
    assert walk(agent) == [own]


def test_a_round_of_yesterday_is_over(waiting: Waiting, agent: User) -> None:
    own = waiting(assignee=agent)
    walk(agent)
    Visit.objects.update(at=timezone.now() - timedelta(hours=11))
    assert walk(agent) == [own]


def test_own_tickets_come_before_nobody_s(waiting: Waiting, agent: User, other_agent: User) -> None:
    free_old, own = waiting(hours=9), waiting(hours=1, assignee=agent)
    waiting(hours=20, assignee=other_agent)
    assert walk(agent) == [own, free_old]
    free_old.refresh_from_db()
    assert free_old.assignee == agent


@pytest.mark.parametrize("urgency", [Urgency.HIGH, Urgency.URGENT])
def test_the_most_urgent_free_ticket_is_taken_first(waiting: Waiting, agent: User, urgency: Urgency) -> None:
    waiting(hours=9)
    pressing = waiting(hours=1)
    own = waiting(hours=5, assignee=agent)
    Ticket.objects.filter(pk=pressing.pk).update(urgency=urgency)
    assert walk(agent)[:2] == [pressing, own]


def test_what_the_requester_writes_on_is_offered_again(waiting: Waiting, agent: User) -> None:
    own = waiting(assignee=agent)
    walk(agent)
    own.reply("Are you there?", author=None)
    assert walk(agent) == [own]


def test_what_is_about_to_be_answered_is_offered_to_nobody(
    waiting: Waiting, agent: User, other_agent: User
) -> None:
    ticket = waiting()
    held.hold(
        ticket,
        author=agent,
        body="Hi",
        seen=last_message(ticket),
        page=uuid.uuid4(),
        then=Draft.Then.WAIT,
    )
    assert (turn(agent), turn(other_agent)) == (None, None)


# --- snooze ----------------------------------------------------------------------------------------------------


def soon(hours: float = 1) -> datetime:
    return timezone.now() + timedelta(hours=hours)


def test_a_snoozed_ticket_is_out_of_the_way_until_its_moment(waiting: Waiting, agent: User) -> None:
    ticket = waiting()
    snoozing.snooze(ticket, by=agent, until=soon())
    ticket.refresh_from_db()
    assert (turn(agent), ticket.assignee) == (None, agent)
    assert ticket.events.filter(kind=snoozing.SNOOZED, actor=agent).exists()
    Snooze.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert turn(agent) == ticket


def test_the_requester_s_reply_wakes_it(waiting: Waiting, agent: User) -> None:
    ticket = waiting(assignee=agent)
    snoozing.snooze(ticket, by=agent, until=soon())
    ticket.note("Just a note", author=agent)
    assert turn(agent) is None
    ticket.reply("Hello?", author=None)
    assert turn(agent) == ticket


@pytest.mark.parametrize("step", ["resolve", "hand_on", "quarantine"])
def test_what_moves_on_does_not_sleep(waiting: Waiting, agent: User, other_agent: User, step: str) -> None:
    ticket = waiting(assignee=agent)
    snoozing.snooze(ticket, by=agent, until=soon())
    {
        "resolve": lambda: ticket.resolve(actor=agent),
        "hand_on": lambda: ticket.assign(other_agent, actor=agent),
        "quarantine": lambda: ticket.quarantine("spam", agent),
    }[step]()
    assert not Snooze.objects.exists()


@pytest.mark.parametrize("hours", [-1, 24 * 400])
def test_only_a_moment_ahead_can_be_chosen(waiting: Waiting, agent: User, hours: float) -> None:
    with pytest.raises(TicketError, match="in the future"):
        snoozing.snooze(waiting(), by=agent, until=soon(hours))


def test_a_closed_ticket_is_not_snoozed(waiting: Waiting, agent: User) -> None:
    ticket = waiting()
    ticket.resolve(actor=agent)
    ticket.close(Closure.AGENT, actor=agent)
    with pytest.raises(InvalidTransition):
        snoozing.snooze(ticket, by=agent, until=soon())


def test_waking_by_hand_is_told_in_the_trail(waiting: Waiting, agent: User) -> None:
    ticket = waiting(assignee=agent)
    snoozing.snooze(ticket, by=agent, until=soon())
    snoozing.wake(ticket, by=agent)
    snoozing.wake(ticket, by=agent)
    assert ticket.events.filter(kind=snoozing.WOKEN).count() == 1


def test_every_moment_that_is_offered_lies_ahead() -> None:
    for day in range(8):
        now = timezone.now() + timedelta(days=day)
        assert all(moment > now for _, moment in snoozing.moments(now).values())


# --- races -----------------------------------------------------------------------------------------------------


def test_a_colleague_s_ticket_is_not_taken_unasked(waiting: Waiting, agent: User, other_agent: User) -> None:
    ticket = waiting(assignee=other_agent)
    with pytest.raises(TicketError, match="Otto Other has ticket"):
        ticket.assign(agent, actor=agent, held_by={None, agent.pk})
    ticket.assign(agent, actor=agent, held_by={other_agent.pk})
    assert ticket.events.filter(kind=Event.Kind.ASSIGNED).count() == 1


@pytest.mark.postgres
@pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="needs TEST_DATABASE_URL of a PostgreSQL server"
)
@pytest.mark.django_db(transaction=True)
def test_two_agents_who_race_for_each_of_many_tickets_never_get_the_same(waiting: Waiting, db: None) -> None:
    tickets = [waiting(hours=hours) for hours in range(1, 41)]
    agents = [User.objects.create_user(f"a{at}@example.com", role="agent") for at in range(2)]
    start, taken = threading.Barrier(2), []

    def click(agent: User) -> None:
        start.wait()
        while (ticket := rounds.next_turn(agent).ticket) is not None:
            taken.append(ticket.pk)
        connection.close()

    threads = [threading.Thread(target=click, args=[agent]) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(ticket.pk for ticket in tickets)
