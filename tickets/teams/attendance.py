"""Who is there: not away today, and within their working hours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.utils import timezone

from accounts.models import User
from tickets.errors import TicketError
from tickets.service.models import Calendar
from tickets.teams.models import Absence, Shift


class Away(TicketError):
    """An agent who is away is assigned nothing."""

    code = "away"

    def __init__(self, agent: User, absence: Absence) -> None:
        super().__init__(
            f"{agent} is away until {absence.last_day:%-d %B}, and is assigned nothing till then."
        )


def refuse_away(agent: User) -> None:
    """Raises Away."""
    absence = Absence.objects.now().filter(agent=agent.pk).order_by("-last_day").first()
    if absence is not None:
        raise Away(agent, absence)


def away_now(agents: Collection[int] | None = None) -> Mapping[int, Absence]:
    """Agent → the absence that ends last, of those who are away today."""
    rows = Absence.objects.now().order_by("last_day")
    if agents is not None:
        rows = rows.of(agents)
    return {row.agent_id: row for row in rows}


def present(agents: Collection[int], now: datetime | None = None) -> set[int]:
    """Those of ``agents`` who are there at this moment."""
    moment = now or timezone.now()
    shifts = dict(Shift.objects.filter(agent__in=agents).values_list("agent", "calendar"))
    calendars = Calendar.objects.filter(pk__in=set(shifts.values())).prefetch_related("openings", "holidays")
    is_open = {one.pk: one.hours.is_open_at(moment) for one in calendars}
    gone = away_now(agents)
    return {pk for pk in agents if pk not in gone and (pk not in shifts or is_open.get(shifts[pk], False))}
