"""Which teams' tickets an agent must not see. ``tickets.access`` and the querysets ask here, and nobody else decides."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from django.db.models import Exists, OuterRef

from accounts.models import User
from tickets.teams.models import Membership, Team

_KEPT: Final = "_teams_read"  # on the person's own row, which lives as long as one request


def teams_for(agent: User) -> list[Team]:
    """Every team, with ``is_own``: in one query a request."""
    known: list[Team] | None = agent.__dict__.get(_KEPT)
    if known is None:
        own = Membership.objects.filter(team=OuterRef("pk"), agent=agent.pk)
        known = list(Team.objects.annotate(is_own=Exists(own)))  # type: ignore[no-redef]
        agent.__dict__[_KEPT] = known
    return known


def closed_to(agent: User) -> frozenset[int]:
    """Keys of the closed teams that ``agent`` is no member of. Supervisors and auditors see every team."""
    if agent.sees_every_team:
        return frozenset()
    return frozenset(team.pk for team in teams_for(agent) if team.is_closed and not team.is_own)


def may_see(agent: User, team: int | None) -> bool:
    """Whether whoever works at the desk sees the tickets of this team; those of no team are everybody's."""
    return agent.reads_desk and (team is None or team not in closed_to(agent))


def who_may_see(
    people: Iterable[User], team: Team | None, members: Collection[int] | None = None
) -> list[User]:
    """Those of ``people`` who see this team's tickets, in one query at most; in none where ``members`` were read."""
    is_closed = team is not None and team.is_closed
    if is_closed and members is None:
        members = set(Membership.objects.filter(team=team).values_list("agent", flat=True))
    return [
        one
        for one in people
        if one.reads_desk and (not is_closed or one.sees_every_team or one.pk in (members or ()))
    ]
