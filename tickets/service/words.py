"""Working time in words: for staff in short, for customers in whole sentences of their language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tickets.service.hours import DAY_MINUTES, Hours

NEVER: Final = "never: the calendar has no opening hours"
HOLIDAYS_NAMED: Final = 3
_SHORT: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

Openings = tuple[tuple[int, int], ...]


def amount_in_words(amount: timedelta) -> str:
    """As in ``4 h`` or ``1 h 30 min``; rounded down to minutes."""
    hours, minutes = divmod(int(amount.total_seconds()) // 60, 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes or not hours else ""]
    return " ".join(part for part in parts if part)


_HOURS_ALONE = re.compile(r"(\d{1,4}(?:[.,]\d{1,2})?)")
_AMOUNT = re.compile(r"(?:(\d{1,4}(?:[.,]\d{1,2})?)\s*(?:h|hours?))?\s*(?:(\d{1,4})\s*(?:m|min|minutes?))?")
LONGEST_MINUTES: Final = 2_000 * 60


def read_amount(text: str) -> int | None:
    """Minutes said as ``8``, ``8 h``, ``1.5 h``, ``1 h 30 min`` or ``45 min``; None for an empty text.

    Raises ValueError for anything else, and for none or more than 2,000 hours.
    """
    said = text.strip().lower()
    if not said:
        return None
    alone, found = _HOURS_ALONE.fullmatch(said), _AMOUNT.fullmatch(said)
    hours = alone[1] if alone else found[1] if found else None
    rest = found[2] if found else None
    minutes = round(float((hours or "0").replace(",", ".")) * 60) + int(rest or 0)
    if not 0 < minutes <= LONGEST_MINUTES:
        raise ValueError("Write hours or minutes, as in 8 h, 1 h 30 min or 45 min.")
    return minutes


# --- for staff ---------------------------------------------------------------------------------------------


def week_in_words(hours: Hours) -> str:
    """As in ``Mon–Fri 9–17, Sat 10–14``."""
    runs = [
        f"{_run(_SHORT, first, last, '–')} {' and '.join(_clock_span(one) for one in openings)}"
        for first, last, openings in _runs(hours)
    ]
    return ", ".join(runs) or "never"


def _clock_span(opening: tuple[int, int]) -> str:
    return "all day" if opening == (0, DAY_MINUTES) else f"{_clock(opening[0])}–{_clock(opening[1])}"


def _clock(minute: int) -> str:
    hour, rest = divmod(minute, 60)
    return f"{hour}:{rest:02}" if rest else str(hour)


def arithmetic(hours: Hours, amount: timedelta, since: datetime, due: datetime | None) -> str:
    """How a due time came about: ``4 h of Mon–Fri 9–17 (Europe/Berlin), without the holiday on Tue 6 Jan (Epiphany)``."""
    told = f"{amount_in_words(amount)} of {week_in_words(hours)} ({hours.zone})"
    if due is None:
        return f"{told}: {NEVER}"
    first, last = hours.day_of(since), hours.day_of(due)
    skipped = sorted(day for day in hours.holidays if first <= day <= last and hours.week[day.weekday()])
    if not skipped:
        return told
    named = [f"{day:%a} {day.day} {day:%b} ({hours.holidays[day]})" for day in skipped[:HOLIDAYS_NAMED]]
    more = f" and {len(skipped) - HOLIDAYS_NAMED} more" if len(skipped) > HOLIDAYS_NAMED else ""
    return f"{told}, without the holiday{'s' if len(skipped) > 1 else ''} on {', '.join(named)}{more}"


def moment(hours: Hours, at: datetime) -> str:
    """As in ``Tue 1 Dec, 10:30``, on the calendar's wall."""
    local = at.astimezone(ZoneInfo(hours.zone))
    return f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"


# --- for customers -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Wording:
    days: Sequence[str]
    run: str  # of days, from and to
    span: str  # of times
    joint: str
    all_day: str
    halves: bool = False  # am and pm
    minutes: str = ":"


_WORDINGS: Final = {
    "en": _Wording(
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        "{} to {}", "{} to {}", " and ", "all day", halves=True,
    ),
    "de": _Wording(
        ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
        "{} bis {}", "{} bis {} Uhr", " und ", "ganztägig",
    ),
    "fr": _Wording(
        ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
        "du {} au {}", "de {} h à {} h", " et ", "toute la journée", minutes=" h ",
    ),
    "es": _Wording(
        ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
        "de {} a {}", "de {} a {} h", " y ", "todo el día",
    ),
}  # fmt: skip
LANGUAGES: Final = tuple(_WORDINGS)


def told_to_customers(hours: Hours, language: str) -> str | None:
    """The opening hours as a customer reads them; None in a language that we have no words for, or never open."""
    wording = _WORDINGS.get(language)
    if wording is None or not hours.is_ever_open:
        return None
    parts = []
    for first, last, openings in _runs(hours):
        days = _run(wording.days, first, last, wording.run)
        times = wording.joint.join(_told_span(wording, opening) for opening in openings)
        parts.append(f"{days}, {times}")
    return "; ".join(parts)


def _told_span(wording: _Wording, opening: tuple[int, int]) -> str:
    if opening == (0, DAY_MINUTES):
        return wording.all_day
    if wording.halves:
        return wording.span.format(_half(opening[0]), _half(opening[1]))
    if wording.minutes == " h ":  # 9 h 30 says the unit itself
        first, last = (_french(minute) for minute in opening)
        return f"de {first} à {last}"
    return wording.span.format(_clock(opening[0]), _clock(opening[1]))


def _french(minute: int) -> str:
    hour, rest = divmod(minute, 60)
    return f"{hour} h {rest:02}" if rest else f"{hour} h"


def _half(minute: int) -> str:
    if minute in {0, DAY_MINUTES}:
        return "midnight"
    if minute == DAY_MINUTES // 2:
        return "noon"
    hour, rest = divmod(minute, 60)
    told = (hour - 1) % 12 + 1
    return f"{told}{f':{rest:02}' if rest else ''} {'am' if hour < 12 else 'pm'}"


def _runs(hours: Hours) -> Iterator[tuple[int, int, Openings]]:
    """Neighbouring weekdays with the same openings: (first, last, openings); closed days are left out."""
    first = 0
    for day in range(7):
        if day == 6 or hours.week[day + 1] != hours.week[day]:
            if hours.week[day]:
                yield first, day, hours.week[day]
            first = day + 1


def _run(names: Sequence[str], first: int, last: int, joint: str) -> str:
    if first == last:
        return names[first]
    return joint.format(names[first], names[last]) if "{}" in joint else f"{names[first]}{joint}{names[last]}"
