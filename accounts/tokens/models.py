"""The log-ins of programs."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class TokenFamily(models.Model):
    """One log-in of a program: all tokens that came of it. Where the row is gone, none of them is good any more.

    No token stands in it: ``current`` is the hash of the id of the one refresh token that may still be used, ``stamp``
    what the person's password and log-ins were like when the family began.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="token_families")
    current = models.CharField(max_length=64)
    stamp = models.CharField(max_length=64)
    began_at = models.DateTimeField(default=timezone.now, editable=False)
    renewed_at = models.DateTimeField(default=timezone.now, editable=False)
    ends_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "token families"
        indexes = [models.Index(fields=["ends_at"], name="token_family_ends")]

    def __str__(self) -> str:
        return str(self.pk)
