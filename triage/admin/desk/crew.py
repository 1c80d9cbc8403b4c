"""Who is here: the teams with what waits for them, their members, and the tickets of those who are away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from accounts.models import User
from tickets.access import at_desk
from tickets.models import Status
from tickets.teams import attendance
from tickets.teams.models import Membership, Team
from tickets.teams.sight import closed_to
from triage.admin.desk.shell import show, who

OPEN = [status for status in Status if status.is_active]
MOST_PEOPLE = 200


@dataclass(frozen=True)
class Member:
    person: User
    load: int
    away_until: date | None
    is_here: bool

    @property
    def query(self) -> str:
        """Their open tickets, as the list's address."""
        return urlencode({"queue": "all", "q": f"status:open assignee:{self.person.email}"})


@dataclass(frozen=True)
class Shown:
    team: Team
    waiting: int
    free: int
    members: list[Member]


@require_GET
def teams(request: HttpRequest) -> HttpResponse:
    agent = who(request)
    seen = Team.objects.exclude(pk__in=closed_to(agent))
    people = {one.pk: one for one in User.objects.staff().order_by("name", "email")[:MOST_PEOPLE]}
    members = _members(people, _loads(agent))
    groups: dict[int, list[Member]] = {}
    for team, person in Membership.objects.filter(team__in=seen).values_list("team", "agent"):
        if person in members:
            groups.setdefault(team, []).append(members[person])
    shown = [
        Shown(team, team.waits, team.free, groups.get(team.pk, []))  # type: ignore[attr-defined]
        for team in _counted(seen)
    ]
    away = [one for one in members.values() if one.away_until is not None]
    inside = {one.person.pk for group in groups.values() for one in group}
    others = [one for pk, one in members.items() if pk not in inside]
    return show(request, "triage/desk/teams.html", "Teams", teams=shown, away=away, others=others)


def _counted(teams: QuerySet[Team]) -> QuerySet[Team]:
    waits = Q(tickets__status=Status.ESCALATED, tickets__quarantined_at=None)
    return teams.annotate(
        waits=Count("tickets", filter=waits), free=Count("tickets", filter=waits & Q(tickets__assignee=None))
    )


def _loads(agent: User) -> Mapping[int, int]:
    """Agent → open tickets, as far as ``agent`` sees them."""
    rows = at_desk(agent).wanted().filter(status__in=OPEN, assignee__isnull=False).order_by()
    return dict(rows.values_list("assignee").annotate(Count("pk")))


def _members(people: Mapping[int, User], loads: Mapping[int, int]) -> dict[int, Member]:
    here, gone = attendance.present(_keys(people)), attendance.away_now(_keys(people))
    return {
        pk: Member(person, loads.get(pk, 0), gone[pk].last_day if pk in gone else None, pk in here)
        for pk, person in people.items()
    }


def _keys(people: Iterable[int]) -> list[int]:
    return list(people)
