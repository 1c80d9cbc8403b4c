"""Endpoints that are told what happens, and each delivery to one."""

from __future__ import annotations

import base64
import secrets
import uuid
from datetime import datetime, timedelta
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import sealing
from tickets import feed

PURPOSE: Final = "webhook secret"
OVERLAP: Final = timedelta(hours=24)  # an old secret still signs, beside the new one
PATIENCE: Final = timedelta(hours=24)
TEST: Final = "webhook.test"


def new_message_id() -> str:
    return f"msg_{uuid.uuid4().hex}"


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


class Endpoint(models.Model):
    """An address that is told. Its secret is kept sealed, and was shown once."""

    class Why(models.TextChoices):
        BY_HAND = "by_hand", "Switched off by somebody"
        GONE = "gone", "It said that it is gone (410)"
        FAILING = "failing", "It failed for a whole day"

    name = models.CharField(max_length=80)
    url = models.CharField("address", max_length=500, help_text="Begins with https://")
    types = models.JSONField(default=list, blank=True, help_text="Of Events. Empty: all.")
    active = models.BooleanField(default=True)
    why_off = models.CharField(max_length=8, choices=Why.choices, blank=True, editable=False)
    sealed_secret = models.TextField(editable=False)
    sealed_previous = models.TextField(blank=True, editable=False)
    previous_until = models.DateTimeField(null=True, editable=False)
    cursor = models.PositiveBigIntegerField(
        default=0, editable=False, help_text="Up to here deliveries are made."
    )
    failures = models.PositiveIntegerField(default=0, editable=False, help_text="In a row.")
    failing_since = models.DateTimeField(null=True, editable=False)
    rests_until = models.DateTimeField(null=True, editable=False)
    last_success_at = models.DateTimeField(null=True, editable=False)
    last_error = models.CharField(max_length=200, blank=True, editable=False)
    last_error_at = models.DateTimeField(null=True, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "webhook"
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name

    def renew_secret(self) -> str:
        """A new secret, to be shown once; the one before signs beside it for a day."""
        if self.sealed_secret:
            self.sealed_previous, self.previous_until = self.sealed_secret, timezone.now() + OVERLAP
        secret = new_secret()
        self.sealed_secret = sealing.sealed(secret, PURPOSE)
        return secret

    def live_secrets(self) -> list[str]:
        """The newest first. Raises Unsealable where SECRET_KEY changed since."""
        kept = [self.sealed_secret]
        if self.previous_until is not None and self.previous_until > timezone.now():
            kept.append(self.sealed_previous)
        return [sealing.opened(secret, PURPOSE) for secret in kept]

    def switch_on(self) -> None:
        """From now on: what happened meanwhile is in the feed."""
        self.active, self.why_off, self.cursor = True, "", feed.end()
        self.failures, self.failing_since, self.rests_until = 0, None, None

    def switch_off(self, why: Endpoint.Why) -> None:
        self.active, self.why_off = False, why

    def wants(self, kind: str) -> bool:
        return not self.types or kind in self.types


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, now: datetime) -> DeliveryQuerySet:
        return self.filter(state=Delivery.State.PENDING, next_at__lte=now)


class Delivery(models.Model):
    """One message to one endpoint. Its id stays the same however often it is sent."""

    class State(models.TextChoices):
        PENDING = "pending", "Waits"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(
        "tickets.Event", models.PROTECT, null=True, related_name="+", help_text="Empty: a test."
    )
    message_id = models.CharField(max_length=40, unique=True, default=new_message_id, editable=False)
    type = models.CharField(max_length=60)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    since = models.DateTimeField(default=timezone.now, help_text="It is tried for a day from then on.")
    created_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="Of the last answer.")
    error = models.CharField(max_length=200, blank=True)
    milliseconds = models.PositiveIntegerField(null=True)

    objects: ClassVar[models.Manager[Delivery]] = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["endpoint", "event"], name="delivery_once_an_event")]
        indexes = [
            models.Index(fields=["endpoint", "next_at"], name="delivery_due", condition=Q(state="pending")),
            models.Index(fields=["created_at"], name="delivery_by_age"),
        ]

    def __str__(self) -> str:
        return self.message_id

    def again(self) -> None:
        """Send it once more, under the same id and with all patience before it."""
        now = timezone.now()
        self.state, self.attempts, self.next_at, self.since, self.error = self.State.PENDING, 0, now, now, ""
        self.save(update_fields=["state", "attempts", "next_at", "since", "error"])
