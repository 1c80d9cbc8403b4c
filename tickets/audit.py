"""The audit trail: rows that are written with what they tell of, and never touched again.

Events are the spine. A transition writes its Event and nothing else; what follows from it (a notice, a counter)
subscribes to its kind, see ``tickets.subscribers``, and runs in the same transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Never

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from tickets.compiled_insert import CompiledInsert

if TYPE_CHECKING:
    from tickets.models import Message


class EventKind(StrEnum):
    """What the ticket domain itself tells of. Other apps add theirs by ``register_kinds``."""

    CREATED = "created"
    AUTO_RESOLVED = "auto_resolved"
    ESCALATED = "escalated"
    PERSON_REQUESTED = "person_requested"
    ASSIGNED = "assigned"
    REPLIED = "replied"
    NOTED = "noted"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CLOSED = "closed"
    FEEDBACK = "feedback"
    CLAIMED = "claimed"
    QUARANTINED = "quarantined"
    RELEASED = "released"
    PRIORITISED = "prioritised"
    UNDONE = "undone"
    MERGED = "merged"
    TOOK_IN = "took_in"
    UNMERGED = "unmerged"
    TEAM = "team"


#: What each kind is called on screens for staff.
KIND_WORDS: dict[str, str] = {
    EventKind.CREATED: "Created",
    EventKind.AUTO_RESOLVED: "Answered automatically",
    EventKind.ESCALATED: "Handed to the team",
    EventKind.PERSON_REQUESTED: "A person was asked for",
    EventKind.ASSIGNED: "Assigned",
    EventKind.REPLIED: "Replied",
    EventKind.NOTED: "Note added",
    EventKind.RESOLVED: "Resolved",
    EventKind.REOPENED: "Reopened",
    EventKind.CLOSED: "Closed",
    EventKind.FEEDBACK: "Feedback given",
    EventKind.CLAIMED: "Joined to an account",
    EventKind.QUARANTINED: "Put into quarantine",
    EventKind.RELEASED: "Released from quarantine",
    EventKind.PRIORITISED: "Urgency changed",
    EventKind.UNDONE: "“Solved” taken back",
    EventKind.MERGED: "Merged into another ticket",
    EventKind.TOOK_IN: "Another ticket merged into it",
    EventKind.UNMERGED: "Merge taken back",
    EventKind.TEAM: "Team changed",
}

Subscriber = Callable[["Event"], None]
_subscribers: dict[str, list[Subscriber]] = defaultdict(list)


def register_kinds(words: Mapping[str, str]) -> None:
    """Name kinds of Events that another app writes: code → words for staff."""
    taken = {kind for kind in words if KIND_WORDS.get(kind, words[kind]) != words[kind]}
    if taken:
        raise ValueError(f"These kinds of Events mean something else already: {', '.join(sorted(taken))}.")
    KIND_WORDS.update(words)


def subscribe(kind: str, *subscribers: Subscriber) -> None:
    """Have ``subscribers`` called, in this order, with each new Event of ``kind``, in its transaction.

    A subscriber may only write rows: whatever takes time or leaves the database is a Job.
    """
    if kind not in KIND_WORDS:
        raise ValueError(f"“{kind}” is no kind of Event. Register it first.")
    _subscribers[kind] += [new for new in subscribers if new not in _subscribers[kind]]


class AppendOnlyQuerySet(models.QuerySet[Any]):
    def update(self, **fields: Any) -> Never:
        raise TypeError("Audit events cannot be changed.")

    def delete(self) -> Never:
        raise TypeError("Audit events cannot be deleted.")


class Event(CompiledInsert):
    """One audit row of ids and codes. Written with the change it tells of; never updated, never deleted.

    ``position`` is its place in the trail, given by the sealer after commit: ids are not commit order.
    """

    Kind = EventKind

    ticket = models.ForeignKey("tickets.Ticket", models.PROTECT, related_name="events")
    kind = models.CharField(max_length=40)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True)
    before = models.CharField(max_length=14, blank=True)
    after = models.CharField(max_length=14, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(default=timezone.now)
    position = models.PositiveBigIntegerField(null=True, unique=True, editable=False)
    seal = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)

    objects: ClassVar[models.Manager[Event]] = models.Manager.from_queryset(AppendOnlyQuerySet)()

    #: The message that the Event tells of, for the subscribers; the row itself keeps its id among the facts.
    message: Message | None = None

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["ticket", "id"], name="event_of_ticket"),
            models.Index(fields=["kind", "at"], name="event_by_kind"),
            models.Index(fields=["id"], name="event_unsealed", condition=models.Q(position=None)),
        ]

    def __str__(self) -> str:
        return f"{self.words} {self.at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the row, then call who subscribes to its kind; both hold or neither does."""
        if self.pk is not None:
            raise TypeError("Audit events cannot be changed.")
        with transaction.atomic(savepoint=False):  # a transition has one already
            super().save(*args, **kwargs)
            for subscriber in _subscribers[self.kind]:
                subscriber(self)

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        raise TypeError("Audit events cannot be deleted.")

    @property
    def words(self) -> str:
        """The kind as staff read it; a kind whose app is gone is shown by its code."""
        return KIND_WORDS.get(self.kind, self.kind.replace("_", " ").capitalize())

    def sealed_after(self, previous: str) -> str:
        """The seal of this row at its position, SHA-256 in hex, chained to the ``previous`` one."""
        content = [
            previous, self.position, self.pk, self.ticket_id, self.kind, self.actor_id, self.before, self.after,
            self.facts, self.at.astimezone(UTC).isoformat(timespec="microseconds"),
        ]  # fmt: skip
        written = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(written.encode()).hexdigest()


class Trail(models.Model):
    """One row: the end of the sealed trail. Its lock makes sealers take turns."""

    position = models.PositiveBigIntegerField(default=0)
    seal = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"Sealed up to {self.position}"
