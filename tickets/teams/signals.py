"""What follows from teams: their part of the search box, who gets what, and who has it no more."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from accounts.models import User
from tickets.access import Viewer
from tickets.audit import EventKind, subscribe
from tickets.background import jobs
from tickets.models import Status, Ticket
from tickets.search.filters import register_filter
from tickets.search.query import SearchRefused
from tickets.teams import routing, sharing
from tickets.teams.models import Absence, Membership, Rule, Team, today
from tickets.teams.sight import closed_to

for _kind in (
    EventKind.ESCALATED, EventKind.PERSON_REQUESTED, EventKind.REOPENED, EventKind.RELEASED, EventKind.TEAM,
):  # fmt: skip
    subscribe(_kind, sharing.give)
jobs.register_sweep(sharing.share_waiting)


def forget_old_absences() -> None:
    """When somebody was away is forgotten once it is over. A sweep."""
    Absence.objects.filter(last_day__lt=today()).delete()


jobs.register_sweep(forget_old_absences)


def by_team(value: str, viewer: Viewer) -> Q:
    """``none`` for tickets of no team, ``mine`` for those of the agent's own teams, else a part of a name."""
    word = value.strip().lower()
    if word in {"none", "nobody", "-"}:
        return Q(team=None)
    teams = Team.objects.all()
    if viewer.person is not None:
        teams = teams.exclude(pk__in=closed_to(viewer.person))
    if word == "mine" and viewer.person is not None:
        return Q(team__in=list(teams.filter(memberships__agent=viewer.person).values_list("pk", flat=True)))
    exact = list(teams.filter(name__iexact=value.strip()).values_list("pk", flat=True))
    chosen = exact or list(teams.filter(name__icontains=value.strip()).values_list("pk", flat=True))
    if not chosen:
        known = ", ".join(teams.values_list("name", flat=True)[:20]) or "there is none yet"
        raise SearchRefused(
            f"There is no team “{value}”. “team:mine” and “team:none” work too. Teams: {known}."
        )
    return Q(team__in=chosen)


register_filter("team", by_team, example="team:billing", words="whose it is; team:mine, team:none")


@receiver([post_save, post_delete], sender=Rule)
@receiver(post_delete, sender=Team)
def learn_rules_anew(**kwargs: Any) -> None:
    routing.forget()


@receiver(post_delete, sender=Membership)
def give_back_closed(instance: Membership, **kwargs: Any) -> None:
    """Whoever is no member any more does not see a closed team's tickets, and so has none of them."""
    team = Team.objects.filter(pk=instance.team_id, is_closed=True).first()
    agent = User.objects.filter(pk=instance.agent_id).first()
    if team is not None and agent is not None and not agent.sees_every_team:
        _give_back(Ticket.objects.filter(team=team, assignee=agent))


@receiver(post_save, sender=Team)
def give_back_of_strangers(instance: Team, created: bool, **kwargs: Any) -> None:
    """When a team is closed, agents outside it have its tickets no more."""
    if not created and instance.is_closed:
        seeing = [one.pk for one in User.objects.staff() if one.sees_every_team]
        members = instance.memberships.values_list("agent", flat=True)
        _give_back(Ticket.objects.filter(team=instance).exclude(assignee__in=[*seeing, *members]))


@receiver(post_save, sender=User)
def give_back_of_former_supervisors(
    instance: User, created: bool, update_fields: frozenset[str] | None, **kwargs: Any
) -> None:
    """Who sees every team no more keeps what they see still."""
    moved = update_fields is None or update_fields & {"role", "is_superuser"}
    if created or not moved or instance.sees_every_team:
        return
    closed = Team.objects.filter(is_closed=True).exclude(memberships__agent=instance.pk)
    _give_back(Ticket.objects.filter(assignee=instance, team__in=closed))


def _give_back(tickets: Any) -> None:
    for ticket in tickets.exclude(assignee=None).exclude(status=Status.CLOSED):
        ticket.assign(None, actor=None)
