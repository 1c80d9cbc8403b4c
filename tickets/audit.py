"""The audit trail: rows that are written with what they tell of, and never touched again."""

from __future__ import annotations

from typing import Any, ClassVar, Never

from django.conf import settings
from django.db import models
from django.utils import timezone


class AppendOnlyQuerySet(models.QuerySet[Any]):
    def update(self, **fields: Any) -> Never:
        raise TypeError("Audit events cannot be changed.")

    def delete(self) -> Never:
        raise TypeError("Audit events cannot be deleted.")


class Event(models.Model):
    """One audit row. Written with the change it tells of; never updated, never deleted."""

    class Kind(models.TextChoices):
        CREATED = "created", "Created"
        AUTO_RESOLVED = "auto_resolved", "Answered automatically"
        ESCALATED = "escalated", "Handed to the team"
        PERSON_REQUESTED = "person_requested", "A person was asked for"
        ASSIGNED = "assigned", "Assigned"
        REPLIED = "replied", "Replied"
        NOTED = "noted", "Note added"
        RESOLVED = "resolved", "Resolved"
        REOPENED = "reopened", "Reopened"
        CLOSED = "closed", "Closed"
        FEEDBACK = "feedback", "Feedback given"
        INTENT_CORRECTED = "intent_corrected", "Intent corrected"
        CLAIMED = "claimed", "Joined to an account"

    ticket = models.ForeignKey("tickets.Ticket", models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True)
    before = models.CharField(max_length=14, blank=True)
    after = models.CharField(max_length=14, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Event]] = models.Manager.from_queryset(AppendOnlyQuerySet)()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["ticket", "id"], name="event_of_ticket"),
            models.Index(fields=["kind", "at"], name="event_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise TypeError("Audit events cannot be changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        raise TypeError("Audit events cannot be deleted.")
