"""Decisions on questions are kept for a while; loaded by the worker, which needs no engine for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from triage.machines.models import Asking

KEPT: Final = timedelta(days=90)
SWEPT_AT_ONCE: Final = 2_000


def forget_old() -> None:
    """What was decided long ago; a bounded number each time."""
    old = Asking.objects.filter(at__lt=timezone.now() - KEPT)
    Asking.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:SWEPT_AT_ONCE])).delete()
