"""What a person has asked for of their own data: a copy, or that the account goes."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any, ClassVar, Final, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

KEPT_FOR: Final = timedelta(days=7)
SECOND_THOUGHTS: Final = timedelta(days=1)


def place(export: DataExport, name: str) -> str:
    """Where the copy lies: no name or address stands in it."""
    return f"exports/{uuid.uuid4().hex}.zip"


class DataExportQuerySet(models.QuerySet["DataExport"]):
    def open(self) -> Self:
        """What can be downloaded now."""
        return self.filter(expires_at__gt=timezone.now())

    def waiting(self) -> Self:
        return self.filter(expires_at=None)


class DataExport(models.Model):
    """A copy of what is kept of one person, for that person and for a week."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="data_exports")
    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    language = models.CharField(max_length=8, blank=True)
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, help_text="Empty: it is still being made.")
    file = models.FileField(upload_to=place, blank=True)
    size = models.PositiveBigIntegerField(default=0)

    objects: ClassVar[models.Manager[Any]] = DataExportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], name="one_export_in_work", condition=models.Q(expires_at=None)
            )
        ]

    def __str__(self) -> str:
        return str(self.token)

    @property
    def is_open(self) -> bool:
        return self.expires_at is not None and self.expires_at > timezone.now()


class Deletion(models.Model):
    """An account that goes on its owner's wish, and from when on that cannot be stopped any more."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="deletion")
    language = models.CharField(max_length=8, blank=True)
    asked_at = models.DateTimeField(default=timezone.now, editable=False)
    due_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"account {self.user_id}, due {self.due_at}"
