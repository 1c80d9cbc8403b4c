"""The ticket and its conversation. Only Ticket's transition methods change ``status``."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from tickets.audit import Event, Trail
from tickets.background.jobs import Job
from tickets.compiled_insert import CompiledInsert
from tickets.conversation import Attachment, Feedback, Message, attachment_path
from tickets.errors import Held, InvalidTransition
from tickets.just_made import JustMade, step
from tickets.mail.bundling import AgentNotice
from tickets.mail.choices import DigestEntry, MailChoice
from tickets.mail.outbox import OutgoingMail
from tickets.mail.sent import SentMail
from tickets.merging import MergeSteps
from tickets.querysets import TicketQuerySet, mailbox_of, silence_limit
from tickets.references import new_reference
from tickets.requester_steps import OPEN_TO_REQUESTER, QUEUE_FIELDS, RequesterSteps
from tickets.states import Channel, Closure, Handover, Status, Urgency
from tickets.teaming import TeamSteps

if TYPE_CHECKING:
    from accounts.models import User

__all__ = [
    "OPEN_TO_REQUESTER", "AgentNotice", "Attachment", "Channel", "Closure", "DigestEntry", "Event", "Feedback", "Handover", "Job", "MailChoice", "Message",
    "OutgoingMail", "SentMail", "Status", "Ticket", "TicketQuerySet", "Trail", "Urgency", "attachment_path", "silence_limit",
]  # fmt: skip


class Ticket(CompiledInsert, JustMade, MergeSteps, RequesterSteps, TeamSteps):
    reference = models.CharField(max_length=20, unique=True, default=new_reference, editable=False)
    external_id = models.CharField(max_length=120, unique=True, null=True, blank=True, editable=False)
    requester = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tickets",
        db_index=False,
    )  # found by ticket_by_requester
    requester_email = models.EmailField()
    mailbox = models.GeneratedField(
        expression=mailbox_of("requester_email"),
        output_field=models.CharField(max_length=254),
        db_persist=True,
        help_text="The address as one person's: in lower case, without what follows a plus.",
    )
    requester_name = models.CharField(max_length=120, blank=True)
    sender_verified = models.BooleanField(
        default=False, help_text="The sender was logged in; a guest's address is only a claim."
    )
    machine_sent = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="Nothing automatic is sent to its sender: a list, a program, an address that reads no replies.",
    )
    subject = models.CharField(max_length=200)
    language = models.CharField(
        max_length=8,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="What its requester reads best, as far as we can tell; empty: unknown.",
    )
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.WEB)
    status = models.CharField(max_length=14, choices=Status.choices, default=Status.OPEN, editable=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="assigned_tickets",
        db_index=False,
    )
    follow_up_of = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="follow_ups", db_index=False
    )

    urgency = models.PositiveSmallIntegerField(
        choices=Urgency.choices, default=Urgency.NORMAL, db_default=Urgency.NORMAL, editable=False
    )
    quarantined_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Taken for unwanted: in no queue and no count."
    )
    human_requested = models.BooleanField(default=False, editable=False)
    reopen_count = models.PositiveSmallIntegerField(default=0, editable=False)
    escalation_reason = models.CharField(max_length=32, blank=True, editable=False)
    closure = models.CharField(max_length=10, choices=Closure.choices, blank=True, editable=False)

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    seen_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the requester last looked; empty: nothing on it counts as unread.",
    )
    escalated_at = models.DateTimeField(null=True, blank=True, editable=False)
    first_human_reply_at = models.DateTimeField(null=True, blank=True, editable=False)
    first_reply_seconds = models.PositiveIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text="From the team's queue, else from arrival, to the first human reply.",
    )
    resolved_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[models.Manager[Ticket]] = TicketQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["requester", "-id"], name="ticket_by_requester"),
            models.Index(fields=["requester", "-updated_at", "-id"], name="ticket_by_activity"),
            models.Index(
                fields=["status", "assignee", "-urgency", "escalated_at"],
                name="ticket_queue",
                condition=Q(quarantined_at=None),
            ),
            models.Index(
                fields=["status", "-urgency", "escalated_at", "id"],
                name="ticket_waiting",
                condition=Q(quarantined_at=None),
            ),
            models.Index(
                fields=["-quarantined_at"],
                name="ticket_quarantine",
                condition=Q(quarantined_at__isnull=False),
            ),
            # Of the few that have one: a new ticket writes nothing into these.
            models.Index(fields=["assignee"], name="ticket_by_assignee", condition=Q(assignee__isnull=False)),
            models.Index(
                fields=["follow_up_of"], name="ticket_follow_up", condition=Q(follow_up_of__isnull=False)
            ),
            models.Index(
                fields=["merged_into"], name="ticket_merged", condition=Q(merged_into__isnull=False)
            ),
            models.Index(fields=["team", "status"], name="ticket_by_team", condition=Q(team__isnull=False)),
            models.Index(fields=["status", "resolved_at"], name="ticket_silent"),
            models.Index(
                fields=["created_at", "channel"], name="ticket_volume", condition=Q(quarantined_at=None)
            ),
            models.Index(fields=["updated_at"], name="ticket_updated"),
            models.Index(fields=["requester_email"], name="ticket_by_email"),
            models.Index(fields=["mailbox", "-id"], name="ticket_of_mailbox"),
            models.Index(
                fields=["first_human_reply_at", "first_reply_seconds", "closure"], name="ticket_first_reply"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="ticket_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.subject}"

    def get_absolute_url(self) -> str:
        return reverse("ticket", args=[self.reference])

    @property
    def state(self) -> Status:
        return Status(self.status)

    @property
    def is_quarantined(self) -> bool:
        return self.quarantined_at is not None

    @property
    def may_be_automated(self) -> bool:
        """Nobody human has acted on it yet, and nobody asked for a person."""
        return self.state is Status.OPEN and not (
            self.human_requested or self.reopen_count or self.assignee_id
        )

    # --- transitions: each locks the row, refuses a wrong start, writes its Event -------------------

    def _lock(self, action: str, *allowed: Status, in_quarantine: bool = False) -> None:
        """Take the row lock and the current values; refuse ``action`` outside the ``allowed`` states.

        What is in quarantine is released first, but for what is allowed ``in_quarantine``.
        """
        if not self._is_held:
            self.refresh_from_db(from_queryset=Ticket.objects.select_for_update())
        if self.state not in allowed and self.merged_into is not None:
            raise InvalidTransition(
                f"Cannot {action} ticket {self.reference}: it goes on in {self.merged_into.reference}."
            )
        if self.state not in allowed:
            raise InvalidTransition(
                f"Cannot {action} ticket {self.reference}: it is {self.get_status_display().lower()}."
            )
        if self.is_quarantined and not in_quarantine:
            raise InvalidTransition(
                f"Cannot {action} ticket {self.reference}: it is in quarantine. Say first that it is not spam."
            )

    def _move(
        self,
        status: Status,
        event: str,
        actor: User | None,
        *,
        fields: Iterable[str] = (),
        message: Message | None = None,
        **facts: Any,
    ) -> None:
        """Save ``status`` and the named fields, and write the Event, in the caller's transaction."""
        before, self.status, self.updated_at = self.status, status, timezone.now()
        self.save(update_fields=["status", "updated_at", *fields])
        self._record(event, actor, before=before, message=message, at=self.updated_at, **facts)

    def _record(
        self,
        kind: str,
        actor: User | None,
        *,
        before: str | None = None,
        message: Message | None = None,
        at: datetime | None = None,
        **facts: Any,
    ) -> None:
        """Write the Event of something that happened to this ticket; ``before`` is None where the state stays."""
        event = Event(
            ticket=self,
            kind=kind,
            actor=actor,
            before=self.status if before is None else before,
            after=self.status,
            facts=facts | ({"message": message.pk} if message else {}),
            at=at or timezone.now(),
        )
        event.message = message
        event.save()

    def created(self, *, channel: str) -> None:
        """Write the Event that begins the ticket's trail, in the transaction that made the ticket."""
        known: dict[str, Any] = {"channel": channel} | ({"team": self.team_id} if self.team_id else {})
        self._record(Event.Kind.CREATED, self.requester, before="", at=self.created_at, **known)

    @transaction.atomic
    def record(self, kind: str, *, actor: User | None, **facts: Any) -> None:
        """Write an Event of another app on this ticket, which thereby counts as changed."""
        self.updated_at = timezone.now()
        self.save(update_fields=["updated_at"])
        self._record(kind, actor, at=self.updated_at, **facts)

    @step
    def auto_resolve(self, body: str, *, facts: dict[str, Any]) -> Message:
        """Send an approved answer as the machine. Only an untouched open ticket can be."""
        self._lock("answer automatically", Status.OPEN)
        if not self.may_be_automated:
            raise InvalidTransition(
                f"Cannot answer ticket {self.reference} automatically: a person is on it."
            )
        if self.machine_sent:
            raise InvalidTransition(
                f"Cannot answer ticket {self.reference} automatically: its sender reads no replies."
            )
        self.resolved_at = timezone.now()
        message = self._say(body, Message.Sender.MACHINE, None)
        self._move(
            Status.AUTO_RESOLVED,
            Event.Kind.AUTO_RESOLVED,
            None,
            fields=["resolved_at"],
            message=message,
            **facts,
        )
        return message

    @step
    def escalate(
        self,
        reason: str,
        *,
        actor: User | None = None,
        step: Handover = Handover.NORMAL,
        facts: dict[str, Any] | None = None,
    ) -> None:
        """Hand the ticket to people, in the manner of ``step``. ``reason`` is a code such as ``low_confidence``."""
        self._lock("escalate", Status.OPEN, Status.AUTO_RESOLVED, Status.PENDING, Status.RESOLVED)
        returned = self.state is not Status.OPEN
        self._enter_queue(reason, returned=returned)
        if step is Handover.URGENT:
            self.urgency = Urgency.URGENT
        known = {**(facts or {}), "reason": reason, **({"step": step} if step else {})}
        self._move(Status.ESCALATED, Event.Kind.ESCALATED, actor, fields=[*QUEUE_FIELDS, "urgency"], **known)
        if step is Handover.QUARANTINE:
            self.quarantine(reason, actor)

    @step
    def quarantine(self, reason: str, actor: User | None = None) -> None:
        """Put a ticket that nobody wants aside, with nobody in charge. Its requester is not told."""
        self._lock("put aside", Status.OPEN, Status.ESCALATED, Status.PENDING)
        if self.state is not Status.ESCALATED:
            self._enter_queue(reason, returned=False)
        self.escalation_reason, self.quarantined_at, self.assignee = reason, timezone.now(), None
        self._move(
            Status.ESCALATED,
            Event.Kind.QUARANTINED,
            actor,
            fields=["quarantined_at", "assignee", *QUEUE_FIELDS],
            reason=reason,
        )

    @transaction.atomic
    def release(self, actor: User | None = None) -> None:
        """It was wanted after all: it waits in the queue as long as it has waited already."""
        self._lock("release", Status.ESCALATED, in_quarantine=True)
        if not self.is_quarantined:
            raise InvalidTransition(f"Ticket {self.reference} is not in quarantine.")
        self.quarantined_at, self.escalation_reason = None, "not_spam"
        self._move(
            Status.ESCALATED,
            Event.Kind.RELEASED,
            actor,
            fields=["quarantined_at", "escalation_reason"],
        )

    @transaction.atomic
    def prioritise(self, urgency: Urgency, *, actor: User) -> None:
        """An agent says how soon it must be looked at."""
        self._lock("prioritise", *OPEN_TO_REQUESTER)
        if self.urgency == urgency:
            return
        self.urgency = urgency
        self._move(self.state, Event.Kind.PRIORITISED, actor, fields=["urgency"], urgency=urgency.value)

    def _enter_queue(self, reason: str, *, returned: bool) -> None:
        self.escalation_reason, self.escalated_at, self.resolved_at = reason, timezone.now(), None
        self.reopen_count += returned

    @transaction.atomic
    def assign(
        self, assignee: User | None, *, actor: User | None, held_by: Collection[int | None] | None = None
    ) -> None:
        """Give it to an agent, or back to the queue with None. ``held_by``: who may have it now, else Held is raised."""
        self._lock("assign", *(set(Status) - {Status.CLOSED}))
        if held_by is not None and self.assignee_id not in held_by:
            raise Held(self.reference, self.assignee)
        if self.assignee_id == (assignee.pk if assignee else None):
            return
        if assignee is not None:
            self._refuse_assignee(assignee, actor)
        self.assignee = assignee
        fields, status = ["assignee"], self.state
        if status is Status.OPEN:
            self._enter_queue("assigned", returned=False)
            fields, status = [*fields, *QUEUE_FIELDS], Status.ESCALATED
        self._move(
            status, Event.Kind.ASSIGNED, actor, fields=fields, assignee=assignee.pk if assignee else None
        )

    @transaction.atomic
    def reply(
        self, body: str, *, author: User | None, reason: str = "requester_replied", written_by: str = ""
    ) -> Message:
        """A public message. From an agent it waits for the requester.

        From the requester's side it reopens an answered ticket, for that ``reason``; ``written_by`` is the address of
        somebody there who is not the requester.
        """
        if author is not None and author.is_agent and author.pk != self.requester_id:
            return self._reply_as_agent(body, author)
        return self._reply_as_requester(body, author, reason, written_by)

    def _say(self, body: str, sender: Message.Sender, author: User | None, written_by: str = "") -> Message:
        self.forget_opening()
        return self.messages.create(
            kind=Message.Kind.REPLY, sender=sender, author=author, body=body, written_by=written_by
        )

    def _reply_as_agent(self, body: str, author: User) -> Message:
        self._lock("reply to", *(set(Status) - {Status.CLOSED}))
        message = self._say(body, Message.Sender.AGENT, author)
        fields = ["first_human_reply_at", "first_reply_seconds", "assignee", *QUEUE_FIELDS]
        if self.state is Status.AUTO_RESOLVED:
            self.escalation_reason, self.reopen_count = "recalled", self.reopen_count + 1
        if self.first_human_reply_at is None:
            waited = message.created_at - (self.escalated_at or self.created_at)
            self.first_human_reply_at = message.created_at
            self.first_reply_seconds = max(0, int(waited.total_seconds()))
        self.assignee = self.assignee or author
        self.resolved_at = None
        self._move(Status.PENDING, Event.Kind.REPLIED, author, fields=fields, message=message)
        return message

    def _reply_as_requester(self, body: str, author: User | None, reason: str, written_by: str) -> Message:
        self._lock("reply to", *OPEN_TO_REQUESTER, in_quarantine=True)
        message = self._say(body, Message.Sender.REQUESTER, author, written_by)
        fields, status = [], self.state
        if status in {Status.AUTO_RESOLVED, Status.PENDING, Status.RESOLVED}:
            self._enter_queue(reason, returned=True)
            fields, status = QUEUE_FIELDS, Status.ESCALATED
        self._move(status, Event.Kind.REPLIED, author, fields=fields, message=message)
        return message

    @transaction.atomic
    def note(self, body: str, *, author: User) -> Message:
        """An internal note: agents see it, the requester never does."""
        self._lock("write a note on", *Status, in_quarantine=True)
        message = self.messages.create(
            kind=Message.Kind.NOTE, sender=Message.Sender.AGENT, author=author, body=body
        )
        self._record(Event.Kind.NOTED, author, message=message)
        return message

    @transaction.atomic
    def resolve(self, *, actor: User) -> None:
        """An agent says the matter is settled."""
        self._lock("resolve", Status.OPEN, Status.ESCALATED, Status.PENDING)
        self.resolved_at = timezone.now()
        self._move(Status.RESOLVED, Event.Kind.RESOLVED, actor, fields=["resolved_at"])

    @transaction.atomic
    def reopen(self, reason: str = "reopened", *, actor: User | None = None) -> None:
        """Bring an answered ticket back to the people. It is never answered automatically again."""
        self._lock("reopen", Status.AUTO_RESOLVED, Status.PENDING, Status.RESOLVED)
        self._enter_queue(reason, returned=True)
        self._move(Status.ESCALATED, Event.Kind.REOPENED, actor, fields=QUEUE_FIELDS, reason=reason)

    @transaction.atomic
    def close(self, closure: Closure, *, actor: User | None = None) -> None:
        """End the ticket. A later wish opens a linked follow-up."""
        self._lock("close", Status.AUTO_RESOLVED, Status.RESOLVED)
        self._end(closure, actor)

    def _end(self, closure: Closure, actor: User | None, message: Message | None = None) -> None:
        self.closure, self.closed_at = closure, timezone.now()
        self._move(
            Status.CLOSED,
            Event.Kind.CLOSED,
            actor,
            fields=["closure", "closed_at"],
            message=message,
            closure=closure,
            machine=self.answered_by_machine,
        )

    @property
    def answered_by_machine(self) -> bool:
        """The last public answer came from the machine and no human wrote one."""
        return (
            self.first_human_reply_at is None and self.messages.filter(sender=Message.Sender.MACHINE).exists()
        )
