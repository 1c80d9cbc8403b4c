"""What was decided on a question of a machine. The question itself is not kept."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from triage.models import Answer, ModelVersion


class Asking(models.Model):
    """One decision that made no ticket: codes and figures, no text."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    answered = models.BooleanField()
    intent_slug = models.CharField(max_length=80, blank=True)
    confidence = models.FloatField()
    threshold = models.FloatField()
    reason = models.CharField(max_length=24)
    language = models.CharField(max_length=8, blank=True)
    answer = models.ForeignKey(Answer, models.SET_NULL, null=True)
    model_version = models.ForeignKey(ModelVersion, models.SET_NULL, null=True)
    rules_fingerprint = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["at"], name="asking_by_age")]

    def __str__(self) -> str:
        return f"{self.pk}"
