"""Taking automatic answers back: found by what made them, then reopened, assigned and corrected in one step.

The step is a job that goes on where it was interrupted. Each ticket is done once and each person written to once,
which the database's unique keys guard.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from tickets.background import jobs
from tickets.errors import TicketError
from tickets.intake import replies
from tickets.models import Status, Ticket
from triage.models import Action, Answer, Decision, ModelVersion, Rule, RulebookVersion

if TYPE_CHECKING:
    from accounts.models import User

KIND: Final = "recall"
BATCH: Final = 50  # tickets of one job: well within its lease
REASON: Final = "recalled"


class Recall(models.Model):
    """One recall: by whom, of what, with which text. The text is empty where nobody is written to."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    wanted = models.JSONField(help_text="What was looked for.")
    text = models.TextField(blank=True, max_length=8000)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Recall {self.pk}"

    def report(self) -> Counter[str]:
        """How many tickets are where."""
        counted = self.items.order_by().values("state").annotate(n=models.Count("pk"))
        return Counter({row["state"]: row["n"] for row in counted})


class RecallItem(models.Model):
    """One ticket of a recall."""

    class State(models.TextChoices):
        WAITING = "waiting", "Not done yet"
        WRITTEN = "written", "Reopened and corrected"
        REOPENED = "reopened", "Reopened"
        HANDLED = "handled", "A person had answered already"
        CLOSED = "closed", "Closed: it cannot be reopened"
        REFUSED = "refused", "Refused"

    recall = models.ForeignKey(Recall, models.CASCADE, related_name="items")
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    note = models.CharField(max_length=200, blank=True)
    written_to = models.CharField(max_length=254, blank=True, help_text="The mailbox, once a recall.")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["recall", "ticket"], name="recall_ticket_once"),
            models.UniqueConstraint(
                fields=["recall", "written_to"], condition=~models.Q(written_to=""), name="recall_person_once"
            ),
        ]
        indexes = [models.Index(fields=["recall", "state", "id"], name="recall_waiting")]

    def __str__(self) -> str:
        return self.get_state_display()


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What made the answers that are looked for; what is not given leaves nothing out."""

    answer: Answer | None = None
    model: ModelVersion | None = None
    rule: Rule | None = None
    intent: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return self == Wanted()

    def decisions(self) -> models.QuerySet[Decision]:
        """The automatic answers it names, newest first."""
        found = Decision.objects.filter(applied=True, action=Action.AUTO_RESOLVE).order_by("-id")
        if self.answer:
            found = found.filter(answer=self.answer)
        if self.model:
            found = found.filter(model_version=self.model)
        if self.rule:
            found = found.filter(
                source="rules",
                intent_slug=self.rule.intent.slug,
                rules_fingerprint__in=_books_with(self.rule),
            )
        if self.intent:
            found = found.filter(intent_slug=self.intent)
        if self.since:
            found = found.filter(created_at__gte=self.since)
        return found.filter(created_at__lt=self.until) if self.until else found

    def as_json(self) -> dict[str, Any]:
        return {
            "answer": self.answer.pk if self.answer else None,
            "model": self.model.pk if self.model else None,
            "rule": self.rule.pk if self.rule else None,
            "intent": self.intent,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }


def _books_with(rule: Rule) -> list[str]:
    """The states of the rules in which this one stood."""
    ours = [rule.intent.slug, rule.pattern]
    books = RulebookVersion.objects.values_list("fingerprint", "rules")
    return [fingerprint for fingerprint, rules in books if any(row[:2] == ours for row in rules)]


@transaction.atomic
def begin(wanted: Wanted, *, by: User, text: str = "", assignee: User | None = None) -> Recall:
    """Write down which tickets are taken back, and have it done. Raises ValueError where nothing is named."""
    if wanted.is_empty:
        raise ValueError(
            "Name an answer, a model, a rule, an intent or a span of time: nobody recalls everything."
        )
    recall = Recall.objects.create(by=by, wanted=wanted.as_json(), text=text.strip(), assignee=assignee)
    tickets = list(dict.fromkeys(wanted.decisions().order_by("id").values_list("ticket", flat=True)))
    RecallItem.objects.bulk_create(
        [RecallItem(recall=recall, ticket_id=pk) for pk in tickets], batch_size=500
    )
    jobs.enqueue(KIND, recall.pk, key=f"{recall.pk}:0")
    return recall


def perform(recall_id: int) -> None:
    """The job: the next tickets of a recall, each in a transaction of its own."""
    recall = Recall.objects.select_related("by", "assignee").filter(pk=recall_id).first()
    if recall is None or recall.finished_at:
        return
    waiting = RecallItem.objects.filter(recall=recall, state=RecallItem.State.WAITING)
    for pk in list(waiting.values_list("pk", flat=True)[:BATCH]):
        take_back(recall, pk)
    left = waiting.count()
    if left:
        jobs.enqueue(KIND, recall.pk, key=f"{recall.pk}:{waiting.values_list('pk', flat=True)[0]}")
    else:
        Recall.objects.filter(pk=recall.pk).update(finished_at=timezone.now())


@transaction.atomic
def take_back(recall: Recall, item_id: int) -> None:
    """One ticket: reopen, assign, write. What its state forbids is kept as the reason."""
    item = RecallItem.objects.select_for_update().filter(pk=item_id, state=RecallItem.State.WAITING).first()
    if item is None:
        return
    ticket = Ticket.objects.select_for_update().get(pk=item.ticket_id)
    try:
        with transaction.atomic():
            item.state = _taken_back(recall, item, ticket)
    except TicketError as error:
        item.state, item.note, item.written_to = RecallItem.State.REFUSED, str(error)[:200], ""
    item.save(update_fields=["state", "note", "written_to"])


def _taken_back(recall: Recall, item: RecallItem, ticket: Ticket) -> RecallItem.State:
    if ticket.first_human_reply_at is not None:
        return RecallItem.State.HANDLED
    if ticket.state is Status.CLOSED:
        return RecallItem.State.CLOSED
    if ticket.state is Status.AUTO_RESOLVED:
        ticket.escalate(REASON, actor=recall.by)
    elif ticket.state in {Status.PENDING, Status.RESOLVED}:
        ticket.reopen(REASON, actor=recall.by)
    if recall.assignee:
        ticket.assign(recall.assignee, actor=recall.by)
    if not recall.text:
        return RecallItem.State.REOPENED
    mailbox = ticket.mailbox
    if RecallItem.objects.filter(recall=recall, written_to=mailbox).exists():
        item.note = "This person was written to on another ticket."
        return RecallItem.State.REOPENED
    item.written_to = mailbox
    replies.send_reply(ticket, recall.by, recall.text)
    return RecallItem.State.WRITTEN
