"""Triage as work to do: the job of a ticket, and the sweep for tickets that lost theirs.

Every process registers this work; only those that come to do it need the pipeline behind it, whose engine brings
libraries that take seconds to load. So nothing here imports them before the first ticket is judged.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from tickets.background import jobs
from tickets.models import Job, Status, Ticket
from tickets.watch.findings import Finding
from triage.models import FIRST_RUN

KIND = "triage"
UNTRIAGED_AFTER = timedelta(seconds=30)
SWEEP_BATCH = 200


def begin(ticket: Ticket) -> Job:
    """The job of a ticket that was made in this transaction; this instance of it is brought up to date by it."""
    return jobs.begin(KIND, ticket.pk, key=f"{ticket.pk}:{FIRST_RUN}", do=lambda: perform(ticket.pk, ticket))


def enqueue(ticket_id: int) -> Job:
    return jobs.enqueue(KIND, ticket_id, key=f"{ticket_id}:{FIRST_RUN}")


def perform(ticket_id: int, born: Ticket | None = None) -> None:
    """The job: triage the ticket if it is still there. ``born``: the row itself, which was made a moment ago."""
    from triage.running import pipeline  # not before there is a ticket to judge, see above

    ticket = born or Ticket.objects.filter(pk=ticket_id).first()
    if ticket is not None:
        pipeline.triage_ticket(ticket, is_new=born is not None)


def check_model() -> Finding:
    """Whether triage can judge at all; see there."""
    from triage.instruments import model_check  # loads the engine, which only who asks needs

    return model_check.model()


def sweep_untriaged() -> None:
    """Give every open ticket without a decision its job back, whatever happened to the first. The worker does it once,
    with the patience that its attempts so far ask for."""
    before = timezone.now() - UNTRIAGED_AFTER
    lost = Ticket.objects.filter(status=Status.OPEN, created_at__lt=before, decisions=None)
    for pk in lost.values_list("pk", flat=True)[:SWEEP_BATCH]:
        job = jobs.enqueue(KIND, pk, key=f"{pk}:{FIRST_RUN}", run_at=timezone.now())
        job.refresh_from_db()
        if job.finished_at or job.failed_at:
            job.revive()
