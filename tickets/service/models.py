"""When the team is there, what is promised, and how each ticket stands to it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from tickets.compiled_insert import CompiledInsert
from tickets.service.hours import Hours, merged, minutes_of
from tickets.states import Urgency


def check_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is no time zone. Write it as in Europe/Berlin.", code="zone")


def own_zone() -> str:
    return str(settings.TIME_ZONE)


class Calendar(models.Model):
    name = models.CharField(max_length=60, unique=True)
    time_zone = models.CharField(
        max_length=40, default=own_zone, validators=[check_zone], help_text="For instance Europe/Berlin."
    )
    is_default = models.BooleanField(
        default=False, help_text="Counts where a target names no other calendar."
    )
    tells_hours = models.BooleanField(
        "tell customers these hours",
        default=False,
        help_text="Answers then say these hours wherever they name the house fact “hours”.",
    )
    country = models.CharField(
        max_length=6, blank=True, help_text="Its public holidays are kept up to date, e.g. DE or GB."
    )
    subdivision = models.CharField(max_length=10, blank=True, help_text="State or region, e.g. BY or SCT.")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="service_one_default_calendar"
            ),
            models.UniqueConstraint(
                fields=["tells_hours"], condition=Q(tells_hours=True), name="service_one_told_calendar"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def hours(self) -> Hours:
        return hours_of(self, self.openings.all(), self.holidays.all())

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


def hours_of(calendar: Calendar, openings: Iterable[Opening], holidays: Iterable[Holiday]) -> Hours:
    days: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for opening in openings:
        days[opening.weekday].append(minutes_of(opening.opens, opening.closes))
    return Hours(
        calendar.time_zone, tuple(merged(day) for day in days), {one.day: one.name for one in holidays}
    )


class Opening(models.Model):
    class Weekday(models.IntegerChoices):
        MONDAY, TUESDAY, WEDNESDAY, THURSDAY = 0, 1, 2, 3
        FRIDAY, SATURDAY, SUNDAY = 4, 5, 6

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="openings")
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices)
    opens = models.TimeField()
    closes = models.TimeField(help_text="23:59 or 0:00: the end of the day.")

    class Meta:
        ordering = ["weekday", "opens"]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"

    def clean(self) -> None:
        if self.opens is not None and self.closes is not None:
            first, last = minutes_of(self.opens, self.closes)
            if first >= last:
                raise ValidationError(
                    {"closes": "It must close after it opens. Over midnight: use two rows."}
                )


class Holiday(models.Model):
    class Source(models.TextChoices):
        HAND = "hand", "By hand"
        COUNTRY = "country", "Public holidays"
        ICAL = "ical", "Imported file"

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="holidays")
    day = models.DateField()
    name = models.CharField(max_length=120)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.HAND, editable=False)

    class Meta:
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["calendar", "day"], name="service_holiday_once")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


class Target(models.Model):
    """What is promised for tickets of one urgency, in minutes of working time; empty: nothing."""

    urgency = models.PositiveSmallIntegerField(choices=Urgency.choices, unique=True)
    calendar = models.ForeignKey(
        Calendar, models.PROTECT, null=True, blank=True, help_text="Empty: the default calendar."
    )
    first_reply = models.PositiveIntegerField(null=True, blank=True)
    next_reply = models.PositiveIntegerField(null=True, blank=True)
    resolution = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["-urgency"]

    def __str__(self) -> str:
        return f"Targets of {self.get_urgency_display().lower()} tickets"


class Awaited(models.TextChoices):
    """What a ticket owes."""

    FIRST_REPLY = "first_reply", "first reply"
    NEXT_REPLY = "next_reply", "next reply"
    RESOLUTION = "resolution", "resolution"


class Told(models.IntegerChoices):
    NOTHING = 0, "Nothing"
    SOON = 1, "Due soon"
    OVERDUE = 2, "Overdue"


class ClockQuerySet(models.QuerySet["Clock"]):
    def to_tell(self, now: Any) -> ClockQuerySet:
        return self.filter(look_at__lte=now).order_by("look_at")


class Clock(CompiledInsert):
    """When a ticket's reply and resolution are due. Stands still (no due times) while the customer's turn is.

    ``look_at`` is the next moment at which something is to be told: soon due, then overdue.
    """

    ticket = models.OneToOneField(
        "tickets.Ticket", models.CASCADE, primary_key=True, related_name="service_clock"
    )
    due_at = models.DateTimeField(null=True, help_text="The earlier of the two below.")
    look_at = models.DateTimeField(null=True)
    reply_kind = models.CharField(max_length=11, choices=Awaited.choices, blank=True)
    reply_since = models.DateTimeField(null=True)
    reply_due = models.DateTimeField(null=True)
    reply_told = models.PositiveSmallIntegerField(choices=Told.choices, default=Told.NOTHING)
    resolution_since = models.DateTimeField(null=True)
    resolution_used = models.DurationField(
        default=timedelta(0), help_text="Working time before the last pause."
    )
    resolution_due = models.DateTimeField(null=True)
    resolution_told = models.PositiveSmallIntegerField(choices=Told.choices, default=Told.NOTHING)

    objects: ClassVar[Any] = ClockQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="service_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["look_at"], name="service_look", condition=Q(look_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"Clock of {self.ticket_id}"
