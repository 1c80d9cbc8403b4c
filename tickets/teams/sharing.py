"""A team's rule for who gets a ticket that nobody has: by load, or by knowing the matter. Whoever is away gets none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from accounts.models import User
from tickets.audit import Event
from tickets.models import Status, Ticket
from tickets.states import Handover
from tickets.teams import attendance
from tickets.teams.models import Membership, Team

BATCH: Final = 50  # tickets of one sweep
#: What triage registers: the code of the intent that a ticket is known by, empty for none.
Reader = Callable[[Ticket], str]
_readers: list[Reader] = []


def use_reader(reader: Reader) -> None:
    _readers[:] = [reader]


def give(event: Event) -> None:
    """A subscriber of all that brings a ticket into the queue or to another team."""
    if event.facts.get("step") != Handover.QUARANTINE:
        share(event.ticket)


def share(ticket: Ticket) -> User | None:
    """Assign a waiting ticket of nobody by its team's rule; None where it stays in the queue.

    The team's row is locked meanwhile, so that of two tickets that come at once each one counts for the other.
    """
    waits = ticket.state is Status.ESCALATED and not ticket.is_quarantined and ticket.assignee_id is None
    if not waits or ticket.team_id is None:
        return None
    with transaction.atomic():
        team = Team.objects.select_for_update().get(pk=ticket.team_id)
        if team.gives == Team.Gives.NOBODY:
            return None
        chosen = _chosen(team, ticket)
        if chosen is None:
            return None
        ticket.assign(chosen.agent, actor=None, held_by={None})
        Membership.objects.filter(pk=chosen.pk).update(given_at=timezone.now())
        return chosen.agent


def _chosen(team: Team, ticket: Ticket) -> Membership | None:
    """Of the members who are there the one with the fewest tickets; among equals, whose turn is longest ago."""
    waiting = Count(
        "agent__assigned_tickets",
        filter=Q(
            agent__assigned_tickets__status=Status.ESCALATED, agent__assigned_tickets__quarantined_at=None
        ),
    )
    staff = User.objects.staff().values("pk")
    members: list[Any] = list(
        team.memberships.filter(agent__in=staff)
        .select_related("agent")
        .annotate(load=waiting)
        .order_by("load", F("given_at").asc(nulls_first=True), "pk")
    )
    there = attendance.present([one.agent_id for one in members])
    members = [one for one in members if one.agent_id in there]
    if team.gives == Team.Gives.SKILL:
        members = _who_know(members, ticket) or members
    return members[0] if members else None


def _who_know(members: Sequence[Membership], ticket: Ticket) -> list[Membership]:
    intent = next((reader(ticket) for reader in _readers), "")
    return [one for one in members if intent and intent in one.skills]


def share_waiting() -> None:
    """What came in while nobody was there, the most urgent first. A sweep."""
    giving = Team.objects.exclude(gives=Team.Gives.NOBODY).values("pk")
    waiting = Ticket.objects.awaiting_agent().unassigned().filter(team__in=giving)
    for pk in list(waiting.order_by("-urgency", "escalated_at", "pk").values_list("pk", flat=True)[:BATCH]):
        with Ticket.objects.all().held(pk) as ticket:
            share(ticket)
