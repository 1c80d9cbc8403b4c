"""How far an intent is automated, as a whole and in single languages."""

from __future__ import annotations

from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.utils import timezone

from triage.answers import language_tags
from triage.core import types as core


class Mode(models.TextChoices):
    """How far an intent is automated."""

    OFF = core.Mode.OFF.value, "Off: always a person"
    SHADOW = core.Mode.SHADOW.value, "Shadow: decide, but only record it"
    SUGGEST = core.Mode.SUGGEST.value, "Suggest: draft for the agent"
    AUTO = core.Mode.AUTO.value, "Auto: answer when sure"

    @property
    def word(self) -> str:
        return str(self.label.partition(":")[0])

    @property
    def height(self) -> int:
        """Its place on the ladder, from 0."""
        return LADDER.index(self)


LADDER: Final = (Mode.OFF, Mode.SHADOW, Mode.SUGGEST, Mode.AUTO)


class Ground(models.TextChoices):
    """On what something went to Auto."""

    EVIDENCE = "evidence", "on evidence"
    OVERRIDE = "override", "by override of a second supervisor"
    ALONE = "alone", "by override of the only supervisor"
    BEFORE = "before", "before evidence"
    DEMO = "demo", "demo"


class LanguageMode(models.Model):
    """One intent in one language, where that has a mode of its own. Without one the intent's mode counts.

    A row without a mode only holds a wish for Auto that waits for a second supervisor.
    """

    intent = models.ForeignKey("triage.Intent", models.CASCADE, related_name="language_modes")
    language = models.CharField(max_length=8, help_text="A base tag such as de.")
    mode = models.CharField(max_length=8, choices=Mode.choices, blank=True)
    ground = models.CharField(max_length=8, choices=Ground.choices, blank=True)
    seen = models.PositiveIntegerField(default=0, help_text="Answers that the evidence rested on.")
    wrong = models.PositiveIntegerField(default=0)
    bound = models.FloatField(null=True)
    why = models.CharField(max_length=400, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_why = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["language"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["intent", "language"], name="language_mode_once")
        ]

    def __str__(self) -> str:
        return f"{self.language}: {self.word}"

    @property
    def word(self) -> str:
        return Mode(self.mode).word if self.mode else "override asked"


def own_modes(rows: models.QuerySet[LanguageMode]) -> dict[str, dict[str, Mode]]:
    """By intent's slug and language, the modes that differ from the intent's or could."""
    found: dict[str, dict[str, Mode]] = {}
    for slug, language, mode in rows.exclude(mode="").values_list("intent__slug", "language", "mode"):
        found.setdefault(slug, {})[language] = Mode(mode)
    return found


def base(language: str) -> str:
    return language_tags.base(language)
