"""What a requester does to a ticket beside writing: saying that it is settled, and taking that back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import models, transaction
from django.utils import timezone

from tickets.audit import Event
from tickets.conversation import Feedback, Message
from tickets.errors import InvalidTransition
from tickets.states import Closure, Status

if TYPE_CHECKING:
    from accounts.models import User

QUEUE_FIELDS: Final = ["escalation_reason", "escalated_at", "resolved_at", "reopen_count"]
OPEN_TO_REQUESTER: Final = (
    Status.OPEN, Status.AUTO_RESOLVED, Status.ESCALATED, Status.PENDING, Status.RESOLVED,
)  # fmt: skip
CONFIRMABLE: Final = (Status.AUTO_RESOLVED, Status.PENDING, Status.RESOLVED)  # somebody has answered
UNDO_TIME: Final = timedelta(minutes=30)


class RequesterSteps(models.Model):
    """Part of Ticket; each transition locks the row, refuses a wrong start and writes its Event."""

    class Meta:
        abstract = True

    if TYPE_CHECKING:
        reference: Any
        messages: Any
        events: Any
        closed_at: Any
        seen_at: Any
        resolved_at: Any
        closure: Any

        @property
        def state(self) -> Status: ...
        def _lock(self, action: str, *allowed: Status, in_quarantine: bool = False) -> None: ...
        def _move(self, status: Status, event: str, actor: User | None, **facts: Any) -> None: ...
        def _end(self, closure: Closure, actor: User | None) -> None: ...
        def _enter_queue(self, reason: str, *, returned: bool) -> None: ...

    def mark_seen(self, latest: datetime) -> None:
        """The requester has the conversation up to ``latest`` before them: nothing of it is unread any more."""
        if self.seen_at is None or self.seen_at < latest:
            self.seen_at = timezone.now()
            self.save(update_fields=["seen_at"])  # type: ignore[misc]  # a column of the Ticket that this is part of

    def said_twice(self, body: str, *, since: datetime) -> Message | None:
        """The requester's latest word on the ticket if it is this one, sent ``since``: the same sent again.

        Takes the row lock, so that two windows that send at once do so one after the other.
        """
        self.refresh_from_db(from_queryset=type(self)._default_manager.select_for_update())
        latest = self.messages.filter(kind=Message.Kind.REPLY).order_by("-id").first()
        is_same = latest is not None and (latest.sender, latest.body) == (Message.Sender.REQUESTER, body)
        return latest if latest is not None and is_same and latest.created_at >= since else None

    @transaction.atomic
    def settle(self, *, actor: User | None) -> None:
        """The requester needs no answer any more. Every open ticket can be closed so."""
        self._lock("close", *OPEN_TO_REQUESTER, in_quarantine=True)
        self._end(Closure.CONFIRMED, actor)

    @property
    def may_undo(self) -> bool:
        """Whether the requester's own "solved" can still be taken back."""
        ended = self.closed_at if self.state is Status.CLOSED and self.closure == Closure.CONFIRMED else None
        return ended is not None and timezone.now() - ended < UNDO_TIME

    @transaction.atomic
    def undo_confirmation(self, *, actor: User | None) -> None:
        """The requester takes "solved" back: the ticket stands where it stood before."""
        self._lock("undo the closing of", Status.CLOSED)
        if not self.may_undo:
            raise InvalidTransition(f"Cannot undo the closing of ticket {self.reference} any more.")
        closed = self.events.filter(kind=Event.Kind.CLOSED).order_by("-id").first()
        before = Status(closed.before) if closed and closed.before in CONFIRMABLE else Status.ESCALATED
        if before is Status.ESCALATED:
            self._enter_queue("reopened", returned=True)
        else:
            self.resolved_at = timezone.now()  # silence counts from here
        self.closure, self.closed_at = "", None
        Feedback.objects.filter(ticket=self.pk, solved=True).update(solved=None, updated_at=timezone.now())
        self._move(before, Event.Kind.UNDONE, actor, fields=["closure", "closed_at", *QUEUE_FIELDS])
