"""Who else hears of a ticket."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from tickets.models import Message, Ticket


class Follower(models.Model):
    """A colleague who is told of what is written on the ticket."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="followers", db_index=False)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="followed")
    merged_from = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "agent"], name="follower_once")]

    def __str__(self) -> str:
        return f"{self.agent_id} follows {self.ticket_id}"


class Mention(models.Model):
    """A colleague named in a note. It is done once they write on the ticket, or say so."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="mentions")
    message = models.ForeignKey(Message, models.CASCADE, related_name="mentions", db_index=False)
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "agent"], name="mention_once")]
        indexes = [
            models.Index(fields=["agent", "ticket"], name="mention_waiting", condition=Q(done_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} on {self.ticket_id}"


class CopyQuerySet(models.QuerySet["Copy"]):
    def confirmed(self) -> Self:
        return self.filter(confirmed_at__isnull=False)


class Copy(models.Model):
    """Somebody outside who gets what is said to and by the requester by mail, once they want it."""

    class Way(models.TextChoices):
        TEAM = "team", "Added by the team"
        REQUESTER = "requester", "Added by the requester"
        MAIL = "mail", "In copy of the requester's mail"

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="copies", db_index=False)
    address = models.EmailField()
    way = models.CharField(max_length=9, choices=Way.choices)
    merged_from = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager[Copy]] = CopyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "copies"
        constraints = [models.UniqueConstraint(fields=["ticket", "address"], name="copy_once")]
        indexes = [models.Index(fields=["address"], name="copy_by_address")]

    def __str__(self) -> str:
        return f"{self.address} on {self.ticket_id}"
