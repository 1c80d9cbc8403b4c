"""The policy as it stood: each change of what is automated, by whom and why, and the way back to any former one.

A version is a row of ids and codes in the audit trail. What was said in words (texts of rules, facts of the house, a
reason) lies beside it in rows of their own, which can be erased without breaking the trail.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from tickets.audit import AppendOnlyQuerySet
from tickets.background import jobs
from triage.answers import facts
from triage.models import Answer, Guard, Intent, ModelVersion, PolicyRevision, Rule
from triage.modes import LanguageMode, own_modes

if TYPE_CHECKING:
    from accounts.models import User

State = dict[str, Any]
LANGUAGE_MODE: Final = "language mode"  # the part of a policy: by intent/language
FLIPS: Final = "policy_flips"  # the job that counts what a version would have flipped

#: What a version was made for: code → words.
ACTIONS: Final = {
    "first": "As it was found",
    "unrecorded": "Changed outside these pages",
    "stop": "All automatic answers stopped",
    "resume": "Automatic answers resumed",
    "mode": "Mode of one intent",
    "modes": "Modes of several intents",
    "language": "Mode of one intent in one language",
    "intent": "Intent, its limit or its rules",
    "guard": "Never-automate rule",
    "answer": "Answer approved or retired",
    "facts": "Facts of the house",
    "champion": "Model that decides",
    "alarm": "Paused by the alarm",
    "simulator": "Tried in the simulator, then applied",
    "restore": "A former policy restored",
    "undo": "The change before undone",
}


class PolicyContent(models.Model):
    """The whole policy at one moment, by its SHA-256: the same policy is kept once."""

    digest = models.CharField(max_length=64, primary_key=True)
    content = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.digest[:12]


class PolicyVersion(models.Model):
    """One change. Never edited, never removed; sealed in a chain of its own like the Events."""

    action = models.CharField(max_length=12)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+",
        help_text="Empty: the command line, or the machine itself.",
    )  # fmt: skip
    at = models.DateTimeField(default=timezone.now)
    digest = models.CharField(max_length=64, help_text="Of the policy after the change.")
    changes = models.PositiveIntegerField(default=0, help_text="How many values differ from the one before.")
    position = models.PositiveBigIntegerField(null=True, unique=True, editable=False)
    seal = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)

    objects = models.Manager.from_queryset(AppendOnlyQuerySet)()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Policy {self.pk}"

    @property
    def words(self) -> str:
        return ACTIONS.get(self.action, self.action)


class PolicyNote(models.Model):
    """What belongs to a version and is no part of the trail: the reason in words, and what it would have flipped."""

    version = models.OneToOneField(PolicyVersion, models.CASCADE, related_name="note", primary_key=True)
    why = models.CharField(max_length=400, blank=True)
    flips = models.JSONField(null=True, blank=True, help_text="Of the last 30 days; empty: not counted yet.")

    def __str__(self) -> str:
        return self.why or "–"


@dataclass(frozen=True)
class Change:
    """One value that differs: what kind of thing, which one, from what to what (None: it is not there)."""

    part: str
    key: str
    before: Any
    after: Any

    @classmethod
    def between(cls, before: State, after: State) -> list[Self]:
        found = []
        for part in sorted({*before, *after}):
            old, new = _keyed(before.get(part)), _keyed(after.get(part))
            found += [
                cls(part, key, old.get(key), new.get(key))
                for key in sorted({*old, *new})
                if old.get(key) != new.get(key)
            ]
        return found


def _keyed(part: Any) -> Mapping[str, Any]:
    return part if isinstance(part, Mapping) else {"": part}


def state() -> State:
    """The policy as it stands, as values for JSON with texts as keys."""
    approved = Answer.objects.filter(state=Answer.State.APPROVED).select_related("intent")
    known = facts.HouseFact.objects.values_list("key", "language", "value")
    rules = Rule.objects.select_related("intent")
    own = own_modes(LanguageMode.objects.all())
    in_languages = {f"{slug}/{tag}": mode.value for slug, modes in own.items() for tag, mode in modes.items()}
    return {
        "limits": {
            "threshold": settings.TRIAGE_THRESHOLD,
            "margin": settings.TRIAGE_MIN_MARGIN,
            "target error": settings.TRIAGE_TARGET_ERROR,
        },
        "mode": {intent.slug: intent.mode for intent in Intent.objects.all()},
        **(
            {LANGUAGE_MODE: in_languages} if in_languages else {}
        ),  # so that a house without any has no new version
        "limit": {intent.slug: intent.threshold for intent in Intent.objects.all()},
        "rule": {str(r.pk): [r.intent.slug, r.pattern, r.weight, r.is_active] for r in rules},
        "guard": {str(g.pk): [g.topic, g.pattern, g.is_active] for g in Guard.objects.all()},
        "answer": {f"{answer.intent.slug}/{answer.language}": answer.pk for answer in approved},
        "fact": {f"{key}/{language}": value for key, language, value in known},
        "champion": ModelVersion.objects.filter(is_champion=True).values_list("pk", flat=True).first(),
    }


def digest_of(content: State) -> str:
    written = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(written.encode(errors="surrogatepass")).hexdigest()


def latest() -> PolicyVersion | None:
    found: PolicyVersion | None = PolicyVersion.objects.order_by("-id").first()
    return found


def content_of(version: PolicyVersion | None) -> State:
    """The policy of a version; empty where its words were erased."""
    kept = PolicyContent.objects.filter(pk=version.digest).first() if version else None
    return dict(kept.content) if kept else {}


@contextmanager
def changing(action: str, *, by: User | None, why: str = "") -> Iterator[None]:
    """Whatever is changed inside is one version, in one transaction; nothing changed makes none."""
    with transaction.atomic():
        _take_turn()
        note_unrecorded()
        yield
        _record(action, by=by, why=why)


@transaction.atomic
def note_unrecorded() -> PolicyVersion | None:
    """Make a version of what was changed by other ways than ``changing``: a shell, a command, the settings."""
    return _record("unrecorded" if latest() else "first", by=None)


@transaction.atomic
def note_event(action: str, *, by: User | None, why: str = "") -> PolicyVersion:
    """A version although no value changed: that all was stopped or resumed."""
    _take_turn()
    note_unrecorded()
    before = latest()
    return _write(action, by, why, before.digest if before else digest_of(state()), 0)


def _take_turn() -> None:
    """Those who change the policy do so one after the other."""
    PolicyRevision.objects.get_or_create(pk=1)
    PolicyRevision.objects.select_for_update().get(pk=1)


def _record(action: str, *, by: User | None, why: str = "") -> PolicyVersion | None:
    after, before = state(), latest()
    digest = digest_of(after)
    if before is not None and before.digest == digest:
        return None
    PolicyContent.objects.get_or_create(digest=digest, defaults={"content": after})
    changes = len(Change.between(content_of(before), after)) if before else 0
    return _write(action, by, why, digest, changes)


def _write(action: str, by: User | None, why: str, digest: str, changes: int) -> PolicyVersion:
    version = PolicyVersion.objects.create(action=action, by=by, digest=digest, changes=changes)
    PolicyNote.objects.create(version=version, why=why[:400])
    if changes:
        jobs.enqueue(FLIPS, version.pk, key=str(version.pk))
    return version


def before(version: PolicyVersion) -> PolicyVersion | None:
    found: PolicyVersion | None = PolicyVersion.objects.filter(pk__lt=version.pk).order_by("-id").first()
    return found


def changes_of(version: PolicyVersion) -> list[Change]:
    """What a version changed; nothing for the first one."""
    earlier = before(version)
    return Change.between(content_of(earlier), content_of(version)) if earlier else []
