"""How far an intent is automated, and on what evidence: OFF, SHADOW, SUGGEST, AUTO.

The last step needs a bound on the error, or a supervisor's written word and a second one's yes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from accounts.models import LEADING, User
from triage.core.deciding.bounds import smallest_sample, upper_limit
from triage.models import Answer, Intent, Mode
from triage.oversight import versions
from triage.oversight.evidence import AGREEING, WRONG, Audit, Trial

if TYPE_CHECKING:
    from collections.abc import Iterable

LOOKED_BACK: Final = timedelta(days=30)
DELTA: Final = 0.1  # the bound holds with a confidence of 90 %
TARGET: Final = 0.05  # where the house has set no target of its own


class Standing(models.Model):
    """On what an intent went to Auto. No row: it was there before evidence was asked for, or came so with the demo."""

    class Ground(models.TextChoices):
        EVIDENCE = "evidence", "on evidence"
        OVERRIDE = "override", "by override of a second supervisor"
        ALONE = "alone", "by override of the only supervisor"
        BEFORE = "before", "before evidence"
        DEMO = "demo", "demo"

    intent = models.OneToOneField(Intent, models.CASCADE, related_name="standing", primary_key=True)
    ground = models.CharField(max_length=8, choices=Ground.choices)
    seen = models.PositiveIntegerField(default=0, help_text="Answers that the evidence rested on.")
    wrong = models.PositiveIntegerField(default=0)
    bound = models.FloatField(null=True)
    why = models.CharField(max_length=400, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.get_ground_display()


class Override(models.Model):
    """A supervisor asks for Auto without the evidence, in writing; another one says yes or no."""

    intent = models.OneToOneField(Intent, models.CASCADE, related_name="override", primary_key=True)
    why = models.CharField(max_length=400)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.why


class Refused(Exception):
    """The step is not allowed; the message says what is missing."""


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


def target_error() -> float:
    return settings.TRIAGE_TARGET_ERROR or TARGET


def evidence(intent: Intent) -> Evidence:
    return evidence_of([intent.slug])[intent.slug]


def evidence_of(slugs: Iterable[str]) -> dict[str, Evidence]:
    """By intent, from what people answered in the ready answer's place and from the random audit."""
    since, wanted = timezone.now() - LOOKED_BACK, list(slugs)
    counts = {slug: [0, 0, 0] for slug in wanted}  # trials, audits, wrong
    trials = Trial.objects.filter(at__gte=since, intent_slug__in=wanted)
    for slug, result in trials.values_list("intent_slug", "result"):
        counts[slug][0] += 1
        counts[slug][2] += result not in AGREEING
    audits = Audit.objects.filter(at__gte=since, intent_slug__in=wanted, part=Audit.Part.ANSWERED, drawn=True)
    for slug, verdict in audits.exclude(verdict="").values_list("intent_slug", "verdict"):
        counts[slug][1] += 1
        counts[slug][2] += verdict in WRONG
    return {
        slug: Evidence(
            seen=trials + audits,
            wrong=wrong,
            bound=upper_limit(wrong, trials + audits, delta=DELTA),
            target=target_error(),
            trials=trials,
            audits=audits,
            since=since,
        )
        for slug, (trials, audits, wrong) in counts.items()
    }


def ground(intent: Intent) -> str:
    """On what it stands on Auto, in words; empty for other modes."""
    if intent.mode != Mode.AUTO:
        return ""
    kept = getattr(intent, "standing", None)
    fallback = Standing.Ground.DEMO if settings.DEMO else Standing.Ground.BEFORE
    return str(Standing.Ground(kept.ground if kept else fallback).label)


def supervisors() -> models.QuerySet[User]:
    return User.objects.filter(is_active=True).filter(
        models.Q(role__in=LEADING) | models.Q(is_superuser=True)
    )


def needs_other_eyes(answer: Answer, *, by: User) -> bool:
    """Whether somebody else must approve this text: its drafter may not, unless there is no other supervisor."""
    is_own = settings.TRIAGE_FOUR_EYES and answer.drafted_by_id == by.pk
    return bool(is_own and supervisors().exclude(pk=by.pk).exists())


