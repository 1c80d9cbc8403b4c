"""The ladder of an intent in one language: the same steps on evidence from that language alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from triage.answers import language_tags
from triage.models import Answer, Intent
from triage.modes import Ground, LanguageMode, Mode, base
from triage.oversight import versions
from triage.oversight.ladder import Refused, not_enough, refuse_paused, supervisors
from triage.oversight.proof import Evidence, evidence_by_language

if TYPE_CHECKING:
    from accounts.models import User

AS_THE_INTENT: Final = ""


@dataclass(frozen=True)
class LanguageRung:
    """An intent in one language: its mode there, whether it is the language's own, and on what it stands."""

    language: str
    mode: Mode
    row: LanguageMode | None
    evidence: Evidence
    answered: bool

    @property
    def is_own(self) -> bool:
        return bool(self.row and self.row.mode)

    @property
    def ground(self) -> str:
        return str(Ground(self.row.ground).label) if self.row and self.row.ground else ""

    @property
    def asked_by(self) -> User | None:
        return self.row.asked_by if self.row else None


def rungs_of(intent: Intent) -> list[LanguageRung]:
    """The languages that the intent has an approved answer, a mode or evidence in."""
    rows = {row.language: row for row in intent.language_modes.select_related("by", "asked_by")}
    approved = intent.answers.filter(state=Answer.State.APPROVED).values_list("language", flat=True)
    answered = {base(tag) for tag in approved}
    found = evidence_by_language(intent, answered | set(rows))
    return [
        LanguageRung(
            language=language,
            mode=Mode((rows[language].mode if language in rows else "") or intent.mode),
            row=rows.get(language),
            evidence=evidence,
            answered=language in answered,
        )
        for language, evidence in found.items()
        if language
    ]


def known_language(tag: str) -> str:
    """The base tag of a language that tickets are recognised as. Raises Refused for anything else."""
    try:
        return base(language_tags.canonical(tag))
    except ValidationError as error:
        raise Refused("".join(error.messages)) from error


@transaction.atomic
def set_mode(intent: Intent, language: str, mode: Mode | None, *, by: User, why: str = "") -> str:
    """Put an intent into a mode for tickets in one language (None: let the intent's count), and say what happened.

    Raises Refused where Auto is not deserved: it takes what ``ladder.set_mode`` asks for, in this language.
    """
    tag = known_language(language)
    intent = Intent.objects.select_for_update().get(pk=intent.pk)
    before, after = intent.mode_in(tag), mode or Mode(intent.mode)
    if after == Mode.AUTO != before:
        if mode is None:
            raise Refused(
                f"The intent is on Auto. Put “{tag}” on Auto itself: that step needs its own evidence."
            )
        return _up(intent, tag, by=by, why=why)
    if mode == Mode.AUTO == before:
        return f"“{intent}” is on “Auto” in “{tag}” already."
    with versions.changing("language", by=by, why=why):
        if mode is None:
            _rows(intent, tag).delete()
        else:
            row = _row(intent, tag)
            row.mode, row.ground, row.asked_by, row.asked_why = mode, "", None, ""
            row.by, row.at, row.why = by, timezone.now(), why[:400]
            row.save()
    return f"“{intent}” in “{tag}” is now on “{after.word}”."


@transaction.atomic
def confirm(intent: Intent, language: str, *, by: User) -> str:
    """A second supervisor says yes to an override in one language."""
    tag = known_language(language)
    asked = _rows(intent, tag).select_for_update().filter(asked_by__isnull=False).first()
    if asked is None:
        raise Refused("Nobody asks for it any more.")
    if asked.asked_by_id == by.pk:
        raise Refused("Somebody else must say yes to what you asked for.")
    intent = Intent.objects.select_for_update().get(pk=intent.pk)
    _refuse_unready(intent, tag)
    why = f"{asked.asked_why} (asked by {asked.asked_by_id})"
    _to_auto(intent, tag, Ground.OVERRIDE, _evidence(intent, tag), by=by, why=why)
    return f"“{intent}” is now answered automatically in “{tag}”, marked as an override."


def _up(intent: Intent, tag: str, *, by: User, why: str) -> str:
    _refuse_unready(intent, tag)
    found = _evidence(intent, tag)
    if found.holds:
        _to_auto(intent, tag, Ground.EVIDENCE, found, by=by, why=why)
        return f"“{intent}” is now answered automatically in “{tag}”, from the next ticket on."
    if not why.strip():
        raise Refused(not_enough(found))
    if supervisors().exclude(pk=by.pk).exists():
        row = _row(intent, tag)
        row.asked_by, row.asked_why = by, why.strip()[:400]
        row.save()
        return f"Another supervisor must say yes before “{intent}” is answered automatically in “{tag}”."
    _to_auto(intent, tag, Ground.ALONE, found, by=by, why=why)
    return (
        f"“{intent}” is now answered automatically in “{tag}”, marked as the override of the only supervisor."
    )


def _evidence(intent: Intent, tag: str) -> Evidence:
    return evidence_by_language(intent, [tag])[tag]


def _refuse_unready(intent: Intent, tag: str) -> None:
    refuse_paused(intent)
    answers = [one for one in intent.answers.filter(state=Answer.State.APPROVED) if base(one.language) == tag]
    if not answers:
        raise Refused(f"It has no approved answer in “{tag}”.")
    if any(one.reviewed_at is None for one in answers):
        raise Refused("Nobody here has read its answer yet. Read it under “Set up your house” first.")


def _to_auto(intent: Intent, tag: str, on: Ground, found: Evidence, *, by: User, why: str) -> None:
    with versions.changing("language", by=by, why=why):
        LanguageMode.objects.update_or_create(
            intent=intent, language=tag,
            defaults={
                "mode": Mode.AUTO, "ground": on, "seen": found.seen, "wrong": found.wrong, "bound": found.bound,
                "why": why[:400], "by": by, "at": timezone.now(), "asked_by": None, "asked_why": "",
            },
        )  # fmt: skip


def _rows(intent: Intent, tag: str) -> models.QuerySet[LanguageMode]:
    return LanguageMode.objects.filter(intent=intent, language=tag)


def _row(intent: Intent, tag: str) -> LanguageMode:
    return _rows(intent, tag).first() or LanguageMode(intent=intent, language=tag)
