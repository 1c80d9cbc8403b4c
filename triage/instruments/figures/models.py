"""What is counted, kept ready: what each ticket adds to which figure on which day, and the sums of a day.

The sums are always those of the facts: both change in one transaction, by what a ticket's facts were and are.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tickets.models import Ticket


class Due(models.Model):
    """This ticket's facts are to be read, whatever the trail says: all of them when the count begins again."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+", db_index=False)

    def __str__(self) -> str:
        return str(self.ticket_id)


class Fact(models.Model):
    """One thing that a ticket adds to a figure. ``value`` says which part of the figure, or is a span's bucket."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    figure = models.CharField(max_length=16)
    value = models.CharField(max_length=64, blank=True)
    day = models.DateField()
    intent = models.CharField(max_length=80, blank=True)
    agent = models.PositiveBigIntegerField(null=True, help_text="The account's number.")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["figure", "day", "value"], name="fact_by_figure")
        ]

    def __str__(self) -> str:
        return f"{self.figure} {self.value}".strip()


class Daily(models.Model):
    """How many facts of one figure and value fell on a day: in the house, of one intent, or of one agent."""

    class Scope(models.TextChoices):
        HOUSE = "h", "the house"
        INTENT = "i", "one intent"
        AGENT = "a", "one agent"

    scope = models.CharField(max_length=1, choices=Scope.choices)
    key = models.CharField(max_length=80, blank=True, help_text="The intent's code or the agent's number.")
    figure = models.CharField(max_length=16)
    value = models.CharField(max_length=64, blank=True)
    day = models.DateField()
    n = models.IntegerField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["scope", "figure", "day", "key", "value"], name="daily_once")
        ]

    def __str__(self) -> str:
        return f"{self.figure} {self.value} {self.day}: {self.n}"


class Turn(models.Model):
    """One row, whose lock makes those who count take turns.

    ``zone`` is that by which the days were cut, ``position`` that of the last Event of the trail that was counted.
    """

    zone = models.CharField(max_length=64, blank=True)
    position = models.PositiveBigIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return self.zone
