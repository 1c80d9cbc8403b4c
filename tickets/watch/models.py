"""The worker's sign of life: a row for each of its threads, written about every five seconds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.db import models
from django.utils import timezone

ALIVE = timedelta(seconds=60)  # who has not written for so long is gone, or stuck where nothing else can run
STUCK = timedelta(minutes=5)  # in one job; the longest that is meant to be takes one
FORGOTTEN = timedelta(days=1)


class BeatQuerySet(models.QuerySet["Beat"]):
    def alive(self, now: datetime) -> Self:
        return self.filter(seen_at__gt=now - ALIVE)

    def silent(self, now: datetime) -> Self:
        """Started, not ended, and no longer heard of: killed, or stuck with its whole process."""
        return self.filter(seen_at__lte=now - ALIVE)

    def stuck(self, now: datetime) -> Self:
        """Its process lives, and it has been in one job for far too long."""
        return self.alive(now).filter(moved_at__lt=now - STUCK).exclude(doing="")


class Beat(models.Model):
    name = models.CharField(max_length=120, unique=True, help_text="Host, process and lane.")
    lane = models.CharField(max_length=20)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text="By the clock of the database.")
    moved_at = models.DateTimeField(default=timezone.now, help_text="When it last took up or put down a job.")
    doing = models.CharField(max_length=60, blank=True, help_text="Kind and id of the job it is in.")
    clock_ahead = models.FloatField(
        default=0.0, help_text="Seconds that its clock is ahead of the database's."
    )

    objects: ClassVar[models.Manager[Beat]] = BeatQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name
