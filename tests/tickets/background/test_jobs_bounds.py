"""The edges of jobs: leases, turns, pauses, and who does what was just written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import TestCase
from django.utils import timezone

from tickets.background import jobs
from tickets.background.jobs import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Two kinds of job that note their subject."""
    seen: list[int] = []
    monkeypatch.setattr(jobs, "KINDS", dict(jobs.KINDS))
    jobs.register("later", seen.append)
    jobs.register("prompt", seen.append, prompt=True)
    yield seen
    jobs.use_broker(None)


def fail(subject_id: int) -> None:
    raise ConnectionError("down")


def enqueue(number: int = 7, kind: str = "later", **facts: Any) -> Job:
    return jobs.enqueue(kind, number, key=str(number), **facts)


def seconds_from_now(moment: Any) -> float:
    return float((moment - timezone.now()).total_seconds())


def test_a_job_that_a_worker_holds_is_not_revived(done: list[int]) -> None:
    job = enqueue()
    held = jobs.claim(job.pk)
    assert held is not None
    job.revive()
    job.refresh_from_db()
    assert (job.attempts, job.lease_until) == (held.attempts, held.lease_until)
    assert jobs.run_due() == 0


def test_a_job_that_ended_without_effect_is_done_again_when_revived(done: list[int]) -> None:
    job = enqueue()
    jobs.run_due()
    job.revive()
    job.refresh_from_db()
    assert (job.finished_at, job.failed_at) == (None, None)
    Job.objects.update(run_at=timezone.now())
    jobs.run_due()
    assert done == [7, 7]


def test_other_workers_leave_a_prompt_job_a_while_to_who_wrote_it(done: list[int]) -> None:
    began = timezone.now()
    job = enqueue(kind="prompt")
    assert began <= job.run_at - timedelta(seconds=10) <= timezone.now()
    assert jobs.run_due() == 0
    Job.objects.update(run_at=timezone.now())
    assert jobs.run_due() == 1


def test_what_can_wait_is_due_at_once(done: list[int]) -> None:
    assert seconds_from_now(enqueue().run_at) <= 0


@pytest.mark.parametrize("kind", ["later", "prompt"])
def test_what_is_wanted_at_a_time_is_left_until_then(done: list[int], kind: str) -> None:
    when = timezone.now() + timedelta(minutes=5)
    with TestCase.captureOnCommitCallbacks(execute=True) as called:
        assert enqueue(kind=kind, run_at=when).run_at == when
    assert (called, jobs.run_due()) == ([], 0)
    Job.objects.update(run_at=timezone.now())
    jobs.run_due()
    assert done == [7]


def test_asking_again_for_a_known_job_leaves_it_as_it_is(done: list[int]) -> None:
    job = enqueue()
    jobs.run_due()
    before = Job.objects.values().get()
    assert enqueue().pk == job.pk
    assert Job.objects.values().get() == before
    assert (before["kind"], before["subject_id"], before["unique_key"]) == ("later", 7, "later:7")


def test_a_lease_is_longer_than_a_mail_may_take_and_ends(done: list[int]) -> None:
    enqueue()
    began = timezone.now()
    taken = jobs.claim_next()
    assert taken is not None
    held = Job.objects.get()
    assert (taken.attempts, held.attempts) == (1, 1)
    assert began <= held.lease_until - timedelta(seconds=60) <= timezone.now()
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    again = jobs.claim(held.pk)
    assert again is not None
    assert again.attempts == 2
    again.refresh_from_db()
    assert again.lease_until is not None
    assert began <= again.lease_until - timedelta(seconds=60) <= timezone.now()


def test_a_job_that_another_worker_took_while_its_row_was_awaited_is_not_done_twice(
    done: list[int], while_waiting: Callable[..., None]
) -> None:
    job = enqueue()
    while_waiting(Job, lambda: jobs.claim(job.pk))
    assert jobs.claim_next() is None


def test_what_is_due_longest_comes_first(done: list[int]) -> None:
    for number in range(3):
        enqueue(number)
    Job.objects.filter(subject_id=2).update(run_at=timezone.now() - timedelta(hours=1))
    jobs.run_due()
    assert done == [2, 0, 1]


def test_a_round_ends_at_its_limit(done: list[int]) -> None:
    for number in range(3):
        enqueue(number)
    assert jobs.run_due(limit=2) == 2
    assert done == [0, 1]


def test_a_job_that_is_done_is_not_put_back(done: list[int]) -> None:
    held = jobs.claim(enqueue().pk)
    assert held is not None
    held.finish()
    held.put_back(ConnectionError("too late"))
    row = Job.objects.get()
    assert row.finished_at is not None
    assert row.last_error == ""
    assert jobs.run_due() == 0


