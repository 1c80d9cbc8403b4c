"""What a requester does to a ticket beside writing: claim it, ask for a person, rate it, settle it, take that back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from django.db import models, transaction
from django.utils import timezone

from tickets.audit import Event
from tickets.conversation import Feedback, Message
from tickets.errors import InvalidTransition
from tickets.states import Closure, Status

if TYPE_CHECKING:
    from accounts.models import User
    from tickets.models import Ticket

CLAIM_FIELDS: Final = ["requester"]
QUEUE_FIELDS: Final = ["escalation_reason", "escalated_at", "resolved_at", "reopen_count"]
OPEN_TO_REQUESTER: Final = (
    Status.OPEN, Status.AUTO_RESOLVED, Status.ESCALATED, Status.PENDING, Status.RESOLVED,
)  # fmt: skip
CONFIRMABLE: Final = (Status.AUTO_RESOLVED, Status.PENDING, Status.RESOLVED)  # somebody has answered
RATEABLE: Final = (*CONFIRMABLE, Status.ESCALATED, Status.CLOSED)
UNDO_TIME: Final = timedelta(minutes=30)


class RequesterSteps(models.Model):
    """Part of Ticket; each transition locks the row, refuses a wrong start and writes its Event."""

    class Meta:
        abstract = True

    if TYPE_CHECKING:
        reference: Any
        requester: Any
        messages: Any
        events: Any
        human_requested: Any
        first_human_reply_at: Any
        closed_at: Any
        seen_at: Any
        resolved_at: Any
        closure: Any

        @property
        def state(self) -> Status: ...
        @property
        def is_quarantined(self) -> bool: ...
        def _lock(self, action: str, *allowed: Status, in_quarantine: bool = False) -> None: ...
        def _move(self, status: Status, event: str, actor: User | None, **facts: Any) -> None: ...
        def _record(self, kind: str, actor: User | None, **facts: Any) -> None: ...
        def _say(self, body: str, sender: Message.Sender, author: User | None) -> Message: ...
        def _end(self, closure: Closure, actor: User | None, message: Message | None = None) -> None: ...
        def _enter_queue(self, reason: str, *, returned: bool) -> None: ...
        def release(self, actor: User | None = None) -> None: ...
        def reopen(self, reason: str = "reopened", *, actor: User | None = None) -> None: ...

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
    def claim(self, requester: User) -> None:
        """A guest's ticket joins the account of the person who proved to own its address."""
        self.requester = requester
        self.save(update_fields=CLAIM_FIELDS)
        self._record(Event.Kind.CLAIMED, requester)

    @transaction.atomic
    def request_person(self, *, actor: User | None = None) -> None:
        """The requester wants a human. Always granted unless the ticket is closed, also out of quarantine."""
        self._lock("call a person to", *OPEN_TO_REQUESTER, in_quarantine=True)
        if self.is_quarantined:
            self.release(actor)
        if self.human_requested and self.state is Status.ESCALATED:
            return
        self.human_requested = True
        if self.state is not Status.ESCALATED:
            self._enter_queue("asked_for_person", returned=self.state is not Status.OPEN)
        self._move(
            Status.ESCALATED, Event.Kind.PERSON_REQUESTED, actor, fields=["human_requested", *QUEUE_FIELDS]
        )

    @transaction.atomic
    def settle(self, *, actor: User | None) -> None:
        """The requester needs no answer any more. Every open ticket can be closed so."""
        self._lock("close", *OPEN_TO_REQUESTER, in_quarantine=True)
        self._end(Closure.CONFIRMED, actor)

    @transaction.atomic
    def confirm_by_reply(self, body: str, *, author: User | None) -> Message:
        """The requester writes that all is well: the reply is kept, and the ticket is closed as confirmed."""
        self._lock("confirm", *CONFIRMABLE)
        message = self._say(body, Message.Sender.REQUESTER, author)
        self._end(Closure.CONFIRMED, author, message)
        return message

    @transaction.atomic
    def record_feedback(
        self, *, solved: bool | None, rating: int | None = None, comment: str = "", actor: User | None = None
    ) -> Feedback:
        """Keep what the requester says of the answer; "not solved" brings it to a person, "solved" closes it.

        Also in quarantine: a late "not solved" reaches a person, whatever was taken for spam.
        """
        self._lock("rate", *RATEABLE, in_quarantine=True)
        known = {"solved": solved, "rating": rating, "comment": comment}
        given = {name: value for name, value in known.items() if value not in (None, "")}
        feedback, _ = Feedback.objects.update_or_create(
            ticket=cast("Ticket", self), defaults={**given, "author": actor, "updated_at": timezone.now()}
        )
        self._record(Event.Kind.FEEDBACK, actor, solved=solved, rating=rating)
        if solved is False and self.state in {Status.AUTO_RESOLVED, Status.RESOLVED, Status.PENDING}:
            self.reopen("not_solved", actor=actor)
        elif solved and self.state in CONFIRMABLE:
            self._end(Closure.CONFIRMED, actor)
        return feedback

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
