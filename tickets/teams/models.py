"""Teams and their members, the rules that bring tickets to them, and when an agent is away."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import ClassVar, Final, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.mailboxes import normalize
from tickets.service.models import Calendar
from tickets.states import Channel

MOST_SKILLS: Final = 40


class Team(models.Model):
    class Gives(models.TextChoices):
        """Who gets a ticket of the team that nobody has."""

        NOBODY = "nobody", "Nobody: members take them"
        LOAD = "load", "Whoever has the least to do"
        SKILL = "skill", "Whoever knows the matter, else the least to do"

    name = models.CharField(max_length=40, unique=True)
    is_closed = models.BooleanField(
        "closed", default=False, help_text="Only its members, supervisors and auditors see its tickets."
    )
    gives = models.CharField(
        "assigns to",
        max_length=6,
        choices=Gives.choices,
        default=Gives.NOBODY,
        help_text="Only members who are there get any: not those who are away, or outside their working hours.",
    )
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Membership", related_name="teams")

    is_own: bool  # where ``sight.teams_for`` has read it

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        self.name = " ".join(self.name.split())
        if not self.name:
            raise ValidationError({"name": "Give the team a name."})
        if Team.objects.filter(name__iexact=self.name).exclude(pk=self.pk).exists():
            raise ValidationError({"name": "There is a team of this name."})


class Membership(models.Model):
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    skills = models.JSONField(
        default=list, blank=True, help_text="Codes of the intents that this member knows best."
    )
    given_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the team's rule last gave them a ticket."
    )

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["team", "agent"], name="team_member_once")]

    def __str__(self) -> str:
        return f"{self.agent_id} of {self.team_id}"


class Rule(models.Model):
    """All that is filled in must fit; the first rule that fits decides. One with an intent waits for triage."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="rules")
    place = models.PositiveSmallIntegerField(default=100, help_text="The lowest is tried first.")
    mailbox = models.EmailField(blank=True, default="", help_text="Mail that came to this address of ours.")
    channel = models.CharField(max_length=8, choices=Channel.choices, blank=True, default="")
    intent = models.CharField(max_length=80, blank=True, default="", help_text="What triage takes it for.")

    class Meta:
        ordering = ["place", "pk"]

    def __str__(self) -> str:
        said = (self.mailbox, self.get_channel_display() if self.channel else "", self.intent)
        return ", ".join(filter(None, said)) or "every ticket"

    def clean(self) -> None:
        self.mailbox = normalize(self.mailbox)


class Shift(models.Model):
    """An agent's working hours: one of the house's calendars. Who has none is always there."""

    agent = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="shift")
    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="shifts")

    def __str__(self) -> str:
        return f"{self.agent_id}: {self.calendar}"


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def on(self, day: date) -> Self:
        return self.filter(first_day__lte=day, last_day__gte=day)

    def now(self) -> Self:
        """By the date of the house's time zone."""
        return self.on(today())

    def of(self, agents: Collection[int]) -> Self:
        return self.filter(agent__in=agents)


class Absence(models.Model):
    """Days on which an agent is away. Why is nobody's business, and is not kept."""

    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="absences")
    first_day = models.DateField()
    last_day = models.DateField(help_text="The last day away, not the first day back.")

    objects: ClassVar[AbsenceQuerySet] = AbsenceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["first_day", "pk"]
        indexes = [models.Index(fields=["last_day"], name="absence_by_end")]
        constraints = [
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="absence_right_way_round")
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} until {self.last_day.isoformat()}"

    def clean(self) -> None:
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValidationError({"last_day": "The last day is before the first."})


def today() -> date:
    return timezone.localdate(timezone=timezone.get_default_timezone())