def is_last_of_auto(answer: Answer) -> bool:
    """Whether an automated intent has no other approved answer."""
    others = Answer.objects.filter(intent=answer.intent_id, state=Answer.State.APPROVED).exclude(pk=answer.pk)
    return bool(answer.intent.mode == Mode.AUTO and not others.exists())


def retire(answer: Answer, *, by: User) -> None:
    """Send it to nobody any more. An intent on Auto that has no other is only suggested from now on."""
    with versions.changing("answer", by=by, why=f"{answer} retired"):
        answer.retire()
        if is_last_of_auto(answer):
            _save(answer.intent, Mode.SUGGEST)


@transaction.atomic
def set_mode(intent: Intent, mode: Mode, *, by: User, why: str = "") -> str:
    """Put an intent into a mode and say what happened. Refused where Auto is not deserved.

    Auto without the bound needs a reason, and then a second supervisor's yes (``confirm``); where there is only one
    supervisor, the reason is enough and the intent is marked.
    """
    intent = Intent.objects.select_for_update().get(pk=intent.pk)
    if mode != Mode.AUTO or intent.mode == Mode.AUTO:
        with versions.changing("mode", by=by, why=why):
            Override.objects.filter(intent=intent).delete()
            if mode != Mode.AUTO:
                Standing.objects.filter(intent=intent).delete()
            _save(intent, mode)
        return f"“{intent}” is now on “{mode.label.partition(':')[0]}”."
    _refuse_unready(intent)
    found = evidence(intent)
    if found.holds:
        _to_auto(intent, Standing.Ground.EVIDENCE, found, by=by, why=why)
        return f"“{intent}” is now answered automatically, from the next ticket on."
    if not why.strip():
        raise Refused(
            f"The evidence is not enough: {found.wrong} wrong of {found.seen} bound the error at "
            f"{found.bound:.1%}, and {found.target:.1%} is allowed. Say in writing why it should be automated anyway."
        )
    if supervisors().exclude(pk=by.pk).exists():
        Override.objects.update_or_create(
            intent=intent, defaults={"why": why.strip()[:400], "by": by, "at": timezone.now()}
        )
        return f"Another supervisor must say yes before “{intent}” is answered automatically."
    _to_auto(intent, Standing.Ground.ALONE, found, by=by, why=why)
    return f"“{intent}” is now answered automatically, marked as the override of the only supervisor."


@transaction.atomic
def confirm(intent: Intent, *, by: User) -> str:
    """A second supervisor says yes to an override."""
    asked = Override.objects.select_for_update().select_related("by").filter(intent=intent).first()
    if asked is None:
        raise Refused("Nobody asks for it any more.")
    if asked.by == by:
        raise Refused("Somebody else must say yes to what you asked for.")
    intent = Intent.objects.select_for_update().get(pk=intent.pk)
    _refuse_unready(intent)
    _to_auto(
        intent, Standing.Ground.OVERRIDE, evidence(intent), by=by, why=f"{asked.why} (asked by {asked.by_id})"
    )
    return f"“{intent}” is now answered automatically, marked as an override."


def _refuse_unready(intent: Intent) -> None:
    if getattr(intent, "latch", None) is not None:
        raise Refused("The alarm has paused this intent. Look at what was wrong and resume it first.")
    if intent.unread_answers().exists():
        raise Refused("Nobody here has read its answer yet. Read it under “Set up your house” first.")
    if not intent.answers.filter(state="approved").exists():
        raise Refused("It has no approved answer.")


def _to_auto(intent: Intent, on: Standing.Ground, found: Evidence, *, by: User, why: str) -> None:
    with versions.changing("mode", by=by, why=why):
        _save(intent, Mode.AUTO)
        Override.objects.filter(intent=intent).delete()
        Standing.objects.update_or_create(
            intent=intent,
            defaults={
                "ground": on, "seen": found.seen, "wrong": found.wrong, "bound": found.bound, "why": why[:400],
                "by": by, "at": timezone.now(),
            },
        )  # fmt: skip


def _save(intent: Intent, mode: Mode) -> None:
    intent.mode = mode
    intent.save(update_fields=["mode"])
