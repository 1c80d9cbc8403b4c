"""The log-ins of programs, and the tokens that people make for them."""

from __future__ import annotations

import uuid
from typing import ClassVar

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


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def live(self) -> ApiTokenQuerySet:
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class ApiToken(models.Model):
    """A token for a program of somebody's, or of a service. Only its hash is kept; it was shown once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80, help_text="What it is for.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=12, editable=False, help_text="How it begins.")
    scopes = models.CharField(max_length=200, help_text="With blanks between them.")
    networks = models.CharField(max_length=400, blank=True, help_text="Empty: from anywhere.")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager[ApiToken]] = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        ordering = ["-id"]
        indexes = [models.Index(fields=["expires_at"], name="api_token_expires")]

    def __str__(self) -> str:
        return self.name

    @property
    def held(self) -> frozenset[str]:
        return frozenset(self.scopes.split())

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()
