"""What a language model was asked on a ticket, what it answered, and what became of that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from tickets.models import Ticket
from triage.models import Answer

KIND: Final = "write_draft"  # of the job that asks the model
SLACK = timedelta(seconds=15)  # beyond the time limit; after it nobody writes this one any more


class ProposalQuerySet(models.QuerySet["Proposal"]):
    def waiting(self) -> Self:
        return self.filter(state=Proposal.State.WAITING)

    def ready(self) -> Self:
        return self.filter(state=Proposal.State.READY)


class Proposal(models.Model):
    """One question to the model and its answer. Written by the page and the worker; no customer ever sees it."""

    class Kind(models.TextChoices):
        REPLY = "reply", "Draft of a reply"
        SUMMARY = "summary", "Summary"
        TRANSLATION = "translation", "Translation"
        ANSWER = "answer", "Translation of an approved answer"

    class State(models.TextChoices):
        WAITING = "waiting", "Being written"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    class Outcome(models.TextChoices):
        """What the agent did with a draft."""

        NONE = "", "Nothing yet"
        SAME = "same", "Sent as it was"
        EDITED = "edited", "Sent with changes"
        OTHER = "other", "Something else was sent"
        REFUSED = "refused", "Refused"

    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="proposals")
    approved = models.ForeignKey(
        Answer,
        models.CASCADE,
        null=True,
        related_name="proposals",
        help_text="What is translated, without a ticket.",
    )
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    failure = models.CharField(max_length=20, blank=True, help_text="A code of triage.drafts.faults.")
    model = models.CharField(max_length=200)
    language = models.CharField(max_length=8, blank=True)
    fingerprint = models.CharField(
        max_length=64, help_text="The same question to the same model has the same."
    )
    prompt = models.TextField(help_text="As it is sent: personal data is masked.")
    answer = models.TextField(blank=True, help_text="As it came: no part of it is shown that is not ours.")
    spans = models.JSONField(default=dict, help_text="What it may choose from, until it has.")
    parts = models.JSONField(default=list, help_text="What was made of the answer: texts with their sources.")
    struck = models.PositiveSmallIntegerField(default=0, help_text="Parts of the answer without a source.")
    tokens = models.PositiveIntegerField(
        default=0, help_text="Of prompt and answer; estimated until it is told."
    )
    milliseconds = models.PositiveIntegerField(null=True)
    outcome = models.CharField(max_length=8, blank=True, default="", choices=Outcome.choices)
    kept = models.FloatField(null=True, help_text="Share of the draft's words in the reply that was sent.")
    suggestion_kept = models.FloatField(null=True, help_text="The same of the plain suggestion.")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Proposal]] = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["ticket", "kind", "-id"], name="proposal_of_ticket"),
            models.Index(fields=["created_at"], name="proposal_by_age"),
            models.Index(fields=["finished_at"], name="proposal_by_end"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ticket__isnull=True, approved__isnull=False)
                | Q(ticket__isnull=False, approved__isnull=True),
                name="proposal_of_one_thing",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def is_overdue(self) -> bool:
        """No worker has written it in the time that there is: none runs, or it died."""
        patience = timedelta(seconds=settings.LLM_TIMEOUT_SECONDS) + SLACK
        return self.state == self.State.WAITING and timezone.now() - self.created_at > patience

    def finish(
        self, *, answer: str, parts: Sequence[dict[str, Any]], struck: int, tokens: int, milliseconds: int
    ) -> bool:
        """It is ready; False where another worker was faster."""
        return self._end(
            self.State.READY, answer=answer, parts=list(parts), struck=struck, tokens=tokens, milliseconds=milliseconds
        )  # fmt: skip

    def fail(
        self, failure: str, *, answer: str = "", tokens: int | None = None, milliseconds: int | None = None
    ) -> bool:
        """It came to nothing, for a reason that the agent is told."""
        known = self.tokens if tokens is None else tokens
        return self._end(
            self.State.FAILED, failure=failure, answer=answer, tokens=known, milliseconds=milliseconds
        )

    def _end(self, state: Proposal.State, **facts: Any) -> bool:
        facts |= {"state": state, "spans": {}, "finished_at": timezone.now()}
        ended = Proposal.objects.filter(pk=self.pk, state=self.State.WAITING).update(**facts)
        if ended:
            for name, value in facts.items():
                setattr(self, name, value)
        return bool(ended)

    def refuse(self) -> None:
        """The agent has no use for it."""
        Proposal.objects.filter(pk=self.pk, outcome="").update(outcome=self.Outcome.REFUSED)
