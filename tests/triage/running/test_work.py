"""The sweep for tickets that lost their triage: once each, and no more patient than before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import TestCase
from django.utils import timezone

from tests.conftest import FakeEngine
from tickets.background import jobs
from tickets.models import Job, Status, Ticket
from triage.running import pipeline, work

pytestmark = pytest.mark.django_db


@pytest.fixture
def lost(engine: FakeEngine) -> Ticket:
    """An open ticket of an hour ago that has neither decision nor job."""
    long_ago = timezone.now() - timedelta(hours=1)
    (ticket,) = Ticket.objects.bulk_create(
        [Ticket(requester_email="rita@example.com", subject="Refund", created_at=long_ago)]
    )
    return ticket


def test_a_lost_ticket_is_judged_once(lost: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[int] = []
    really = pipeline.triage_ticket

    def judge(ticket: Ticket, **facts: bool) -> None:
        judged.append(ticket.pk)
        really(ticket, **facts)

    monkeypatch.setattr(pipeline, "triage_ticket", judge)
    with TestCase.captureOnCommitCallbacks(execute=True):
        jobs.sweep()
    jobs.run_due()
    jobs.sweep()
    jobs.run_due()
    assert judged == [lost.pk]
    assert Job.objects.get(kind=work.KIND).attempts == 1


def test_a_job_that_failed_without_a_decision_goes_on_with_its_attempts_and_its_pause(lost: Ticket) -> None:
    job = work.enqueue(lost.pk)
    Job.objects.update(attempts=jobs.MAX_ATTEMPTS, failed_at=timezone.now())
    work.sweep_untriaged()
    job.refresh_from_db()
    assert (job.failed_at, job.attempts) == (None, jobs.MAX_ATTEMPTS)
    assert job.run_at > timezone.now() + jobs.LONGEST_RETRY - timedelta(minutes=1)


def test_a_job_that_somebody_is_doing_is_left_to_them(lost: Ticket) -> None:
    job = jobs.claim(work.enqueue(lost.pk).pk)
    work.sweep_untriaged()
    again = Job.objects.get()
    assert job is not None
    assert (again.lease_until, again.attempts) == (job.lease_until, 1)
    assert lost.status == Status.OPEN
