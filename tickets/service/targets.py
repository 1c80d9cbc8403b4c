"""The targets in force, read together and remembered for a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.core.cache import cache
from django.utils import timezone

from tickets.service.hours import Hours
from tickets.service.models import Awaited, Calendar, Holiday, Opening, Target, hours_of

CACHE_KEY: Final = "service-targets"
CACHE_SECONDS: Final = (
    60  # another process learns of a change by then at the latest; live clocks are set anew
)


@dataclass(frozen=True)
class Promised:
    """What tickets of one urgency are promised, in working time of ``hours``."""

    hours: Hours
    amounts: Mapping[str, timedelta]

    def amount(self, awaited: str) -> timedelta | None:
        return self.amounts.get(awaited)


def promised(urgency: int) -> Promised | None:
    """None where nothing was set for this urgency."""
    known: dict[int, Promised] | None = cache.get(CACHE_KEY)
    if known is None:
        known = _read()
        cache.set(CACHE_KEY, known, CACHE_SECONDS)
    return known.get(urgency)


def forget() -> None:
    cache.delete(CACHE_KEY)


def _read() -> dict[int, Promised]:
    targets = list(Target.objects.all())
    calendars = {calendar.pk: calendar for calendar in Calendar.objects.all()}
    default = next((one for one in calendars.values() if one.is_default), None)
    openings, since = list(Opening.objects.all()), timezone.now().date() - timedelta(days=800)
    holidays = list(Holiday.objects.filter(day__gte=since))
    known = {}
    for target in targets:
        calendar = calendars.get(target.calendar_id or 0, default)
        if calendar is None:
            continue
        hours = hours_of(
            calendar,
            [one for one in openings if one.calendar_id == calendar.pk],
            [one for one in holidays if one.calendar_id == calendar.pk],
        )
        minutes = {awaited.value: getattr(target, awaited.value) for awaited in Awaited}
        amounts = {name: timedelta(minutes=value) for name, value in minutes.items() if value}
        known[target.urgency] = Promised(hours, amounts)
    return known
