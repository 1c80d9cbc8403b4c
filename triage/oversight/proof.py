"""What is known of the answers of an intent, or of its answers in one language, over the last days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from triage.core.deciding.bounds import smallest_sample, upper_limit
from triage.models import Intent
from triage.modes import base
from triage.oversight.evidence import AGREEING, WRONG, Audit, Trial

LOOKED_BACK: Final = timedelta(days=30)
DELTA: Final = 0.1  # the bound holds with a confidence of 90 %
TARGET: Final = 0.05  # where the house has set no target of its own


@dataclass(frozen=True)
class Evidence:
    """What is known of the answers of one intent since ``since``: ``seen`` of them, ``wrong`` among these.

    ``bound`` is the upper limit of the error at a confidence of 90 %; ``holds`` where it is within ``target``.
    """

    seen: int
    wrong: int
    bound: float
    target: float
    trials: int
    audits: int
    since: datetime

    @property
    def holds(self) -> bool:
        return self.bound <= self.target

    @property
    def agreement(self) -> float | None:
        return (self.seen - self.wrong) / self.seen if self.seen else None

    @property
    def needed(self) -> int:
        """How many right ones in a row it takes at the least."""
        return smallest_sample(self.target, delta=DELTA)


@dataclass
class _Count:
    trials: int = 0
    audits: int = 0
    wrong: int = 0

    def evidence(self, since: datetime) -> Evidence:
        seen = self.trials + self.audits
        return Evidence(
            seen=seen,
            wrong=self.wrong,
            bound=upper_limit(self.wrong, seen, delta=DELTA),
            target=target_error(),
            trials=self.trials,
            audits=self.audits,
            since=since,
        )


def target_error() -> float:
    return settings.TRIAGE_TARGET_ERROR or TARGET


def evidence(intent: Intent) -> Evidence:
    return evidence_of([intent.slug])[intent.slug]


def evidence_of(slugs: Iterable[str]) -> dict[str, Evidence]:
    """By intent, from what people answered in the ready answer's place and from the random audit."""
    since, wanted = timezone.now() - LOOKED_BACK, list(slugs)
    counts = {slug: _Count() for slug in wanted}
    trials = Trial.objects.filter(at__gte=since, intent_slug__in=wanted)
    for slug, result in trials.values_list("intent_slug", "result"):
        counts[slug].trials += 1
        counts[slug].wrong += result not in AGREEING
    audits = Audit.objects.filter(at__gte=since, intent_slug__in=wanted, part=Audit.Part.ANSWERED, drawn=True)
    for slug, verdict in audits.exclude(verdict="").values_list("intent_slug", "verdict"):
        counts[slug].audits += 1
        counts[slug].wrong += verdict in WRONG
    return {slug: count.evidence(since) for slug, count in counts.items()}


def evidence_by_language(intent: Intent | None, languages: Iterable[str] = ()) -> dict[str, Evidence]:
    """The same of one intent (None: of all) by language (base tags): those with evidence, and ``languages`` in any case."""
    since = timezone.now() - LOOKED_BACK
    counts: dict[str, _Count] = defaultdict(_Count)
    for language in languages:
        counts[base(language)]
    trials = Trial.objects.filter(at__gte=since)
    audits = Audit.objects.filter(at__gte=since, part=Audit.Part.ANSWERED, drawn=True)
    if intent is not None:
        trials, audits = trials.filter(intent_slug=intent.slug), audits.filter(intent_slug=intent.slug)
    for language, result in trials.values_list("decision__language", "result"):
        counts[base(language)].trials += 1
        counts[base(language)].wrong += result not in AGREEING
    for language, verdict in audits.exclude(verdict="").values_list("language", "verdict"):
        counts[base(language)].audits += 1
        counts[base(language)].wrong += verdict in WRONG
    return {language: count.evidence(since) for language, count in sorted(counts.items())}
