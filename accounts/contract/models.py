"""The Idempotency-Keys of the last day."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class UsedKey(models.Model):
    """A key that a person's program gave to one request, and what that request has made: its id, never its words."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=80)
    fingerprint = models.CharField(max_length=64, help_text="A keyed hash of the address and the body.")
    made = models.CharField(max_length=80, blank=True, default="")
    finished = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="key_once_a_person")]
        indexes = [models.Index(fields=["at"], name="key_by_age")]

    def __str__(self) -> str:
        return str(self.pk)
