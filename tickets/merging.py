"""Merging: two tickets of one person go on as one. Nothing is moved, so that everything can be taken back.

The merged ticket closes and points to the other, whose conversation shows the words of both. Who reads the other ticket
reads them too; therefore only what is provably one person's is merged, see :func:`merge_refusal`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import models, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from tickets.audit import Event
from tickets.conversation import Message
from tickets.errors import MergeRefused
from tickets.requester_steps import QUEUE_FIELDS
from tickets.states import Channel, Closure, Status

if TYPE_CHECKING:
    from accounts.models import User
    from tickets.models import Ticket

#: A ticket in one of these waits for the team; what it goes on in must wait for the team too.
WAITS: Final = (Status.OPEN, Status.ESCALATED)
MERGED_FIELDS: Final = ["merged_into", "merged_in", "closure", "closed_at"]


def merge_refusal(source: Ticket, target: Ticket) -> str:
    """Why ``source`` must not go on in ``target``, in words for an agent; empty where it may."""
    if source.pk == target.pk:
        return "A ticket cannot be merged into itself."
    if source.merged_into_id:
        return f"{source.reference} has been merged already."
    if target.merged_into_id:
        return f"{target.reference} has been merged itself. Merge into the ticket that it goes on in."
    if source.is_quarantined or target.is_quarantined:
        return "One of them is in quarantine. Say first that it is not spam."
    if target.state is Status.CLOSED:
        return f"{target.reference} is closed: nobody would read on there. Merge it into this one instead."
    if source.team_id != target.team_id and any(one.team and one.team.is_closed for one in (source, target)):
        return (
            "They are with different teams, whose members would read each other's words. Hand one over first."
        )
    return _strangers(source, target)


def _strangers(source: Ticket, target: Ticket) -> str:
    """Why whoever reads ``target`` might not be who wrote ``source``; empty where they are one person.

    An account's ticket is read by that account alone. A guest's is read by whoever holds its link, which went to the
    address; but one that was sent from a browser is read in that browser too, and the address there is only a claim.
    """
    if source.requester_id is not None:
        if source.requester_id == target.requester_id:
            return ""
        if target.requester_id is None and source.requester_email.lower() == target.requester_email.lower():
            return (
                f"{target.reference} was sent without logging in: the address on it is only a claim. "
                "Merge it into this one instead."
            )
        return "They are of different people, who would read each other's words. Link them instead."
    owner = target.requester.email if target.requester is not None else target.requester_email
    if source.requester_email.lower() != owner.lower():
        return "They are of different people, who would read each other's words. Link them instead."
    if target.requester_id is None and target.channel == Channel.WEB:
        return (
            f"{target.reference} was sent from a browser without logging in: whoever sits there might read words of "
            "somebody else. Link them instead, or merge once its sender has logged in."
        )
    return ""


class MergeSteps(models.Model):
    """Part of Ticket; each transition locks both rows, the lower id first, and writes an Event on each."""

    merged_into = models.ForeignKey(
        "tickets.Ticket",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="merged",
        db_index=False,
        help_text="The ticket that it goes on in; never one that is merged itself.",
    )
    merged_in = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="How many tickets go on in this one."
    )

    class Meta:
        abstract = True

    if TYPE_CHECKING:
        pk: Any
        reference: Any
        messages: Any
        events: Any
        urgency: Any
        human_requested: Any
        closure: Any
        closed_at: Any
        merged_into_id: int | None

        @property
        def state(self) -> Status: ...
        def _move(self, status: Status, event: str, actor: User | None, **facts: Any) -> None: ...
        def _record(self, kind: str, actor: User | None, **facts: Any) -> None: ...
        def _enter_queue(self, reason: str, *, returned: bool) -> None: ...

    @property
    def conversation(self) -> QuerySet[Message]:
        """Its messages and those of the tickets that were merged into it."""
        if not self.merged_in:
            own: QuerySet[Message] = self.messages.all()
            return own
        tickets = type(self)._default_manager.filter(Q(pk=self.pk) | Q(merged_into=self.pk))
        return Message.objects.filter(ticket__in=tickets.order_by().values("pk")).order_by("id")

    def _lock_both(self, other: Ticket) -> None:
        """Take the row locks of both and of what is merged into this one, in the order of their ids."""
        rows = type(self)._default_manager.select_for_update().filter(
            Q(pk__in=[self.pk, other.pk]) | Q(merged_into=self.pk)
        )  # fmt: skip
        list(rows.order_by("pk").values_list("pk", flat=True))
        self.refresh_from_db()
        other.refresh_from_db()

    @transaction.atomic
    def merge_into(self: Any, target: Ticket, *, actor: User) -> None:
        """Have this ticket go on in ``target``. Raises MergeRefused where that must not be, or somebody was faster."""
        self._lock_both(target)
        if refusal := merge_refusal(self, target):
            raise MergeRefused(refusal)
        others = type(self)._default_manager.filter(merged_into=self.pk)
        carried = sorted(others.values_list("pk", flat=True))
        others.update(merged_into=target)
        waits, before = self.state in WAITS, {"closure": self.closure, "carried": carried}
        self.merged_into, self.merged_in = target, 0
        self.closure, self.closed_at = Closure.MERGED, self.closed_at or timezone.now()
        target._take_in(self, 1 + len(carried), actor, waits=waits)
        self._move(Status.CLOSED, Event.Kind.MERGED, actor, fields=MERGED_FIELDS, into=target.pk, **before)

    def _take_in(self, source: Ticket, number: int, actor: User, *, waits: bool) -> None:
        """It counts as the more urgent of both, and comes back to the team where the other one waited for it."""
        self.merged_in += number
        self.urgency = max(self.urgency, source.urgency)
        self.human_requested = self.human_requested or source.human_requested
        status = self.state
        if waits and status is not Status.ESCALATED:
            self._enter_queue("merged", returned=False)
            status = Status.ESCALATED
        fields = ["merged_in", "urgency", "human_requested", *QUEUE_FIELDS]
        self._move(status, Event.Kind.TOOK_IN, actor, fields=fields, ticket=source.pk, reason="merged")

    @transaction.atomic
    def unmerge(self: Any, *, actor: User) -> None:
        """Take the merge back: the ticket stands where it stood. What was written since stays on the other one."""
        target = self.merged_into
        if target is None:
            raise MergeRefused(f"{self.reference} is not merged.")
        self._lock_both(target)
        if self.merged_into_id != target.pk:
            raise MergeRefused("Somebody has just merged or separated them. Look again.")
        merged = self.events.filter(kind=Event.Kind.MERGED).order_by("-id").first()
        own = type(self)._default_manager.filter(pk__in=merged.facts["carried"], merged_into=target.pk)
        back = own.exclude(events__kind=Event.Kind.MERGED, events__id__gt=merged.pk).update(merged_into=self)
        self.merged_into, self.merged_in, self.closure = None, back, merged.facts["closure"]
        status = Status(merged.before)
        fields = MERGED_FIELDS
        if status is Status.OPEN:  # a person has acted on it: the machine does not answer it any more
            self._enter_queue("unmerged", returned=False)
            status, fields = Status.ESCALATED, [*MERGED_FIELDS, *QUEUE_FIELDS]
        if status is not Status.CLOSED:
            self.closed_at = None
        target.merged_in -= 1 + back
        target.save(update_fields=["merged_in"])
        target.record(Event.Kind.UNMERGED, actor=actor, ticket=self.pk)
        self._move(status, Event.Kind.UNMERGED, actor, fields=fields, out_of=target.pk)