def test_who_lost_the_lease_can_neither_finish_nor_put_back(done: list[int]) -> None:
    slow = jobs.claim(enqueue().pk)
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    quick = jobs.claim(Job.objects.get().pk)
    assert slow is not None
    assert quick is not None
    slow.put_back(ConnectionError("slow"))
    slow.finish()
    row = Job.objects.get()
    assert (row.last_error, row.finished_at, row.lease_until) == ("", None, quick.lease_until)


def test_what_was_finished_tells_of_no_error_and_is_held_by_nobody(done: list[int]) -> None:
    enqueue()
    Job.objects.update(last_error="ConnectionError: down")
    jobs.run_due()
    row = Job.objects.get()
    assert (row.last_error, row.lease_until) == ("", None)
    assert seconds_from_now(row.finished_at) <= 0


@pytest.mark.parametrize(("attempt", "longest"), [(1, 5), (2, 10), (3, 20), (6, 160), (11, 3600)])
def test_the_pause_doubles_up_to_an_hour_and_differs_from_job_to_job(
    done: list[int], attempt: int, longest: float
) -> None:
    jobs.register("later", fail)
    for number in range(20):
        enqueue(number)
    Job.objects.update(attempts=attempt - 1)
    began = timezone.now()
    assert jobs.run_due() == 20
    ended = timezone.now()
    moments = list(Job.objects.values_list("run_at", flat=True))
    assert began + timedelta(seconds=longest / 2) <= min(moments)
    assert max(moments) <= ended + timedelta(seconds=longest)
    spread = (max(moments) - min(moments)).total_seconds()
    assert spread > longest / 20  # those that failed together do not come back together


def test_what_goes_wrong_is_told_and_no_longer_than_fits(done: list[int]) -> None:
    def break_down(subject_id: int) -> None:
        raise ValueError("x" * 1000)

    jobs.register("later", break_down)
    enqueue()
    jobs.run_due()
    row = Job.objects.get()
    assert row.last_error.startswith("ValueError")
    assert len(row.last_error) <= 300
    assert (row.attempts, row.lease_until, row.failed_at, row.finished_at) == (1, None, None, None)


def test_what_is_given_up_is_not_tried_again_but_found_among_the_failed(done: list[int]) -> None:
    jobs.register("later", fail)
    enqueue()
    Job.objects.update(attempts=jobs.MAX_ATTEMPTS - 2)
    jobs.run_due()
    assert not Job.objects.all().failed().exists()
    Job.objects.update(run_at=timezone.now())
    jobs.run_due()
    row = Job.objects.all().failed().get()
    assert (row.finished_at, row.lease_until, row.attempts) == (None, None, jobs.MAX_ATTEMPTS)
    assert row.last_error
    assert not Job.objects.all().waiting().exists()


class Courier:
    """A broker that notes what it is given."""

    def __init__(self) -> None:
        self.sent: list[int] = []

    def send(self, job_id: int) -> bool:
        self.sent.append(job_id)
        return True


@pytest.mark.parametrize("kind", ["later", "prompt"])
def test_with_a_broker_a_committed_job_is_sent_and_not_done_here(done: list[int], kind: str) -> None:
    courier = Courier()
    jobs.use_broker(courier)
    with TestCase.captureOnCommitCallbacks(execute=True):
        job = enqueue(kind=kind)
        assert courier.sent == []
    assert (courier.sent, done) == ([job.pk], [])


def test_one_job_is_done_by_its_id_once(done: list[int]) -> None:
    job = enqueue()
    assert jobs.run_one(job.pk) is True
    assert jobs.run_one(job.pk) is False
    assert jobs.run_one(10**9) is False
    assert done == [7]


def test_a_job_that_cannot_be_claimed_is_left_and_fails_nobody(
    done: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(job_id: int) -> None:
        raise DatabaseError("gone")

    job = enqueue()
    monkeypatch.setattr(jobs, "claim", lose)
    assert jobs.run_one(job.pk) is False
    assert done == []


def test_only_jobs_finished_long_ago_are_forgotten(done: list[int]) -> None:
    old, fresh, failed = enqueue(1), enqueue(2), enqueue(3)
    long_ago = timezone.now() - jobs.KEEP_FINISHED - timedelta(minutes=1)
    Job.objects.filter(pk=old.pk).update(finished_at=long_ago)
    Job.objects.filter(pk=fresh.pk).update(finished_at=timezone.now() - timedelta(days=6))
    Job.objects.filter(pk=failed.pk).update(failed_at=long_ago)
    jobs.sweep()
    assert set(Job.objects.all()) == {fresh, failed}


def test_every_beat_and_every_sweep_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr(jobs, "SWEEPS", [])
    monkeypatch.setattr(jobs, "BEATS", [])
    jobs.register_sweep(lambda: called.append("sweep"))
    jobs.register_beat(lambda: called.append("beat"))
    jobs.beat()
    jobs.sweep()
    assert called == ["beat", "sweep"]
