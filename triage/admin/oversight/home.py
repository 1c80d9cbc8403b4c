"""The supervisor's first page: what needs somebody, and what changed since yesterday."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from tickets.models import Channel, Event, Job, Ticket
from triage.models import Action, Answer, Decision, Example
from triage.oversight import drift, evidence, switch, watch
from triage.oversight.ladder import Override
from triage.oversight.versions import PolicyVersion

COUNTED = 999
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Need:
    """One thing that waits for a supervisor."""

    figure: str
    text: str
    url: str
    alarm: bool = False


@dataclass(frozen=True)
class Moved:
    """A figure of the last 24 hours beside the 24 before."""

    name: str
    now: int
    before: int

    @property
    def difference(self) -> str:
        return f"{self.now - self.before:+d}".replace("-", "−") if self.now != self.before else "as before"


def needs() -> list[Need]:
    """What waits, the most urgent first; nothing where nothing does."""
    return [need for need in _all_needs() if need.figure != "0"]


def _all_needs() -> Iterator[Need]:
    stopped = int(switch.is_stopped())
    yield Need(
        str(stopped),
        "stop of all automatic answers, until somebody resumes",
        reverse("oversight-alarms"),
        True,
    )
    yield Need(_count(watch.Latch.objects.all()), "alarms to look at", reverse("oversight-alarms"), True)
    changed = drift.DriftWarning.objects.filter(ongoing=True)
    yield Need(_count(changed), "changes in what comes in", reverse("oversight-drift"))
    failed = f"{reverse('admin:tickets_job_changelist')}?state=failed"
    yield Need(_count(Job.objects.failed()), "background jobs given up after many attempts", failed, True)
    yield Need(
        _count(Override.objects.all()), "intents for which an override is asked", reverse("oversight-ladder")
    )
    yield Need(_count(evidence.due()), "answers to review", reverse("oversight-review"))
    candidates = f"{reverse('admin:triage_example_changelist')}?review=waiting"
    yield Need(_count(Example.objects.all().candidates()), "candidates for learning", candidates)
    drafts = f"{reverse('admin:triage_answer_changelist')}?state__exact=draft"
    yield Need(
        _count(Answer.objects.filter(state=Answer.State.DRAFT)), "drafts of answers to approve", drafts
    )
    waiting = Ticket.objects.awaiting_agent()
    yield Need(_count(waiting), "tickets wait for a person", reverse("admin:tickets_ticket_changelist"))


def _count(rows: object) -> str:
    number = rows.order_by()[: COUNTED + 1].count()  # type: ignore[attr-defined]
    return f"{COUNTED}+" if number > COUNTED else str(number)


def since_yesterday() -> list[Moved]:
    now = timezone.now()
    spans = ((now - DAY, now), (now - 2 * DAY, now - DAY))
    counted = [_figures(*span) for span in spans]
    return [Moved(name, counted[0][name], counted[1][name]) for name in counted[0]]


def _figures(since: datetime, until: datetime) -> dict[str, int]:
    def within(field: str) -> Q:
        return Q(**{f"{field}__gte": since, f"{field}__lt": until})

    decided = Decision.objects.filter(within("created_at"), applied=True)
    arrived = Ticket.objects.all().wanted().filter(within("created_at")).exclude(channel=Channel.IMPORT)
    sent = decided.filter(action=Action.AUTO_RESOLVE)
    refused = Event.objects.filter(within("at"), kind=Event.Kind.FEEDBACK, facts__solved=False)
    return {
        "New tickets": arrived.count(),
        "Answered automatically": sent.count(),
        "Handed to people": decided.exclude(action=Action.AUTO_RESOLVE).count(),
        "“Not solved” said": refused.count(),
        "Changes of the policy": PolicyVersion.objects.filter(within("at")).count(),
    }
