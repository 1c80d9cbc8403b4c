"""What is said on a ticket: messages, the files that come with them, and what the requester says of the answer."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from tickets.compiled_insert import CompiledInsert


class Message(CompiledInsert):
    class Kind(models.TextChoices):
        REPLY = "reply", "Public reply"
        NOTE = "note", "Internal note"

    class Sender(models.TextChoices):
        REQUESTER = "requester", "Requester"
        AGENT = "agent", "Agent"
        MACHINE = "machine", "Automatic answer"

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    kind = models.CharField(max_length=5, choices=Kind.choices, default=Kind.REPLY)
    sender = models.CharField(max_length=9, choices=Sender.choices)
    written_by = models.CharField(
        max_length=254,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="The address of who wrote it, where that is neither the requester nor one of the team.",
    )
    body = models.TextField(max_length=settings.MESSAGE_MAX_CHARS)
    external_id = models.CharField(
        max_length=120,
        unique=True,
        null=True,
        blank=True,
        editable=False,
        help_text="The sender's own name for it: sent twice, it is one message.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["ticket", "id"], name="message_of_ticket")]

    def __str__(self) -> str:
        return f"{self.get_sender_display()}: {self.body[:60]}"


def attachment_path(attachment: Attachment, filename: str) -> str:
    """A random place on disk; the name that a person gave is kept in the row only."""
    return f"attachments/{attachment.token.hex[:2]}/{attachment.token.hex}"


class Attachment(models.Model):
    """A file of a message; or one that was uploaded ahead of it, and then only ``holder`` may send it."""

    message = models.ForeignKey(Message, models.CASCADE, null=True, blank=True, related_name="attachments")
    holder = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    file = models.FileField(upload_to=attachment_path)
    name = models.CharField(max_length=150)
    content_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["holder", "created_at"], name="attachment_waiting", condition=Q(message=None)
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_picture(self) -> bool:
        """Whether browsers can show it in place."""
        return self.content_type in {"image/png", "image/jpeg", "image/gif", "image/webp"}

    @property
    def is_audio(self) -> bool:
        """Whether it is played in place."""
        return self.content_type.startswith("audio/")


class Feedback(models.Model):
    """What the requester says of the answer. One a ticket; saying it again replaces it."""

    ticket = models.OneToOneField("tickets.Ticket", models.CASCADE, related_name="feedback")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    solved = models.BooleanField(null=True)
    rating = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    comment = models.TextField(blank=True, max_length=2000)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "feedback"
        indexes = [models.Index(fields=["updated_at", "solved", "rating"], name="feedback_by_time")]
        constraints = [
            models.CheckConstraint(
                condition=Q(rating=None) | Q(rating__gte=1, rating__lte=5), name="feedback_rating_1_to_5"
            ),
        ]

    def __str__(self) -> str:
        return f"Feedback on {self.ticket_id}"
