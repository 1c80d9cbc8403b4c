"""Mails to colleagues, at most one a minute each: the first at once, what follows within the minute in one mail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import models, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from tickets.background import jobs
from tickets.teams.sight import may_see

if TYPE_CHECKING:
    from accounts.models import User
    from tickets.models import Ticket

KIND: Final = "bundle_notices"
SPAN: Final = timedelta(minutes=1)
KEPT: Final = timedelta(days=1)
SHOWN: Final = 50  # tickets of one mail


class AgentNotice(models.Model):
    """Something that a colleague is told of, or was. What it says is read at the desk."""

    class Kind(models.TextChoices):
        URGENT = "urgent", "needs a person now"
        OVERDUE = "overdue", "an answer is overdue"
        DUE_SOON = "due_soon", "an answer is due soon"
        ASSIGNED = "assigned", "assigned to you"
        MENTIONED = "mentioned", "you are mentioned in a note"
        WROTE = "wrote", "the requester wrote"
        FOLLOWED = "followed", "something new"

    agent = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="+")
    kind = models.CharField(max_length=9, choices=Kind.choices)
    at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["agent", "at"], name="notice_of_agent"),
            models.Index(fields=["at"], name="notice_waiting", condition=models.Q(told_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.agent_id}"


def may_go_now(agent: User, ticket: Ticket, kind: AgentNotice.Kind) -> bool:
    """Whether a mail of its own may tell ``agent`` now; else it is kept, and told with others at the minute's end."""
    now = timezone.now()
    is_alone = not AgentNotice.objects.filter(agent=agent, at__gte=now - SPAN).exists()
    AgentNotice.objects.create(
        agent=agent, ticket=ticket, kind=kind, at=now, told_at=now if is_alone else None
    )
    if not is_alone:
        due = now.replace(second=0, microsecond=0) + SPAN
        jobs.enqueue(KIND, agent.pk, key=f"{agent.pk}:{due:%Y%m%d%H%M}", run_at=due)
    return is_alone


@transaction.atomic
def tell(agent_id: int) -> None:
    """One mail with all that waits for this colleague."""
    waiting = AgentNotice.objects.select_for_update(of=("self",)).filter(agent=agent_id, told_at=None)
    rows = list(waiting.select_related("agent", "ticket").order_by("id"))
    AgentNotice.objects.filter(pk__in=[row.pk for row in rows]).update(told_at=timezone.now())
    seen = [
        row for row in rows if may_see(row.agent, row.ticket.team_id)
    ]  # it may have gone to a closed team
    if seen and seen[0].agent.is_active and seen[0].agent.is_agent:
        bundle(seen).send()


def bundle(rows: Iterable[AgentNotice]) -> EmailMessage:
    said: dict[int, list[str]] = defaultdict(list)
    tickets: dict[int, Ticket] = {}
    address = ""
    for row in rows:
        address, tickets[row.ticket_id] = row.agent.email, row.ticket
        if row.get_kind_display() not in said[row.ticket_id]:
            said[row.ticket_id].append(row.get_kind_display())
    lines = [(ticket, ", ".join(said[pk])) for pk, ticket in list(tickets.items())[:SHOWN]]
    facts = {
        "lines": lines, "more": max(0, len(tickets) - SHOWN), "site_url": settings.SITE_URL,
        "company": settings.COMPANY_NAME,
    }  # fmt: skip
    count = len(tickets)
    subject = (
        f"News on {count} tickets" if count != 1 else f"[{lines[0][0].reference}] News: {lines[0][0].subject}"
    )
    body = render_to_string("tickets/mail/bundle.txt", facts)
    return EmailMessage(" ".join(subject.split()), body, to=[address])


def sweep() -> None:
    """Tell what a job missed, since it was committed after it; forget what is old."""
    late = AgentNotice.objects.filter(told_at=None, at__lt=timezone.now() - 2 * SPAN)
    for agent_id in set(late.values_list("agent_id", flat=True)[:500]):
        tell(agent_id)
    AgentNotice.objects.filter(told_at__lt=timezone.now() - KEPT).delete()
