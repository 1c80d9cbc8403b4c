"""Whether triage can judge at all: a champion that loads, and verdicts of its own lately."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from tickets.watch.findings import Finding, Level
from triage.core.deciding import gates
from triage.models import Decision
from triage.running.runtime import EngineUnavailable, runtime

LOOKED_BACK: Final = timedelta(hours=1)
FAILED: Final = [gates.ENGINE_FAILED.reason, gates.ENGINE_SLOW.reason]
TRAIN: Final = "Train a model (manage.py train_triage) or promote an earlier one under Models in the admin."


def model() -> Finding:
    try:
        champion = runtime.snapshot().champion
    except EngineUnavailable:
        words = "The model in use cannot be loaded: every ticket goes to a person."
        return Finding("model", Level.ALARM, words, TRAIN)
    lately = Decision.objects.filter(created_at__gt=timezone.now() - LOOKED_BACK)
    all_of_them = lately.count()
    failed = lately.filter(reason__in=FAILED).count()
    if failed:
        words = (
            f"{failed} of {all_of_them} tickets of the last hour could not be judged and went to a person."
        )
        level = Level.ALARM if failed * 5 >= all_of_them else Level.WARNING
        return Finding("model", level, words, f"Look at the log for what failed. {TRAIN}")
    if champion is None:
        return Finding("model", Level.WARNING, "No model is in use: only keyword rules decide.", TRAIN)
    return Finding("model", Level.OK, f"The model of {champion.created_at:%-d %B %Y} is in use.")
