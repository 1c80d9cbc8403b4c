"""Working time against a reference that walks minute by minute over the wall's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tickets.service.hours import DAY_MINUTES, Hours, merged, minutes_of

MINUTE = timedelta(minutes=1)
#: Open on Fridays only. In Samoa no Friday lay between Thursday the 29th and Saturday the 31st of December 2011.
SKIPPED_DAY = Hours("Pacific/Apia", ((), (), (), (), ((0, DAY_MINUTES),), (), ()))
#: Zones that change their clock by an hour, at midnight, by half an hour, never; and one that once skipped a day.
ZONES = [
    "Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe", "Asia/Kolkata",
    "Atlantic/Azores", "Pacific/Apia", "UTC",
]  # fmt: skip
#: Around these days some zone changes its clock.
DAYS = [
    date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 9, 6), date(2026, 10, 4), date(2026, 10, 25),
    date(2026, 11, 1), date(2011, 12, 30), date(2026, 6, 15),
]  # fmt: skip


def is_open(hours: Hours, moment: datetime) -> bool:
    local = moment.astimezone(ZoneInfo(hours.zone))
    minute = local.hour * 60 + local.minute
    return local.date() not in hours.holidays and any(
        first <= minute < last for first, last in hours.week[local.weekday()]
    )


def walked(hours: Hours, start: datetime, end: datetime) -> timedelta:
    total, at = timedelta(0), start
    while at < end:
        total += MINUTE if is_open(hours, at) else timedelta(0)
        at += MINUTE
    return total


def walked_to(hours: Hours, start: datetime, amount: timedelta, limit: datetime) -> datetime | None:
    at = start
    while amount > timedelta(0):
        if at > limit:
            return None
        amount -= MINUTE if is_open(hours, at) else timedelta(0)
        at += MINUTE
    return at


@st.composite
def opening(draw) -> tuple[int, int]:
    first = draw(st.integers(0, DAY_MINUTES - 1))
    return first, draw(st.one_of(st.just(DAY_MINUTES), st.integers(first + 1, DAY_MINUTES)))


@st.composite
def some_hours(draw) -> Hours:
    week = tuple(merged(draw(st.lists(opening(), max_size=2))) for _ in range(7))
    day = draw(st.sampled_from(DAYS))
    off = draw(st.lists(st.integers(-1, 2), max_size=2))
    return Hours(draw(st.sampled_from(ZONES)), week, {day + timedelta(days=one): "Off" for one in off})


@st.composite
def some_moment(draw) -> datetime:
    day = draw(st.sampled_from(DAYS))
    return datetime.combine(day, time(), UTC) + timedelta(minutes=draw(st.integers(-1_500, 2_000)))


@given(some_hours(), some_moment(), st.integers(0, 3_000))
@example(Hours("Europe/Berlin", (((0, 240),),) * 7), datetime(2026, 10, 24, 22, tzinfo=UTC), 600)
@example(Hours("Europe/Berlin", (((150, 240),),) * 7), datetime(2026, 10, 24, 22, tzinfo=UTC), 600)
@example(Hours("America/Santiago", (((0, 30),),) * 7), datetime(2026, 9, 6, 0, tzinfo=UTC), 900)
@example(SKIPPED_DAY, datetime(2011, 12, 30, 9, tzinfo=UTC), 120)
def test_working_time_between_two_moments_is_what_one_counts(hours, start, minutes):
    end = start + timedelta(minutes=minutes)
    assert hours.between(start, end) == walked(hours, start, end)


@given(some_hours(), some_moment(), st.integers(1, 900))
def test_the_due_moment_is_where_one_arrives_by_counting(hours, start, minutes):
    amount = timedelta(minutes=minutes)
    limit = start + timedelta(days=3)
    due = hours.add(start, amount)
    if due is None or due > limit:
        assert walked_to(hours, start, amount, limit) is None
    else:
        assert due == walked_to(hours, start, amount, limit)
        assert hours.between(start, due) == amount


@given(some_hours(), some_moment(), st.integers(0, 500), st.integers(0, 500))
def test_time_added_in_two_steps_ends_where_it_does_in_one(hours, start, one, other):
    halfway = hours.add(start, timedelta(minutes=one))
    whole = hours.add(start, timedelta(minutes=one + other))
    if whole is not None and halfway is not None and other:
        assert hours.add(halfway, timedelta(minutes=other)) == whole


@given(some_hours(), some_moment(), st.integers(0, 2_000), st.integers(0, 2_000))
def test_a_later_start_is_never_due_earlier(hours, start, delay, minutes):
    early = hours.add(start, timedelta(minutes=minutes))
    late = hours.add(start + timedelta(minutes=delay), timedelta(minutes=minutes))
    assert early is None or late is None or early <= late


NINE_TO_FIVE = Hours("Europe/Berlin", (((540, 1020),),) * 5 + ((), ()), {date(2026, 12, 8): "Feast"})


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ((2026, 12, 7, 9, 0), 4, (2026, 12, 7, 13, 0)),
        ((2026, 12, 7, 15, 0), 4, (2026, 12, 9, 11, 0)),  # over a holiday
        ((2026, 12, 4, 16, 0), 4, (2026, 12, 7, 12, 0)),  # over a weekend
        ((2026, 12, 5, 12, 0), 8, (2026, 12, 7, 17, 0)),  # at closing time, not at the next opening
        ((2026, 12, 7, 9, 0), 0, (2026, 12, 7, 9, 0)),
    ],
)
def test_examples_one_can_check_by_hand(start, hours, due):
    zone = ZoneInfo("Europe/Berlin")
    assert NINE_TO_FIVE.add(datetime(*start, tzinfo=zone), timedelta(hours=hours)) == datetime(
        *due, tzinfo=zone
    )


def test_a_day_that_the_zone_skipped_was_never_open():
    assert SKIPPED_DAY.open_on(date(2011, 12, 30)) == []
    assert SKIPPED_DAY.add(datetime(2011, 12, 29, 12, tzinfo=UTC), MINUTE) == datetime(
        2012, 1, 5, 10, 1, tzinfo=UTC
    )


def test_who_is_never_open_is_never_due():
    closed = Hours("UTC", ((),) * 7)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert closed.add(start, MINUTE) is None
    assert closed.between(start, start + timedelta(days=30)) == timedelta(0)
    assert not closed.is_ever_open


@pytest.mark.parametrize("closes", [time(23, 59), time(0, 0)])
def test_the_last_minute_of_a_day_belongs_to_it(closes):
    assert minutes_of(time(0, 0), closes) == (0, DAY_MINUTES)
    always = Hours("UTC", (merged([minutes_of(time(0, 0), closes)]),) * 7)
    start = datetime(2026, 3, 1, 5, tzinfo=UTC)
    assert always.add(start, timedelta(hours=100)) == start + timedelta(hours=100)


def test_openings_that_overlap_or_touch_are_one():
    assert merged([(600, 720), (540, 660), (720, 780), (900, 960)]) == ((540, 780), (900, 960))
