"""The help centre's rows: articles, what readers think of them, what was not found, and forms with suggestions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Final, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from triage.answers import variables
from triage.answers.versioned import VersionedText
from triage.models import Intent

if TYPE_CHECKING:
    pass

KEPT: Final = timedelta(days=90)  # what readers wrote, and what they searched for in vain
LONGEST_SEARCH: Final = 100


class ArticleQuerySet(models.QuerySet["Article"]):
    def approved(self) -> Self:
        return self.filter(state=Article.State.APPROVED)


class Article(VersionedText):
    """What the public reads of an intent in one language. Only an approved one is shown; an edit is a new version.

    Without a ``body`` of its own it shows the approved answer's text, without what belongs into a letter.
    """

    intent = models.ForeignKey(Intent, models.CASCADE, related_name="articles")
    title = models.CharField(max_length=120)
    summary = models.CharField(max_length=200)
    topic = models.CharField(max_length=60, help_text="The heading it stands under.")
    order = models.PositiveIntegerField(
        default=1000, help_text="Lower comes first; a topic comes where its first article does."
    )
    body = models.TextField(
        max_length=20_000,
        blank=True,
        validators=[variables.check],
        help_text="Empty: the approved answer, without greeting and signature.",
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    objects: ClassVar[models.Manager[Article]] = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ["language", "order", "title"]
        constraints = [
            models.UniqueConstraint(fields=["intent", "language", "version"], name="article_version"),
            models.UniqueConstraint(
                fields=["intent", "language"], condition=Q(state="approved"), name="article_one_approved"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} [{self.language}] v{self.version}"


class Vote(models.Model):
    """“Was this helpful?”, by nobody in particular, with a word if they had one."""

    slug = models.CharField(max_length=80)
    language = models.CharField(max_length=8)
    version = models.PositiveIntegerField(help_text="Of the article as it was read.")
    helpful = models.BooleanField()
    comment = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["slug", "at"], name="vote_by_article")]

    def __str__(self) -> str:
        return f"{self.slug}: {'yes' if self.helpful else 'no'}"


class Unfound(models.Model):
    """Words that somebody searched the help centre for and that no article fits; who did is not kept."""

    words = models.CharField(max_length=LONGEST_SEARCH)
    language = models.CharField(max_length=8)
    times = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-times", "-last_at"]
        constraints = [models.UniqueConstraint(fields=["words", "language"], name="unfound_once")]

    def __str__(self) -> str:
        return self.words

    @classmethod
    def note(cls, words: str, language: str) -> None:
        """Count one search. Addresses and digits are left out: they say whose it is, not what is missing."""
        kept = " ".join(part for part in words.split() if "@" not in part)
        kept = "".join("#" if sign.isdigit() else sign for sign in kept)[:LONGEST_SEARCH].strip()
        if not kept:
            return
        cls.objects.get_or_create(words=kept, language=language)
        cls.objects.filter(words=kept, language=language).update(times=F("times") + 1, last_at=timezone.now())


class Encounter(models.Model):
    """One form while it was written for which there were answers: shown, or held back by lot so as to compare.

    Keeps what was offered and how it ended, nothing that was written.
    """

    shown = models.BooleanField()
    offered = models.JSONField(default=list)
    solved = models.CharField(
        max_length=80, blank=True, help_text="The answer that its reader said was enough."
    )
    asked = models.BooleanField(default=False, help_text="A ticket was sent all the same.")
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return "shown" if self.shown else "held back"


def forget_old() -> None:
    """What readers wrote and searched for is kept for some months; the bare counts stay."""
    before = timezone.now() - KEPT
    Vote.objects.filter(at__lt=before).exclude(comment="").update(comment="")
    Unfound.objects.filter(last_at__lt=before).delete()
