"""What starts, pauses and ends a ticket's clock, and what it tells."""

from __future__ import annotations

from datetime import date, time

import pytest
from django.utils import timezone

from tests.tickets.service.conftest import berlin
from tickets.background.jobs import Job
from tickets.errors import InvalidTransition
from tickets.models import Closure, Event, OutgoingMail, Ticket, Urgency
from tickets.service import clocks, due
from tickets.service.models import Clock, Holiday, Opening

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(calendar, requester) -> Ticket:
    return Ticket.objects.create(requester=requester, requester_email=requester.email, subject="Lamp")


def clock(ticket: Ticket) -> Clock:
    return Clock.objects.get(pk=ticket.pk)


def told(ticket: Ticket) -> list[tuple[str, str]]:
    kinds = {clocks.DUE_SOON, clocks.OVERDUE}
    return [(event.kind, event.facts["awaited"]) for event in ticket.events.filter(kind__in=kinds)]


def mails() -> list[tuple[str, str]]:
    """Those to the team: (to whom, subject)."""
    rows = OutgoingMail.objects.order_by("pk").values_list("recipients", "subject")
    return [(to[0], subject) for to, subject in rows if subject.startswith("[")]


def test_nothing_is_owed_before_people_have_it(ticket, now):
    assert not Clock.objects.exists()
    ticket.auto_resolve("Here is your answer.", facts={})
    ticket.close(Closure.SILENCE)
    assert not Clock.objects.exists()


def test_the_first_reply_is_due_after_working_hours_of_its_target(ticket, now):
    now("2026-12-07 15:00")
    ticket.escalate("low_confidence")
    assert berlin(clock(ticket).reply_due) == "2026-12-08 11:00"
    assert berlin(clock(ticket).resolution_due) == "2026-12-09 15:00"
    assert clock(ticket).due_at == clock(ticket).reply_due


def test_an_automatic_answer_is_no_persons_reply(ticket, now):
    now("2026-12-07 09:00")
    ticket.auto_resolve("Here is your answer.", facts={})
    now("2026-12-07 10:00")
    ticket.reopen("not_solved")
    assert clock(ticket).reply_kind == "first_reply"
    assert berlin(clock(ticket).reply_due) == "2026-12-07 14:00"
    with pytest.raises(InvalidTransition):
        ticket.auto_resolve("Again.", facts={})
    assert berlin(clock(ticket).reply_due) == "2026-12-07 14:00"


def test_a_persons_reply_ends_the_wait_and_the_customers_turn_pauses(ticket, agent, requester, now):
    now("2026-12-07 09:00")
    ticket.escalate("low_confidence")
    now("2026-12-07 11:00")
    ticket.reply("Which lamp?", author=agent)
    waiting = clock(ticket)
    assert (waiting.reply_due, waiting.resolution_due, waiting.due_at, waiting.look_at) == (None,) * 4
    now("2026-12-09 16:00")  # two days are the customer's
    ticket.reply("The red one", author=requester)
    again = clock(ticket)
    assert again.reply_kind == "next_reply"
    assert berlin(again.reply_due) == "2026-12-10 10:00"
    assert berlin(again.resolution_due) == "2026-12-11 14:00"  # 2 of 16 h are used


def test_who_writes_twice_waits_from_the_first_time(ticket, agent, requester, now):
    now("2026-12-07 09:00")
    ticket.escalate("low_confidence")
    now("2026-12-07 12:00")
    ticket.reply("Hello?", author=requester)
    ticket.note("Have a look", author=agent)
    assert berlin(clock(ticket).reply_due) == "2026-12-07 13:00"


def test_a_higher_urgency_is_due_earlier_and_told_anew_if_later(ticket, agent, now):
    now("2026-12-07 09:00")
    ticket.escalate("low_confidence")
    ticket.prioritise(Urgency.URGENT, actor=agent)
    assert berlin(clock(ticket).reply_due) == "2026-12-07 10:00"
    now("2026-12-07 10:30")
    clocks.tell_due()
    ticket.prioritise(Urgency.NORMAL, actor=agent)
    assert berlin(clock(ticket).reply_due) == "2026-12-07 13:00"
    now("2026-12-07 13:00")
    clocks.tell_due()
    assert told(ticket) == [("overdue", "first_reply"), ("overdue", "first_reply")]


def test_what_is_put_aside_is_not_due_but_has_waited_when_it_comes_back(ticket, agent, now):
    now("2026-12-07 09:00")
    ticket.escalate("low_confidence")
    ticket.quarantine("spam", agent)
    assert clock(ticket).due_at is None
    now("2026-12-07 12:00")
    ticket.release(agent)
    assert berlin(clock(ticket).reply_due) == "2026-12-07 13:00"


