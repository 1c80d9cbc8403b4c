"""Prompts and answers go after some weeks; what became of each stays, as bare figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from triage.drafts.models import Proposal

SWEPT_AT_ONCE: Final = 1_000
NOTHING: Final = {"prompt": "", "answer": "", "parts": [], "spans": {}, "fingerprint": ""}


def forget_old() -> None:
    """The words of old proposals; a bounded number each time. A sweep."""
    before = timezone.now() - timedelta(days=settings.LLM_KEEP_DAYS)
    old = Proposal.objects.filter(created_at__lt=before).exclude(Q(prompt="") & Q(answer=""))
    Proposal.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:SWEPT_AT_ONCE])).update(**NOTHING)


def end_overdue() -> None:
    """What no worker has written in time is no longer waited for. A sweep."""
    for proposal in Proposal.objects.waiting().order_by("id")[:SWEPT_AT_ONCE]:
        if proposal.is_overdue:
            proposal.fail("late", tokens=0)
