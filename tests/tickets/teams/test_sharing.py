"""Which team a ticket comes to, who of it gets the ticket, and that whoever is away gets nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import Role, User
from tests.conftest import person
from tickets.background import jobs
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Event, Ticket
from tickets.service.models import Calendar, Opening
from tickets.states import Channel, Handover
from tickets.teams import routing, sharing, signals
from tickets.teams.attendance import Away, away_now, present
from tickets.teams.models import Absence, Membership, Rule, Shift, Team, today
from triage.models import Decision, Intent

pytestmark = pytest.mark.django_db
Waiting = Callable[..., Ticket]


def sent(requester: User | None = None, **facts: Any) -> Ticket:
    return submit_ticket(
        Submission(subject="Hello", body="Hello", requester=requester, guest_email="g@example.com", **facts)
    )


def away(agent: User, days: int = 3) -> Absence:
    return Absence.objects.create(agent=agent, first_day=today(), last_day=today() + timedelta(days=days))


# --- to which team ------------------------------------------------------------------------------------------


def test_the_first_rule_that_fits_decides(open_team: Team, closed: Team) -> None:
    Rule.objects.create(team=closed, place=2, channel=Channel.EMAIL)
    Rule.objects.create(team=open_team, place=1, mailbox="ship@example.com")
    Rule.objects.create(team=open_team, place=0, intent="refund")
    assert sent(channel=Channel.EMAIL, mailbox="Ship@example.com").team == open_team
    assert sent(channel=Channel.EMAIL, mailbox="info@example.com").team == closed
    assert sent(channel=Channel.WEB).team is None
    created = Event.objects.get(kind="created", ticket__team=closed)
    assert created.facts == {"channel": "email", "team": closed.pk}


def test_without_rules_no_ticket_has_a_team_and_nothing_is_asked(
    django_assert_num_queries: Any, open_team: Team
) -> None:
    routing.rules()
    with django_assert_num_queries(0):
        assert routing.team_for(channel="web") is None


def test_a_rule_of_a_team_that_is_gone_loses_no_ticket(open_team: Team) -> None:
    Rule.objects.create(team=open_team)
    kept = routing.rules()
    open_team.delete()
    routing.cache.set(routing.CACHE_KEY, kept, 30)  # another process has not heard of it
    assert sent().team is None


def test_a_follow_up_and_a_split_stay_with_the_team(closed: Team, requester: User, agent: User) -> None:
    earlier = sent(requester, team=closed)
    assert sent(requester, follow_up_of=earlier).team == closed


def test_triage_brings_it_to_the_team_of_its_intent(
    open_team: Team, closed: Team, submit: Callable[..., Ticket], engine: Any, requester: User
) -> None:
    Intent.objects.create(slug="refund", title="Refund")
    Rule.objects.create(team=closed, intent="refund")
    Rule.objects.create(team=open_team, place=200)
    engine.says("refund", 0.2)
    ticket = submit(requester=requester)
    ticket.refresh_from_db()
    assert ticket.team == closed
    assert ticket.events.filter(kind=Event.Kind.TEAM, actor=None).count() == 1


def test_what_a_person_has_said_stands(
    open_team: Team, closed: Team, requester: User, supervisor: User
) -> None:
    Rule.objects.create(team=closed, intent="refund")
    ticket = sent(requester)
    ticket.hand_to(open_team, actor=supervisor)
    routing.route(ticket, "refund")
    assert ticket.team == open_team


# --- to whom ------------------------------------------------------------------------------------------------


@pytest.fixture
def pair(open_team: Team, agent: User, other_agent: User) -> Team:
    open_team.gives = Team.Gives.LOAD
    open_team.save()
    for one in (agent, other_agent):
        Membership.objects.create(team=open_team, agent=one)
    return open_team


def test_by_load_each_in_turn(waiting: Waiting, pair: Team, agent: User, other_agent: User) -> None:
    got = [waiting(pair).assignee for _ in range(4)]
    assert got == [agent, other_agent, agent, other_agent]
    for ticket in Ticket.objects.filter(assignee=agent):
        ticket.resolve(actor=agent)
    assert [waiting(pair).assignee for _ in range(2)] == [agent, agent]
    assert Event.objects.filter(kind="assigned", actor=None).count() == 6


def test_by_skill_and_else_by_load(waiting: Waiting, pair: Team, other_agent: User, agent: User) -> None:
    pair.gives = Team.Gives.SKILL
    pair.save()
    Membership.objects.filter(agent=other_agent).update(skills=["refund"])
    refund = Intent.objects.create(slug="refund", title="Refund")

    def known(intent: Intent | None) -> Ticket:
        ticket = submit_ticket(
            Submission(subject="Hello", body="Hello", guest_email="g@example.com", team=pair)
        )
        Decision.objects.create(
            ticket=ticket, intent=intent, confidence=0.9, threshold=0.75, action="escalate", reason="x"
        )
        ticket.escalate("low_confidence")
        return ticket

    assert [known(refund).assignee for _ in range(2)] == [other_agent, other_agent]
    assert known(None).assignee == agent


def test_whoever_is_away_or_off_duty_or_has_left_gets_none(
    waiting: Waiting, pair: Team, agent: User, other_agent: User
) -> None:
    away(agent)
    assert waiting(pair).assignee == other_agent
    other_agent.is_active = False
    other_agent.save()
    assert waiting(pair).assignee is None


def test_one_who_has_it_keeps_it_and_quarantine_is_given_to_nobody(
    pair: Team, supervisor: User, requester: User
) -> None:
    ticket = sent(requester, team=pair)
    ticket.assign(supervisor, actor=supervisor)
    assert sharing.share(ticket) is None and ticket.assignee == supervisor
    spam = sent(requester, team=pair)
    spam.escalate("spam", step=Handover.QUARANTINE)
    assert spam.assignee is None and spam.is_quarantined


def test_handing_it_to_a_team_that_gives_gives_it(
    waiting: Waiting, pair: Team, supervisor: User, agent: User
) -> None:
    ticket = waiting(None)
    ticket.hand_to(pair, actor=supervisor)
    assert ticket.assignee == agent


def test_what_came_at_night_is_given_in_the_morning(
    waiting: Waiting, pair: Team, agent: User, other_agent: User
) -> None:
    rows = [away(agent), away(other_agent)]
    ticket, elsewhere = waiting(pair), waiting(None)
    for row in rows:
        row.delete()
    assert sharing.share_waiting in jobs.SWEEPS
    sharing.share_waiting()
    ticket.refresh_from_db()
    elsewhere.refresh_from_db()
    assert ticket.assignee == agent and elsewhere.assignee is None


# --- who is there -------------------------------------------------------------------------------------------


def test_an_agent_who_is_away_is_assigned_nothing_but_may_take(
    waiting: Waiting, agent: User, supervisor: User
) -> None:
    ticket = waiting(None)
    away(agent, 5)
    with pytest.raises(Away, match="Anna Agent is away until"):
        ticket.assign(agent, actor=supervisor)
    ticket.assign(agent, actor=agent)
    assert ticket.assignee == agent
    assert list(away_now()) == [agent.pk]


def test_working_hours_are_those_of_the_calendar(agent: User, other_agent: User) -> None:
    calendar = Calendar.objects.create(name="Mornings", time_zone="Europe/Berlin")
    Opening.objects.create(calendar=calendar, weekday=0, opens=time(8), closes=time(12))
    Shift.objects.create(agent=agent, calendar=calendar)
    monday = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)  # 8:00 in Berlin
    both = [agent.pk, other_agent.pk]
    assert present(both, monday) == set(both)
    assert present(both, monday - timedelta(minutes=1)) == {other_agent.pk}
    assert present(both, monday + timedelta(hours=4)) == {other_agent.pk}


def test_an_absence_is_the_right_way_round_and_forgotten_once_over(agent: User) -> None:
    with pytest.raises(ValidationError, match="before the first"):
        Absence(agent=agent, first_day=today(), last_day=today() - timedelta(days=1)).clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        Absence.objects.create(agent=agent, first_day=today(), last_day=today() - timedelta(days=1))
    kept = away(agent, 0)
    Absence.objects.create(
        agent=agent, first_day=today() - timedelta(days=9), last_day=today() - timedelta(days=1)
    )
    signals.forget_old_absences()
    assert list(Absence.objects.all()) == [kept]


def test_supervisors_may_be_members_and_requesters_get_nothing(waiting: Waiting, pair: Team) -> None:
    Membership.objects.all().delete()
    Membership.objects.create(team=pair, agent=person("r@example.com", Role.REQUESTER, "Once an agent"))
    assert waiting(pair).assignee is None
