"""The job table: nothing lost, nothing done twice, retried with patience."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.test import TestCase
from django.utils import timezone

from tickets.background import jobs
from tickets.background.faults import Permanent, Unreachable
from tickets.background.jobs import Job
from tickets.background.lanes import LANES, MAIL

pytestmark = pytest.mark.django_db


class Recorder:
    """A job kind that notes what it was asked to do and fails as often as it is told to."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.failures = 0

    def __call__(self, subject_id: int) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("mail server is down")
        self.done.append(subject_id)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    jobs.register("later", recorder)
    jobs.register("prompt", recorder, prompt=True)
    yield recorder
    del jobs.KINDS["later"], jobs.KINDS["prompt"]


def test_a_prompt_job_is_done_right_after_commit_and_not_before(recorder: Recorder) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        jobs.enqueue("prompt", 7, key="7")
        assert recorder.done == []
    assert recorder.done == [7]


def test_a_database_lost_after_the_work_does_not_fail_whoever_asked_for_it(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(job: Job) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(Job, "finish", lose)
    with TestCase.captureOnCommitCallbacks(execute=True):
        jobs.enqueue("prompt", 7, key="7")
    assert (recorder.done, Job.objects.get().finished_at) == ([7], None)


def test_a_job_that_can_wait_is_left_to_the_worker(recorder: Recorder) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        jobs.enqueue("later", 7, key="7")
    assert recorder.done == []
    assert jobs.run_due() == 1
    assert recorder.done == [7]


def test_a_key_that_should_be_new_and_is_not_is_refused(recorder: Recorder) -> None:
    jobs.enqueue("later", 7, key="7", is_new=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        jobs.enqueue("later", 8, key="7", is_new=True)
    assert list(Job.objects.values_list("subject_id", flat=True)) == [7]


def test_the_same_key_is_one_job(recorder: Recorder) -> None:
    first, second = (jobs.enqueue("later", 7, key="7") for _ in range(2))
    assert first.pk == second.pk


def test_a_rolled_back_cause_leaves_no_job(recorder: Recorder) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        jobs.enqueue("later", 7, key="7")
        raise RuntimeError
    assert jobs.run_due() == 0


def test_a_failed_job_waits_longer_each_time_and_tells_why(recorder: Recorder) -> None:
    recorder.failures, pauses = 3, []
    job = jobs.enqueue("later", 7, key="7")
    for _ in range(3):
        Job.objects.update(run_at=timezone.now())
        jobs.run_due()
        job.refresh_from_db()
        pauses.append((job.run_at - timezone.now()).total_seconds())
    assert pauses[0] < 5.1 < pauses[2] < 20.1
    assert job.last_error == "ConnectionError"
    Job.objects.update(run_at=timezone.now())
    jobs.run_due()
    assert recorder.done == [7]


def test_a_job_is_given_up_after_the_last_attempt_and_can_be_revived(recorder: Recorder) -> None:
    recorder.failures = 1
    job = jobs.enqueue("later", 7, key="7")
    Job.objects.update(attempts=jobs.MAX_ATTEMPTS - 1)
    jobs.run_due()
    job.refresh_from_db()
    assert job.failed_at is not None
    assert jobs.run_due() == 0
    job.revive()
    job.refresh_from_db()
    assert (job.attempts, jobs.run_due()) == (jobs.MAX_ATTEMPTS, 0)  # it is tried on with the patience it had
    Job.objects.update(run_at=timezone.now())
    assert jobs.run_due() == 1


def test_a_job_that_a_worker_holds_is_not_revived(recorder: Recorder) -> None:
    job = jobs.enqueue("later", 7, key="7")
    Job.objects.update(failed_at=timezone.now(), lease_until=timezone.now() + jobs.LEASE)
    job.revive()
    job.refresh_from_db()
    assert job.failed_at is not None


def test_a_kind_with_patience_is_tried_for_days_and_then_given_up(recorder: Recorder) -> None:
    jobs.register("patient", recorder, patience=timedelta(days=5))
    recorder.failures = 2
    job = jobs.enqueue("patient", 7, key="7")
    Job.objects.update(attempts=90, created_at=timezone.now() - timedelta(days=4))
    jobs.run_due()
    job.refresh_from_db()
    assert job.failed_at is None
    assert job.run_at - timezone.now() <= jobs.LONGEST_RETRY
    Job.objects.update(run_at=timezone.now(), created_at=timezone.now() - timedelta(days=5, minutes=1))
    jobs.run_due()
    job.refresh_from_db()
    assert job.failed_at is not None
    del jobs.KINDS["patient"]


def test_what_can_never_succeed_is_given_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(subject_id: int) -> None:
        raise Permanent("SMTPDataError 554")

    monkeypatch.setitem(jobs.KINDS, "refused", jobs.Kind("refused", refuse, prompt=False))
    job = jobs.enqueue("refused", 7, key="7")
    jobs.run_due()
    job.refresh_from_db()
    assert (job.attempts, job.failed_at is not None, job.last_error) == (1, True, "SMTPDataError 554")


def test_a_lane_whose_server_is_away_rests_and_its_jobs_lose_no_attempts(
    monkeypatch: pytest.MonkeyPatch, recorder: Recorder
) -> None:
    def away(subject_id: int) -> None:
        raise Unreachable("ConnectionRefusedError ECONNREFUSED")

    monkeypatch.setitem(jobs.KINDS, "posted", jobs.Kind("posted", away, prompt=False, lane=MAIL))
    for number in range(5):
        jobs.enqueue("posted", number, key=str(number))
    jobs.enqueue("later", 7, key="7")
    jobs.run_due()
    assert list(Job.objects.filter(kind="posted").order_by("id").values_list("attempts", flat=True)) == [
        1, 0, 0, 0, 0,
    ]  # fmt: skip
    assert recorder.done == [7]
    assert jobs.run_due() == 0
    LANES[MAIL].rests_until = 0.0  # its rest is over
    monkeypatch.setitem(jobs.KINDS, "posted", jobs.Kind("posted", recorder, prompt=False, lane=MAIL))
    assert jobs.run_due() == 4
    assert LANES[MAIL].failures == 0


def test_a_lease_until_tomorrow_was_written_by_a_wrong_clock_and_holds_nothing(recorder: Recorder) -> None:
    job = jobs.enqueue("later", 7, key="7")
    Job.objects.update(lease_until=timezone.now() + timedelta(days=1))
    assert jobs.run_due() == 1
    job.refresh_from_db()
    assert job.finished_at is not None


def test_what_failed_is_told_without_the_words_of_the_error(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(subject_id: int) -> None:
        raise smtplib.SMTPRecipientsRefused({"rita@example.com": (450, b"rita@example.com is busy")})

    monkeypatch.setitem(jobs.KINDS, "refused", jobs.Kind("refused", refuse, prompt=False))
    job = jobs.enqueue("refused", 7, key="7")
    caplog.set_level("WARNING")
    jobs.run_due()
    job.refresh_from_db()
    assert job.last_error == "SMTPRecipientsRefused 450"
    assert "SMTPRecipientsRefused 450" in caplog.text
    assert "rita" not in caplog.text
    assert "Traceback" not in caplog.text


def test_an_unexpected_fault_shows_its_place_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(subject_id: int) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setitem(jobs.KINDS, "broken", jobs.Kind("broken", break_down, prompt=False))
    jobs.enqueue("broken", 7, key="7")
    caplog.set_level("WARNING")
    for _ in range(3):
        Job.objects.update(run_at=timezone.now())
        jobs.run_due()
    assert [record.exc_info is not None and bool(record.exc_info) for record in caplog.records] == [
        True, False, False,
    ]  # fmt: skip


def test_a_leased_job_is_not_taken_twice(recorder: Recorder) -> None:
    job = jobs.enqueue("later", 7, key="7")
    assert jobs.claim(job.pk) is not None
    assert jobs.claim(job.pk) is None
    assert jobs.claim_next() is None


def test_a_job_whose_worker_died_is_taken_over_when_the_lease_ends(recorder: Recorder) -> None:
    job = jobs.enqueue("later", 7, key="7")
    jobs.claim(job.pk)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.run_due() == 1
    assert recorder.done == [7]


def test_a_worker_that_lost_its_lease_cannot_finish_the_job(recorder: Recorder) -> None:
    job = jobs.enqueue("later", 7, key="7")
    slow = jobs.claim(job.pk)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    jobs.claim(job.pk)
    assert slow is not None
    slow.finish()
    job.refresh_from_db()
    assert job.finished_at is None


def test_a_failing_sweep_does_not_keep_the_others_from_running(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def broken() -> None:
        raise ValueError("broken")

    monkeypatch.setattr(jobs, "SWEEPS", [broken, lambda: seen.append("ran")])
    jobs.sweep()
    assert seen == ["ran"]


def test_jobs_finished_long_ago_are_forgotten(recorder: Recorder) -> None:
    job = jobs.enqueue("later", 7, key="7")
    jobs.run_due()
    Job.objects.update(finished_at=timezone.now() - jobs.KEEP_FINISHED - timedelta(minutes=1))
    jobs.sweep()
    assert not Job.objects.filter(pk=job.pk).exists()
