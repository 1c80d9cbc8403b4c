"""What agents' corrections would teach: a supervisor takes it in or leaves it, and nobody teaches an intent alone."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from triage.models import Example

ALWAYS: Final = 5  # examples that a person may teach an intent that has few


@transaction.atomic
def take_in(chosen: models.QuerySet[Example]) -> tuple[int, int]:
    """Have these trained on; candidates beyond one person's share of their intent stay waiting: (taken, left)."""
    taken = over = 0
    for example in chosen.select_for_update(of=("self",)).order_by("-teaches", "id"):
        if example.is_candidate and not _within_share(example):
            over += 1
            continue
        if example.is_candidate:
            example.reviewed_at = timezone.now()
        example.is_active = True
        example.save(update_fields=["is_active", "reviewed_at"])
        taken += 1
    return taken, over


def leave_out(chosen: models.QuerySet[Example]) -> int:
    """Leave these out of training; a candidate is thereby decided on."""
    number = chosen.filter(proposed_by__isnull=False).update(is_active=False, reviewed_at=timezone.now())
    return number + chosen.filter(proposed_by=None).update(is_active=False)


def _within_share(example: Example) -> bool:
    active = Example.objects.filter(intent=example.intent_id, is_active=True)
    theirs = active.filter(proposed_by=example.proposed_by_id).count()
    return theirs < max(ALWAYS, settings.TRIAGE_LEARNING_SHARE * active.count())
