"""Working time: when a team is open, and what moment comes so many working hours later. Pure arithmetic.

Openings are times on the wall of one time zone. Across clock changes the wall decides: on the night that is an hour
longer, an opening from 1:00 to 4:00 lasts four hours; on the shorter one, two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

DAY_MINUTES: Final = 24 * 60
HORIZON: Final = timedelta(days=800)  # who is not open within two years is never open
MINUTE: Final = timedelta(minutes=1)

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Hours:
    """Openings of each weekday (Monday first) as (first, last) minutes of the day, merged and in order."""

    zone: str
    week: tuple[tuple[tuple[int, int], ...], ...]
    holidays: Mapping[date, str] = field(default_factory=dict)

    def open_on(self, day: date) -> list[Span]:
        """The openings of a day as moments in UTC; none on a holiday."""
        openings = self.week[day.weekday()]
        if not openings or day in self.holidays:
            return []
        spans: list[Span] = []
        for begin, end, wall in _stretches(self.zone, day):
            length = int((end - begin) / MINUTE)
            for opens, closes in openings:
                first, last = max(opens - wall, 0), min(closes - wall, length)
                if first < last:
                    spans.append((begin + first * MINUTE, begin + last * MINUTE))
        return sorted(spans)

    def spans(self, start: datetime) -> Iterator[Span]:
        """Everything open from ``start`` on, up to the horizon."""
        day, last = self.day_of(start), self.day_of(start + HORIZON)
        while day <= last:
            for begin, end in self.open_on(day):
                if end > start:
                    yield max(begin, start), end
            day += timedelta(days=1)

    def add(self, start: datetime, amount: timedelta) -> datetime | None:
        """The moment when ``amount`` of working time has passed since ``start``; None if it never will have.

        No time at all is over at once, also while closed.
        """
        if amount <= timedelta(0):
            return start
        for begin, end in self.spans(start):
            if end - begin >= amount:
                return begin + amount
            amount -= end - begin
        return None

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from ``start`` to ``end``; none if they are the wrong way round."""
        total, day = timedelta(0), self.day_of(start)
        while start < end and day <= self.day_of(end):
            for begin, last in self.open_on(day):
                total += max(min(last, end) - max(begin, start), timedelta(0))
            day += timedelta(days=1)
        return total

    def is_open_at(self, moment: datetime) -> bool:
        return any(begin <= moment < end for begin, end in self.open_on(self.day_of(moment)))

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.zone)).date()

    @property
    def is_ever_open(self) -> bool:
        return any(self.week)


def merged(openings: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Openings in order, those that touch or overlap as one."""
    whole: list[tuple[int, int]] = []
    for first, last in sorted(openings):
        if whole and first <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], last))
        else:
            whole.append((first, last))
    return tuple(whole)


def minutes_of(opens: time, closes: time) -> tuple[int, int]:
    """As (first, last) minute. 23:59 and 0:00 as a closing mean the end of the day: nobody closes for one minute."""
    first, last = opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute
    return first, DAY_MINUTES if last in {0, DAY_MINUTES - 1} else last


@lru_cache(maxsize=4096)
def _stretches(zone: str, day: date) -> tuple[tuple[datetime, datetime, int], ...]:
    """A day cut where its clock is changed: (begin, end) in UTC and the minute of the wall at which it begins.

    A day that the zone skipped, as Samoa did in 2011, has no parts.
    """
    begin, end = _midnight(zone, day), _midnight(zone, day + timedelta(days=1))
    if begin == end:
        return ()
    first, last = _offset(zone, begin), _offset(zone, end - MINUTE)
    if first == last:
        return ((begin, end, _wall(zone, begin)),)
    low, high = 0, int((end - begin) / MINUTE) - 1
    while high - low > 1:  # the clock of ``low`` is the old one, that of ``high`` the new one
        middle = (low + high) // 2
        if _offset(zone, begin + middle * MINUTE) == first:
            low = middle
        else:
            high = middle
    change = begin + high * MINUTE
    return ((begin, change, _wall(zone, begin)), (change, end, _wall(zone, change)))


def _midnight(zone: str, day: date) -> datetime:
    """The first moment of a local day; where midnight is skipped, that is the moment of the change."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _offset(zone: str, moment: datetime) -> timedelta | None:
    return moment.astimezone(ZoneInfo(zone)).utcoffset()


def _wall(zone: str, moment: datetime) -> int:
    local = moment.astimezone(ZoneInfo(zone))
    return local.hour * 60 + local.minute
