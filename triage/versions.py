"""What a decision was made by, as rows: trained models, the state of the policy, rules as they stood."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from triage.core import types as core
from triage.core.deciding import rules as rule_syntax


class ModelVersion(models.Model):
    """A trained model on disk. At most one is the champion that decides."""

    folder = models.CharField(max_length=200, help_text="Name below TRIAGE_MODEL_DIR.")
    index_folder = models.CharField(
        max_length=200, blank=True, help_text="Index of similar tickets, same place."
    )
    indexed_until = models.DateTimeField(
        null=True, blank=True, help_text="Tickets resolved later are caught up."
    )
    training_fingerprint = models.CharField(max_length=64)
    metrics = models.JSONField(default=dict)
    is_champion = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    promoted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_champion"], condition=Q(is_champion=True), name="model_one_champion"
            ),
        ]

    def __str__(self) -> str:
        return f"Model {self.pk}"

    @property
    def path(self) -> Path:
        return settings.TRIAGE_MODEL_DIR / self.folder

    @property
    def index_path(self) -> Path | None:
        return settings.TRIAGE_MODEL_DIR / self.index_folder if self.index_folder else None

    @transaction.atomic
    def promote(self) -> None:
        """Make this version decide from now on; every process loads it before its next decision."""
        # Two promotions at once take turns on these locks; the later one sees what the first one did.
        list(ModelVersion.objects.select_for_update().order_by("pk").values_list("pk"))
        ModelVersion.objects.filter(is_champion=True).exclude(pk=self.pk).update(is_champion=False)
        self.is_champion, self.promoted_at = True, timezone.now()
        self.save(update_fields=["is_champion", "promoted_at"])


class PolicyRevision(models.Model):
    """One row whose number grows whenever a rule, guard, intent or answer changes: caches compare it."""

    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"Revision {self.number}"

    @classmethod
    def current(cls) -> int:
        return cls.objects.filter(pk=1).values_list("number", flat=True).first() or 0

    @classmethod
    def bump(cls) -> None:
        """Tell every process, from the next ticket on, to read the policy again."""
        row = cls.objects.filter(pk=1)
        if row.update(number=models.F("number") + 1):
            return
        _, created = cls.objects.get_or_create(pk=1, defaults={"number": 1})
        if not created:  # somebody else made the row in this moment: both changes count
            row.update(number=models.F("number") + 1)


class RulebookVersion(models.Model):
    """Rules and guards as they stood for at least one decision: what is edited later can still be replayed."""

    fingerprint = models.CharField(max_length=64, primary_key=True)
    rules = models.JSONField(default=list)
    guards = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"Rules {self.fingerprint[:8]}"

    @classmethod
    def keep(cls, rulebook: rule_syntax.RuleBook) -> None:
        content = {
            "rules": [[rule.intent, rule.pattern, rule.weight] for rule in rulebook.rules],
            "guards": [[guard.topic, guard.pattern] for guard in rulebook.guards],
        }
        cls.objects.get_or_create(fingerprint=rulebook.fingerprint, defaults=content)

    def rulebook(self) -> rule_syntax.RuleBook:
        return rule_syntax.RuleBook(
            [core.Rule(*rule) for rule in self.rules], [core.Guard(*guard) for guard in self.guards]
        )
