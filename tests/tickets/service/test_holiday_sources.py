"""Holidays of a country and out of calendar files, whole and broken ones."""

from __future__ import annotations

from datetime import date

import pytest

from tickets.service import holiday_sources
from tickets.service.holiday_sources import HolidaysRefused
from tickets.service.models import Holiday

pytestmark = pytest.mark.django_db


def ical(*events: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", *events, "END:VCALENDAR", ""])


def event(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"])


@pytest.fixture(autouse=True)
def in_2026(now):
    now("2026-12-07 09:00")


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        (("DTSTART;VALUE=DATE:20261224", "SUMMARY:Christmas\\, early"), {"2026-12-24": "Christmas, early"}),
        (
            ("DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261227", "SUMMARY:Away"),
            {f"2026-12-{day}": "Away" for day in (24, 25, 26)},
        ),
        (
            ("DTSTART:20200501", "RRULE:FREQ=YEARLY", "SUMMARY:Labour", " Day"),
            {f"{year}-05-01": "LabourDay" for year in (2025, 2026, 2027, 2028)},
        ),
        (
            ("DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=WEEKLY;UNTIL=20260119T225959Z", "SUMMARY:Off"),
            {f"2026-01-{day}": "Off" for day in ("05", "12", "19")},
        ),
        (("DTSTART;VALUE=DATE:20261224",), {"2026-12-24": "Holiday"}),
    ],
)
def test_whole_days_of_a_file_are_read(lines, days):
    found = holiday_sources.read_ical(ical(event(*lines)))
    assert {day.isoformat(): name for day, name in found.items()} == days


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Christmas;24.12.", "lacks BEGIN:VCALENDAR"),
        (ical(), "no whole-day event between 2025 and 2028"),
        (ical(event("DTSTART:20261224T090000Z", "SUMMARY:A meeting")), "no whole-day event"),
        (ical(event("DTSTART;VALUE=DATE:19991224")), "no whole-day event"),
        (ical(event("DTSTART;VALUE=DATE:20269999")), "is no date"),
        (ical(event("DTSTART;VALUE=DATE:20261224", "RRULE:FREQ=SOMETIMES", "SUMMARY:Odd")), "cannot be read"),
        (ical(event("DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=DAILY", *["X:y" * 9] * 1)) * 3, ""),
        ("x" * 1_000_001, "larger than 1 MB"),
    ],
)
def test_a_file_that_is_none_says_what_is_wrong(text, told):
    if not told:  # every day is a holiday: odd, but a file
        assert len(holiday_sources.read_ical(text)) > 365
        return
    with pytest.raises(HolidaysRefused, match=told):
        holiday_sources.read_ical(text)


def test_a_countrys_holidays_are_kept_up_and_what_was_written_by_hand_stays(calendar):
    Holiday.objects.create(calendar=calendar, day=date(2026, 12, 25), name="Works outing")
    calendar.country, calendar.subdivision = "DE", "BY"
    calendar.save()
    holiday_sources.keep_up()
    names = dict(calendar.holidays.values_list("day", "name"))
    assert names[date(2026, 12, 25)] == "Works outing"
    assert "Epiphany" in names[date(2027, 1, 6)]  # a holiday in Bavaria, not in Berlin
    assert date(2028, 12, 25) in names
    before = calendar.holidays.count()
    holiday_sources.keep_up()
    assert calendar.holidays.count() == before
    calendar.subdivision = "BE"
    calendar.save()
    holiday_sources.take_public_holidays(calendar)
    names = dict(calendar.holidays.values_list("day", "name"))
    assert date(2027, 1, 6) not in names and date(2026, 12, 25) in names


@pytest.mark.parametrize(
    ("country", "region", "told"),
    [
        ("XX", "", "No public holidays are known for “XX”"),
        ("DE", "ZZ", "“ZZ” is no region of DE. Use one of BB"),
    ],
)
def test_an_unknown_country_or_region_is_refused(country, region, told):
    with pytest.raises(HolidaysRefused, match=told):
        holiday_sources.public_holidays(country, region, range(2026, 2027))
