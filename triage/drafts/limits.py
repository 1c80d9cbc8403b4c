"""Whether the model may be asked now: it is set up, it is not at rest after failures, and the day's budget has room."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from triage.drafts.faults import OUTAGES, NotNow
from triage.drafts.models import Proposal

FAILURES: Final = 5  # in a row, after which the model is left alone
REST: Final = timedelta(seconds=60)


def is_on() -> bool:
    return bool(settings.LLM_URL)


def refuse_what_cannot_be(cost: int) -> None:
    """NotNow where no model is set up, where it rests after failures, or where the day's budget has no room."""
    if not is_on():
        raise NotNow("off")
    if is_resting():
        raise NotNow("resting")
    if settings.LLM_DAILY_TOKENS and spent_today() + cost > settings.LLM_DAILY_TOKENS:
        raise NotNow("budget")


def spent_today() -> int:
    """Tokens of all questions since midnight, those under way as they are estimated."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return Proposal.objects.filter(created_at__gte=midnight).aggregate(spent=Sum("tokens"))["spent"] or 0


def is_resting() -> bool:
    """Whether the last answers were all failures of the model's server, the newest a moment ago."""
    ended = Proposal.objects.filter(finished_at__isnull=False).order_by("-finished_at")
    last = list(ended.values_list("failure", "finished_at")[:FAILURES])
    if len(last) < FAILURES or not all(failure in OUTAGES for failure, _ in last):
        return False
    newest = last[0][1]
    return newest is not None and timezone.now() - newest < REST
