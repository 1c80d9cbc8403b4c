"""Where holidays come from: the public ones of a country, or a calendar file (iCal)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from dateutil.rrule import rrulestr
from django.db import transaction
from django.utils import timezone

from tickets.service.models import Calendar, Holiday
from tickets.service.targets import forget

YEARS_AHEAD: Final = 2
LARGEST_FILE: Final = 1_000_000  # bytes
MOST_DAYS: Final = 2_000  # of one file
LONGEST_EVENT: Final = 60  # days


class HolidaysRefused(ValueError):
    """The country is unknown or the file cannot be read; says which and what to do."""


def public_holidays(country: str, subdivision: str, years: range) -> dict[date, str]:
    """Day → name, in English where the library has it. Raises HolidaysRefused for an unknown country or region."""
    import holidays  # half a second to load, and only an import of holidays needs it

    try:
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=years, language="en_US")
    except NotImplementedError as error:
        known = holidays.list_supported_countries().get(country)
        if known is None:
            raise HolidaysRefused(
                f"No public holidays are known for “{country}”. Write a code such as DE or GB."
            ) from error
        regions = f"Use one of {', '.join(known)}." if known else "Leave the region empty."
        raise HolidaysRefused(f"“{subdivision}” is no region of {country}. {regions}") from error
    return dict(found.items())


@transaction.atomic
def take_public_holidays(calendar: Calendar) -> int:
    """Fill in this year and the next ones; what was written by hand stays. Returns how many are new."""
    if not calendar.country:
        return 0
    year = timezone.now().year
    found = public_holidays(calendar.country, calendar.subdivision, range(year, year + YEARS_AHEAD + 1))
    calendar.holidays.filter(source=Holiday.Source.COUNTRY, day__year__gte=year).exclude(
        day__in=found
    ).delete()
    return _add(calendar, found, Holiday.Source.COUNTRY)


def keep_up() -> None:
    """A sweep: the country's holidays of the years ahead, once each year has come nearer."""
    last = timezone.now().year + YEARS_AHEAD
    for calendar in Calendar.objects.exclude(country=""):
        known = calendar.holidays.filter(source=Holiday.Source.COUNTRY, day__year=last)
        if not known.exists():
            take_public_holidays(calendar)


@transaction.atomic
def take_file(calendar: Calendar, text: str) -> int:
    """Add the whole-day events of an iCal file; returns how many days are new. Raises HolidaysRefused."""
    return _add(calendar, read_ical(text), Holiday.Source.ICAL)


def _add(calendar: Calendar, found: Mapping[date, str], source: Holiday.Source) -> int:
    known = set(calendar.holidays.values_list("day", flat=True))
    new = [
        Holiday(calendar=calendar, day=day, name=name[:120], source=source)
        for day, name in sorted(found.items())
        if day not in known
    ]
    Holiday.objects.bulk_create(new)
    forget()
    return len(new)


# --- iCal (RFC 5545) ------------------------------------------------------------------------------------------


@dataclass
class _Event:
    start: date | None = None
    end: date | None = None
    name: str = "Holiday"
    rule: str = ""


def read_ical(text: str) -> dict[date, str]:
    """Days of whole-day events, those that repeat as far as two years ahead. Meetings with a time are left out."""
    if len(text) > LARGEST_FILE:
        raise HolidaysRefused("The file is larger than 1 MB. Take one with holidays only.")
    if "BEGIN:VCALENDAR" not in text.upper():
        raise HolidaysRefused("This is no calendar file: it lacks BEGIN:VCALENDAR. Export it as iCal (.ics).")
    today = timezone.now().date()
    first, last = date(today.year - 1, 1, 1), date(today.year + YEARS_AHEAD, 12, 31)
    days: dict[date, str] = {}
    for event in _events(text):
        for start in _starts(event, first, last):
            for day in _days(event, start):
                if first <= day <= last:
                    days.setdefault(day, event.name)
        if len(days) > MOST_DAYS:
            raise HolidaysRefused(
                f"The file has more than {MOST_DAYS} days off. Take one with holidays only."
            )
    if not days:
        raise HolidaysRefused(f"The file has no whole-day event between {first.year} and {last.year}.")
    return days


def _events(text: str) -> Iterator[_Event]:
    event: _Event | None = None
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():  # long lines are folded
        head, _, value = line.partition(":")
        name, *parameters = head.upper().split(";")
        if line.upper() == "BEGIN:VEVENT":
            event = _Event()
        elif line.upper() == "END:VEVENT" and event is not None:
            if event.start is not None:
                yield event
            event = None
        elif event is not None and name in {"DTSTART", "DTEND"}:
            if "VALUE=DATE" in parameters or re.fullmatch(r"\d{8}", value.strip()):
                setattr(event, "start" if name == "DTSTART" else "end", _date(value.strip()))
        elif event is not None and name == "SUMMARY":
            event.name = _unescaped(value)
        elif event is not None and name == "RRULE":
            event.rule = value.strip()


def _date(value: str) -> date:
    try:
        return datetime.strptime(value[:8], "%Y%m%d").date()
    except ValueError as error:
        raise HolidaysRefused(f"“{value}” in the file is no date.") from error


def _unescaped(value: str) -> str:
    plain = re.sub(r"\\([\\;,nN])", lambda found: " " if found[1] in "nN" else found[1], value)
    return " ".join(plain.split()) or "Holiday"


def _starts(event: _Event, first: date, last: date) -> list[date]:
    assert event.start is not None  # noqa: S101
    if not event.rule:
        return [event.start]
    begin = datetime.combine(event.start, datetime.min.time())
    try:
        # A rule's end may be said with a zone; of whole days only the day counts.
        rule = rrulestr(re.sub(r"(UNTIL=\d{8})T\d{6}Z?", r"\1", event.rule), dtstart=begin)
        until = datetime.combine(last, datetime.max.time())
        return [
            at.date()
            for at in rule.xafter(begin, count=MOST_DAYS, inc=True)
            if at <= until and at.date() >= first
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise HolidaysRefused(f"“{event.rule}”, by which “{event.name}” repeats, cannot be read.") from error


def _days(event: _Event, start: date) -> Iterator[date]:
    assert event.start is not None  # noqa: S101
    length = (event.end - event.start).days if event.end else 1
    for place in range(min(max(length, 1), LONGEST_EVENT)):
        yield start + timedelta(days=place)
