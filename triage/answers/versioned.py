"""Texts of an intent that people approve: an edit is a new version, and one version a language is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.db import models, transaction
from django.db.models import Max
from django.utils import timezone

from triage.answers import language_tags, variables

if TYPE_CHECKING:
    from accounts.models import User


APPROVAL: Final = ["state", "approved_by", "approved_at"]


class VersionedText(models.Model):
    """Part of a model that also has ``intent`` and ``approved_by``."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        APPROVED = "approved", "Approved"
        RETIRED = "retired", "Retired"

    #: The fields that hold what is read; house facts may stand in them.
    TEXTS: ClassVar[tuple[str, ...]] = ("body",)

    language = models.CharField(max_length=8, default="en")
    version = models.PositiveIntegerField(default=1, editable=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT, editable=False)
    approved_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    if TYPE_CHECKING:
        intent: Any
        intent_id: int
        approved_by: Any

    def save(self, *args: Any, **kwargs: Any) -> None:
        for name in self.TEXTS:
            # Browsers send line ends that mail and API should not repeat.
            text = getattr(self, name).replace("\r\n", "\n")
            setattr(self, name, text)
            variables.check(text)
            variables.check_language(text, self.language)
        with transaction.atomic():
            if self._state.adding:
                self.language = language_tags.canonical(self.language)
                self._take_turn()
                self.version = (self._of_the_same().aggregate(latest=Max("version"))["latest"] or 0) + 1
            super().save(*args, **kwargs)

    def _of_the_same(self) -> models.QuerySet[Any]:
        """All versions for this intent in this language."""
        same: dict[str, Any] = {"intent": self.intent, "language": self.language}
        return type(self)._default_manager.filter(**same)

    def _take_turn(self) -> None:
        """Two supervisors who draft or approve for one intent in the same moment do so one after the other."""
        type(self.intent)._default_manager.select_for_update().get(pk=self.intent_id)

    @transaction.atomic
    def approve(self, by: User | None) -> None:
        """Make this the text that people get; the one before is retired."""
        self._take_turn()
        before = self._of_the_same().filter(state=self.State.APPROVED).exclude(pk=self.pk)
        before.update(state=self.State.RETIRED)
        self.state, self.approved_by, self.approved_at = self.State.APPROVED, by, timezone.now()
        self.save(update_fields=APPROVAL)

    def retire(self) -> None:
        """Show this text to nobody any more; in this language there is none until another is approved."""
        self.state = self.State.RETIRED
        self.save(update_fields=["state"])
