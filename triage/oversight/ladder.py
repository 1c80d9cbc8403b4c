"""How far an intent is automated, and on what evidence: OFF, SHADOW, SUGGEST, AUTO.

The last step needs a bound on the error, or a supervisor's written word and a second one's yes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from accounts.models import LEADING, User
from triage.models import Answer, Intent, Mode
from triage.modes import Ground
from triage.oversight import versions
from triage.oversight.proof import Evidence, evidence, evidence_by_language, evidence_of, target_error

if TYPE_CHECKING:
    from triage.models import LanguageMode

__all__ = [
    "Evidence", "Override", "Refused", "Standing", "confirm", "evidence", "evidence_of", "ground", "set_mode",
    "supervisors", "target_error",
]  # fmt: skip


class Standing(models.Model):
    """On what an intent went to Auto. No row: it was there before evidence was asked for, or came so with the demo."""

    Ground = Ground

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
    return bool(answer.intent.is_automated and not others.exists())


def retire(answer: Answer, *, by: User) -> None:
    """Send it to nobody any more. An intent on Auto that has no other is only suggested from now on."""
    with versions.changing("answer", by=by, why=f"{answer} retired"):
        answer.retire()
        if is_last_of_auto(answer):
            pause(answer.intent)


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
            intent.put_on(mode)
        return f"“{intent}” is now on “{mode.label.partition(':')[0]}”."
    _refuse_unready(intent)
    found = evidence(intent)
    if found.holds:
        kept = _to_auto(intent, Standing.Ground.EVIDENCE, found, by=by, why=why)
        but = f" In {', '.join(kept)}, where nothing was seen, it stays as it was." if kept else ""
        return f"“{intent}” is now answered automatically, from the next ticket on.{but}"
    if not why.strip():
        raise Refused(not_enough(found))
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


def not_enough(found: Evidence) -> str:
    return (
        f"The evidence is not enough: {found.wrong} wrong of {found.seen} bound the error at {found.bound:.1%}, and "
        f"{found.target:.1%} is allowed. Say in writing why it should be automated anyway."
    )


def refuse_paused(intent: Intent) -> None:
    if getattr(intent, "latch", None) is not None:
        raise Refused("The alarm has paused this intent. Look at what was wrong and resume it first.")


def _refuse_unready(intent: Intent) -> None:
    refuse_paused(intent)
    if intent.unread_answers().exists():
        raise Refused("Nobody here has read its answer yet. Read it under “Set up your house” first.")
    if not intent.answers.filter(state="approved").exists():
        raise Refused("It has no approved answer.")


def _to_auto(intent: Intent, on: Ground, found: Evidence, *, by: User, why: str) -> list[str]:
    """Returns the languages that stay as they were."""
    with versions.changing("mode", by=by, why=why):
        kept = _keep_unseen(intent) if on == Ground.EVIDENCE else []
        intent.put_on(Mode.AUTO)
        Override.objects.filter(intent=intent).delete()
        Standing.objects.update_or_create(
            intent=intent,
            defaults={
                "ground": on, "seen": found.seen, "wrong": found.wrong, "bound": found.bound, "why": why[:400],
                "by": by, "at": timezone.now(),
            },
        )  # fmt: skip
    return kept


def _keep_unseen(intent: Intent) -> list[str]:
    """What was seen in one language says nothing of another: where nothing was, the mode of now stays."""
    approved = intent.answers.filter(state=Answer.State.APPROVED).values_list("language", flat=True)
    found = evidence_by_language(intent, approved)
    own = set(intent.language_modes.exclude(mode="").values_list("language", flat=True))
    kept = [language for language, seen in found.items() if not seen.seen and language not in own]
    for language in kept:
        intent.language_modes.update_or_create(language=language, defaults={"mode": intent.mode})
    return kept


def pause(intent: Intent) -> list[str]:
    """Put it on Suggest wherever it is on Auto; returns the languages that had that as a mode of their own."""
    paused: list[LanguageMode] = list(intent.language_modes.filter(mode=Mode.AUTO))
    for row in paused:
        row.mode = Mode.SUGGEST
        row.save(update_fields=["mode"])
    if intent.mode == Mode.AUTO:
        intent.put_on(Mode.SUGGEST)
    return [row.language for row in paused]