def test_a_resolved_ticket_owes_nothing_and_goes_on_where_it_stood(ticket, agent, now):
    now("2026-12-07 09:00")
    ticket.escalate("low_confidence")
    now("2026-12-07 13:00")
    ticket.resolve(actor=agent)
    assert clock(ticket).due_at is None
    now("2026-12-08 09:00")
    ticket.reopen(actor=agent)
    assert berlin(clock(ticket).resolution_due) == "2026-12-09 13:00"


def test_urgencies_without_a_target_owe_nothing(ticket, agent, now):
    now("2026-12-07 09:00")
    ticket.escalate("low_confidence")
    ticket.prioritise(Urgency.HIGH, actor=agent)
    assert clock(ticket).due_at is None
    assert due.owed(ticket) == []


# --- warnings and breaches -----------------------------------------------------------------------------------


def test_a_warning_and_a_breach_are_each_told_once(ticket, agent, supervisor, now):
    now("2026-12-07 09:00")
    ticket.escalate("low_confidence")
    for at, kinds in (
        ("2026-12-07 11:59", []),
        ("2026-12-07 12:00", ["due_soon"]),
        ("2026-12-07 12:30", ["due_soon"]),
        ("2026-12-07 13:00", ["due_soon", "overdue"]),
        ("2026-12-07 16:00", ["due_soon", "overdue"]),
    ):
        now(at)
        clocks.tell_due()
        assert [kind for kind, _ in told(ticket)] == kinds, at
    event = Event.objects.get(kind="overdue")
    assert (event.words, event.before, event.after) == ("Overdue", "escalated", "escalated")


def test_the_agent_in_charge_is_told_and_supervisors_where_nobody_is(ticket, agent, supervisor, now):
    now("2026-12-07 09:00")
    ticket.escalate("low_confidence")
    now("2026-12-07 12:00")
    clocks.tell_due()
    assert mails() == []
    now("2026-12-07 13:00")
    clocks.tell_due()
    assert mails() == [(supervisor.email, f"[{ticket.reference}] Overdue: Lamp")]
    ticket.assign(agent, actor=agent)
    now("2026-12-08 13:00")
    clocks.tell_due()
    assert mails()[1:] == [(agent.email, f"[{ticket.reference}] Due soon: Lamp")]


def test_who_answers_in_the_last_moment_is_not_told(ticket, agent, now):
    now("2026-12-07 09:00")
    ticket.escalate("low_confidence")
    now("2026-12-07 13:00")
    ticket.reply("Which lamp?", author=agent)
    assert clocks.tell_due() == 0


def test_the_lists_of_what_is_late_and_soon_due(ticket, now):
    now("2026-12-07 09:00")
    ticket.escalate("low_confidence")
    for at, late, soon in (
        ("2026-12-07 11:00", False, False),
        ("2026-12-07 12:10", False, True),
        ("2026-12-07 13:00", True, False),
    ):
        now(at)
        clocks.tell_due()
        assert Ticket.objects.filter(due.overdue(timezone.now())).exists() is late, at
        assert Ticket.objects.filter(due.due_soon(timezone.now())).exists() is soon, at


# --- changes ---------------------------------------------------------------------------------------------------


def test_a_change_of_the_calendar_counts_for_what_runs(ticket, calendar, now):
    now("2026-12-07 15:00")
    ticket.escalate("low_confidence")
    Holiday.objects.create(calendar=calendar, day=date(2026, 12, 8), name="Feast")
    job = Job.objects.filter(kind=clocks.SET_ANEW).latest("id")
    clocks.set_all_anew(job.subject_id)
    assert berlin(clock(ticket).reply_due) == "2026-12-09 11:00"
    (reply, _) = due.owed(ticket)
    assert reply.what == "First reply"
    assert reply.arithmetic == (
        "4 h of Mon–Fri 9–17 (Europe/Berlin), without the holiday on Tue 8 Dec (Feast), since Mon 7 Dec, 15:00"
    )


def test_who_is_never_open_owes_at_no_time_and_says_so(ticket, calendar, now):
    Opening.objects.all().delete()
    now("2026-12-07 15:00")
    ticket.escalate("low_confidence")
    assert clock(ticket).due_at is None
    assert "the calendar has no opening hours" in due.owed(ticket)[0].arithmetic


def test_a_paused_resolution_says_why_it_stands_still(ticket, agent, now):
    now("2026-12-07 09:00")
    ticket.escalate("low_confidence")
    now("2026-12-07 11:30")
    ticket.reply("Which lamp?", author=agent)
    (resolution,) = due.owed(ticket)
    assert resolution.state == "paused"
    assert resolution.arithmetic.startswith("2 h 30 min of 16 h used")


def test_a_night_that_is_an_hour_longer_gives_no_hour_away(ticket, calendar, now):
    Opening.objects.create(calendar=calendar, weekday=6, opens=time(0), closes=time(6))
    now("2026-10-25 00:30")
    ticket.escalate("low_confidence")
    assert berlin(clock(ticket).reply_due) == "2026-10-25 03:30"  # 2:00 to 3:00 comes twice
