"""Recordings: what became of each audio file that a requester sent."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Min, Q
from django.utils import timezone

from tickets.channels.voice.hearing import DOUBTFUL_WORD, Heard
from tickets.conversation import Message


class RecordingQuerySet(models.QuerySet["Recording"]):
    def of_ticket(self, ticket_id: int) -> Self:
        """What its requester said."""
        return self.filter(
            attachment__message__ticket=ticket_id, attachment__message__sender=Message.Sender.REQUESTER
        )

    def least_confidence(self) -> float | None:
        """Of the recording understood worst; 0 where one is not understood at all, None where there is none."""
        found = self.aggregate(
            least=Min("confidence"), some=models.Count("pk"), told=models.Count("confidence")
        )
        if not found["some"]:
            return None
        return 0.0 if found["told"] < found["some"] else float(found["least"])


class Recording(models.Model):
    """One audio file and what was understood of it. It goes with its file."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        HEARING = "hearing", "Being transcribed"
        DONE = "done", "Transcribed"
        FAILED = "failed", "Not understood"

    attachment = models.OneToOneField("tickets.Attachment", models.CASCADE, related_name="recording")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    failure = models.CharField(max_length=12, blank=True, default="", help_text="A code of why it failed.")
    duration = models.FloatField(default=0, help_text="seconds")
    heard = models.FloatField(default=0, help_text="seconds of it that are transcribed so far")
    language = models.CharField(max_length=8, blank=True, default="")
    language_probability = models.FloatField(default=0)
    confidence = models.FloatField(null=True, blank=True, help_text="of the transcript, 0 to 1")
    segments = models.JSONField(default=list, help_text="Each a list of words: from, to, text, probability.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[RecordingQuerySet] = RecordingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confidence=None) | Q(confidence__gte=0, confidence__lte=1),
                name="recording_confidence_0_to_1",
            ),
        ]

    def __str__(self) -> str:
        return f"Recording {self.pk}"

    @property
    def is_over(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED}

    @property
    def text(self) -> str:
        return "".join(word[2] for words in self.segments for word in words).strip()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What was said together: from when, and its words with whether each is doubtful."""
        return [
            {
                "start": words[0][0],
                "words": [
                    {"start": start, "text": text, "doubtful": probability < DOUBTFUL_WORD}
                    for start, _end, text, probability in words
                ],
            }
            for words in self.segments
            if words
        ]

    def begin(self) -> None:
        self.state, self.heard = self.State.HEARING, 0
        self.save(update_fields=["state", "heard"])

    def tell(self, heard: float, duration: float) -> None:
        """How far it is, for whoever waits."""
        Recording.objects.filter(pk=self.pk).update(heard=heard, duration=duration)

    def understood(self, found: Heard) -> None:
        self.state, self.ended_at = self.State.DONE, timezone.now()
        self.duration = self.heard = found.duration
        self.language, self.language_probability = found.language, found.probability
        self.confidence = min(1.0, max(0.0, found.confidence))
        self.segments = [[list(word) for word in segment.words] for segment in found.segments]
        self.save()

    def not_understood(self, failure: str) -> None:
        self.state, self.failure, self.ended_at = self.State.FAILED, failure[:12], timezone.now()
        self.save(update_fields=["state", "failure", "ended_at"])
