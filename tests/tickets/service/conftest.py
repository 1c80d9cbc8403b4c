"""A calendar of Berlin office hours, targets, and a clock that the test sets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from tickets.service.models import Calendar, Opening, Target

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def calendar(db) -> Calendar:
    """Monday to Friday, 9 to 17, Europe/Berlin; a reply within 4 h, a resolution within 16 h."""
    Target.objects.all().delete()
    Calendar.objects.all().delete()
    made = Calendar.objects.create(name="Berlin", time_zone="Europe/Berlin", is_default=True)
    for day in range(5):
        Opening.objects.create(calendar=made, weekday=day, opens=time(9), closes=time(17))
    Target.objects.create(urgency=0, first_reply=240, next_reply=120, resolution=960)
    Target.objects.create(urgency=2, first_reply=60, next_reply=30, resolution=240)
    return made


SetClock = Callable[[str], datetime]


@pytest.fixture
def now(monkeypatch) -> SetClock:
    """``now("2026-12-07 10:00")``: it is then in Berlin."""

    def set_to(moment: str) -> datetime:
        at = datetime.fromisoformat(moment).replace(tzinfo=BERLIN)
        monkeypatch.setattr(timezone, "now", lambda: at)
        return at

    return set_to


def berlin(moment: datetime | None) -> str:
    """As in ``2026-12-07 10:00``; empty for none."""
    return f"{moment.astimezone(BERLIN):%Y-%m-%d %H:%M}" if moment else ""
