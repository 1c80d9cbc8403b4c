"""Working time in words, for staff and for customers in their language."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tickets.service import words
from tickets.service.hours import DAY_MINUTES, Hours

OFFICE = Hours("Europe/Berlin", (((540, 1020),),) * 5 + (((600, 810),), ()))
LUNCH = Hours("Europe/Berlin", (((540, 720), (780, 1020)),) * 2 + ((),) * 5)
ALWAYS = Hours("UTC", (((0, DAY_MINUTES),),) * 7)


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (OFFICE, "Mon–Fri 9–17, Sat 10–13:30"),
        (LUNCH, "Mon–Tue 9–12 and 13–17"),
        (ALWAYS, "Mon–Sun all day"),
        (Hours("UTC", ((),) * 7), "never"),
    ],
)
def test_a_week_in_short(hours, told):
    assert words.week_in_words(hours) == told


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "Monday to Friday, 9 am to 5 pm; Saturday, 10 am to 1:30 pm"),
        ("de", "Montag bis Freitag, 9 bis 17 Uhr; Samstag, 10 bis 13:30 Uhr"),
        ("fr", "du lundi au vendredi, de 9 h à 17 h; samedi, de 10 h à 13 h 30"),
        ("es", "de lunes a viernes, de 9 a 17 h; sábado, de 10 a 13:30 h"),
        ("tr", None),
    ],
)
def test_the_hours_as_customers_read_them(language, told):
    assert words.told_to_customers(OFFICE, language) == told


def test_noon_midnight_and_never_are_said_so():
    half = Hours("UTC", (((720, DAY_MINUTES),),) + ((),) * 6)
    assert words.told_to_customers(half, "en") == "Monday, noon to midnight"
    assert words.told_to_customers(ALWAYS, "de") == "Montag bis Sonntag, ganztägig"
    assert words.told_to_customers(Hours("UTC", ((),) * 7), "en") is None


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("8", 480),
        ("8 h", 480),
        ("1.5 h", 90),
        ("1,5h", 90),
        ("1 h 30 min", 90),
        ("45 min", 45),
        ("1h30m", 90),
        ("", None),
        (" ", None),
    ],
)
def test_amounts_are_read_as_people_write_them(typed, minutes):
    assert words.read_amount(typed) == minutes


@pytest.mark.parametrize("typed", ["soon", "0", "-4", "0 min", "4 days", "9999 h", "h", "8 h 30 min 5 s"])
def test_what_is_no_amount_says_how_to_write_one(typed):
    with pytest.raises(ValueError, match="Write hours or minutes"):
        words.read_amount(typed)


@pytest.mark.parametrize("minutes", [1, 59, 60, 61, 90, 480, 2_000])
def test_an_amount_survives_being_said(minutes):
    assert words.read_amount(words.amount_in_words(timedelta(minutes=minutes))) == minutes
