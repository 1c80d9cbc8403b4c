"""What an agent's work needs beside the ticket itself. None of it is a message, and no customer ever sees it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from tickets.models import Message, Ticket, attachment_path


class DraftQuerySet(models.QuerySet["Draft"]):
    def written(self) -> Self:
        """Those that hold something."""
        return self.exclude(reply="", note="", intent="", files=None)


class Draft(models.Model):
    """What an agent is writing on a ticket. One a person and ticket, whatever tab or machine it is typed in."""

    class Then(models.TextChoices):
        """What becomes of the ticket once the reply is out."""

        WAIT = "wait", "The ticket waits for the customer"
        RESOLVE = "resolve", "The ticket is resolved"

    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts")
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="drafts")
    reply = models.TextField(blank=True, default="", max_length=settings.MESSAGE_MAX_CHARS)
    note = models.TextField(blank=True, default="", max_length=settings.MESSAGE_MAX_CHARS)
    intent = models.CharField(blank=True, default="", max_length=120)
    then = models.CharField(
        max_length=8, choices=Then.choices, default=Then.WAIT, db_default=Then.WAIT,
        help_text="What the first button of the writer does.",
    )  # fmt: skip
    came_back = models.CharField(
        blank=True, default="", max_length=300, help_text="Why the reply was not sent after all."
    )
    version = models.PositiveIntegerField(
        default=0, help_text="Grows with each change: a tab that is behind notices."
    )
    updated_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Draft]] = DraftQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "ticket"], name="draft_one_a_person")]
        indexes = [models.Index(fields=["updated_at"], name="draft_by_age")]

    def __str__(self) -> str:
        return f"Draft of {self.agent_id} on {self.ticket_id}"


class HeldReplyQuerySet(models.QuerySet["HeldReply"]):
    def on_its_way(self) -> Self:
        return self.filter(sent_at=None, undone_at=None)


class HeldReply(models.Model):
    """A reply that its author has sent and can still take back: no message, no Event and no mail yet."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="held_replies")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="held_replies")
    body = models.TextField(max_length=settings.MESSAGE_MAX_CHARS)
    then = models.CharField(max_length=8, choices=Draft.Then.choices, default=Draft.Then.WAIT)
    seen = models.PositiveBigIntegerField(help_text="The last message that its author had read.")
    once = models.UUIDField(help_text="The same for the same reply sent twice.")
    created_at = models.DateTimeField(default=timezone.now)
    send_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    message = models.OneToOneField(Message, models.SET_NULL, null=True, blank=True, related_name="+")

    objects: ClassVar[models.Manager[HeldReply]] = HeldReplyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["once"], condition=Q(undone_at=None), name="held_reply_once")
        ]
        indexes = [
            models.Index(
                fields=["author"], name="held_on_its_way", condition=Q(sent_at=None, undone_at=None)
            ),
            models.Index(fields=["created_at"], name="held_by_age"),
        ]

    def __str__(self) -> str:
        return f"Reply of {self.author_id} on {self.ticket_id}"


class KeptFile(models.Model):
    """A file that waits with a draft or a held reply; sending makes it an attachment, in its place on the disk."""

    draft = models.ForeignKey(Draft, models.CASCADE, null=True, blank=True, related_name="files")
    held = models.ForeignKey(HeldReply, models.CASCADE, null=True, blank=True, related_name="files")
    for_note = models.BooleanField(
        default=False, db_default=False, help_text="It goes with the draft's note."
    )
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    file = models.FileField(upload_to=attachment_path)
    name = models.CharField(max_length=150)
    content_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class PresenceQuerySet(models.QuerySet["Presence"]):
    def now(self) -> Self:
        """Who has a ticket open at this moment."""
        return self.filter(seen_at__gte=timezone.now() - Presence.LASTS)


class Presence(models.Model):
    """An agent has a ticket's page open. Each poll of the page renews it."""

    LASTS = timedelta(seconds=8)

    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="presences")
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="presences")
    writing = models.BooleanField(default=False)
    seen_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Presence]] = PresenceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "ticket"], name="presence_one_a_person")]
        indexes = [models.Index(fields=["seen_at"], name="presence_by_age")]

    def __str__(self) -> str:
        return f"{self.agent_id} at {self.ticket_id}"


class Snooze(models.Model):
    """A ticket out of everybody's way until a moment, or until its requester writes."""

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="snooze")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="snoozed")
    until = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.ticket_id} until {self.until:%Y-%m-%d %H:%M}"

    @property
    def is_over(self) -> bool:
        moment: datetime = self.until
        return moment <= timezone.now()


class Visit(models.Model):
    """An agent was led to this ticket in their present round: it is not offered again before the next one."""

    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="visits")
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="visits")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "ticket"], name="visit_one_a_round")]
        indexes = [models.Index(fields=["at"], name="visit_by_age")]

    def __str__(self) -> str:
        return f"{self.agent_id} at {self.ticket_id}"


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def of(self, agent: User) -> Self:
        """The shared ones and the agent's own."""
        return self.filter(Q(owner=None) | Q(owner=agent)).order_by("name", "pk")


class SavedView(models.Model):
    """What a list shows, under a name. Without an owner it is everybody's."""

    MOST = 12  # of one owner

    name = models.CharField(max_length=40)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="saved_views"
    )
    base = models.CharField(max_length=20, help_text="The list that it narrows.")
    words = models.CharField(max_length=200, blank=True, default="", help_text="As in the search box.")
    filters = models.JSONField(default=dict, blank=True)
    order = models.CharField(max_length=10, blank=True, default="")
    facts = models.JSONField(default=list, blank=True, help_text="What its rows show; empty: everything.")

    objects: ClassVar[SavedViewQuerySet] = SavedViewQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="view_own_name"),
            models.UniqueConstraint(fields=["name"], condition=Q(owner=None), name="view_shared_name"),
        ]

    def __str__(self) -> str:
        return self.name


class BulkRun(models.Model):
    """One step on all tickets of a list: what was wished, how far it is, and what was left as it was."""

    KEPT = timedelta(days=30)

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for a worker"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="bulk_runs")
    step = models.CharField(max_length=20)
    wish = models.JSONField(default=dict, help_text="Which tickets: the list and what narrows it.")
    given = models.JSONField(default=dict)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=list, help_text="Ticket, reference, why: the first of those left.")
    cursor = models.PositiveBigIntegerField(default=0)
    up_to = models.PositiveBigIntegerField(default=0)
    stop_wished = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["at"], name="bulk_by_age")]

    def __str__(self) -> str:
        return f"{self.step} on {self.total}"

    @property
    def is_over(self) -> bool:
        return self.state in {self.State.DONE, self.State.STOPPED}

    @property
    def percent(self) -> int:
        return 100 if self.is_over else min(99, 100 * (self.done + self.left) // max(self.total, 1))

    def move(self, state: State) -> None:
        self.state = state
        self.ended_at = timezone.now() if self.is_over else None
        self.save(update_fields=["state", "ended_at"])

    def wish_stop(self) -> None:
        """It stops before its next ticket; one that has not begun never does."""
        BulkRun.objects.filter(pk=self.pk).update(stop_wished=True)
        BulkRun.objects.filter(pk=self.pk, state=self.State.WAITING).update(
            state=self.State.STOPPED, ended_at=timezone.now()
        )
