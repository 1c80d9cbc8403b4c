"""A link between two tickets. It shows nobody anything: only the team sees it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from tickets.models import Ticket


class Link(models.Model):
    """One a pair, whichever end it was made from: ``first`` has the lower id."""

    class Kind(models.TextChoices):
        RELATED = "related", "Related"
        SPLIT = "split", "Split"

    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.RELATED)
    first = models.ForeignKey(Ticket, models.CASCADE, related_name="links_up", db_index=False)
    second = models.ForeignKey(Ticket, models.CASCADE, related_name="links_down")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="link_once_a_pair"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="link_lower_first"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} – {self.second_id}"
