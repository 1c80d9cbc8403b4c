"""Jobs that are born with a lease, keep one for hours, or begin again; what a worker's lane tells meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.test import TestCase
from django.utils import timezone

from tickets.background import jobs
from tickets.background.jobs import Job
from tickets.background.lanes import LANES, MAIL, MAIN, Lane

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Kinds of job that note their subject."""
    seen: list[int] = []
    monkeypatch.setattr(jobs, "KINDS", dict(jobs.KINDS))
    jobs.register("later", seen.append)
    jobs.register("prompt", seen.append, prompt=True)
    jobs.register("long", seen.append, long=True)
    yield seen
    jobs.use_broker(None)


class Courier:
    def __init__(self) -> None:
        self.sent: list[int] = []

    def send(self, job_id: int) -> bool:
        self.sent.append(job_id)
        return True


def enqueue(number: int = 7, kind: str = "later") -> Job:
    return jobs.enqueue(kind, number, key=str(number))


# --- born with a lease ---------------------------------------------------------------------------------------------


def test_a_job_of_this_process_is_born_with_its_lease_and_done_after_the_commit(done: list[int]) -> None:
    own: list[str] = []
    began = timezone.now()
    with TestCase.captureOnCommitCallbacks(execute=True):
        job = jobs.begin("prompt", 7, key="seven", do=lambda: own.append("done"))
        row = Job.objects.get()
        assert (row.kind, row.subject_id, row.unique_key, row.attempts) == ("prompt", 7, "prompt:seven", 1)
        assert row.lease_until is not None
        assert began <= row.run_at - timedelta(seconds=10) <= timezone.now()
        assert began <= row.lease_until - timedelta(seconds=30) <= timezone.now()
        assert jobs.claim(job.pk) is None
        assert own == []
    assert (own, done) == (["done"], [])
    assert Job.objects.get().finished_at is not None


def test_a_key_that_was_not_new_is_refused(done: list[int]) -> None:
    jobs.begin("prompt", 7, key="seven", do=lambda: None)
    with pytest.raises(IntegrityError), transaction.atomic():
        jobs.begin("prompt", 7, key="seven", do=lambda: None)


def test_a_database_lost_after_the_work_fails_nobody_who_began_it(
    done: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(job: Job) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(Job, "finish", lose)
    with TestCase.captureOnCommitCallbacks(execute=True):
        jobs.begin("prompt", 7, key="7", do=lambda: done.append(8))
    assert (done, Job.objects.get().finished_at) == ([8], None)


@pytest.mark.parametrize(("kind", "has_broker"), [("later", False), ("later", True), ("prompt", True)])
def test_what_this_process_will_not_do_is_held_by_nobody(
    done: list[int], kind: str, has_broker: bool
) -> None:
    courier = Courier()
    jobs.use_broker(courier if has_broker else None)
    with TestCase.captureOnCommitCallbacks(execute=True):
        job = jobs.begin(kind, 7, key="seven", do=lambda: done.append(8))
    row = Job.objects.get()
    assert (row.kind, row.subject_id, row.unique_key) == (kind, 7, f"{kind}:seven")
    assert (row.attempts, row.lease_until, done) == (0, None, [])
    assert courier.sent == ([job.pk] if has_broker else [])
    assert jobs.run_one(job.pk) is True
    assert done == [7]


def test_a_broker_that_came_before_the_commit_is_told_of_the_job(done: list[int]) -> None:
    courier = Courier()
    with TestCase.captureOnCommitCallbacks(execute=True):
        job = jobs.begin("prompt", 7, key="7", do=lambda: done.append(8))
        jobs.use_broker(courier)
    assert (courier.sent, done) == ([job.pk], [])


def begin_then_commit(done: list[int], number: int) -> Job:
    with TestCase.captureOnCommitCallbacks(execute=True):
        return jobs.begin("prompt", number, key=str(number), do=lambda: done.append(-number))


def test_what_is_left_to_workers_is_due_at_once_and_not_done_here(done: list[int]) -> None:
    with pytest.raises(RuntimeError), jobs.left_to_workers():
        job = begin_then_commit(done, 7)
        raise RuntimeError
    row = Job.objects.get()
    assert (row.kind, row.subject_id, row.unique_key) == ("prompt", 7, "prompt:7")
    assert (row.pk, row.attempts, row.lease_until, done) == (job.pk, 0, None, [])
    assert jobs.run_due() == 1
    assert done == [7]
    begin_then_commit(done, 8)  # what comes after it is done here again
    assert done == [7, -8]


def test_what_is_left_to_workers_goes_to_the_broker_where_there_is_one(done: list[int]) -> None:
    courier = Courier()
    jobs.use_broker(courier)
    with jobs.left_to_workers():
        job = begin_then_commit(done, 7)
    assert (courier.sent, done) == ([job.pk], [])


# --- a lease that is kept ------------------------------------------------------------------------------------------


class Clockwork:
    """Stands for threads and the passing of time: a thread runs as it is started, and waits as often as it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rounds = 0  # that pass before the work is over
        self.waits: list[float] = []
        self.steps: list[Any] = []
        monkeypatch.setattr(jobs, "threading", self)
        monkeypatch.setattr(
            jobs, "connections", SimpleNamespace(close_all=lambda: self.steps.append("close"))
        )

    def Event(self) -> Any:  # noqa: N802
        def wait(seconds: float) -> bool:
            self.waits.append(seconds)
            return len(self.waits) > self.rounds

        return SimpleNamespace(wait=wait, set=lambda: self.steps.append("over"))

    def Thread(self, *, target: Callable[[], None], name: str, daemon: bool) -> Any:  # noqa: N802
        def start() -> None:
            self.steps.append((name, daemon))
            target()

        return SimpleNamespace(start=start, join=lambda: self.steps.append("join"))


@pytest.fixture
def clockwork(monkeypatch: pytest.MonkeyPatch) -> Clockwork:
    return Clockwork(monkeypatch)


def held(kind: str = "long", number: int = 7) -> Job:
    job = jobs.claim(enqueue(number, kind).pk)
    assert job is not None
    return job


def test_the_lease_of_a_long_job_is_renewed_while_it_is_done(done: list[int], clockwork: Clockwork) -> None:
    long, other, lane = held(), held(number=8), Lane("long")
    soon = timezone.now() + timedelta(seconds=5)
    Job.objects.update(lease_until=soon)
    lane.moved_at, clockwork.rounds = 0.0, 1
    leases: list[Any] = []
    began = timezone.now()
    jobs.perform(
        long, lane, do=lambda: leases.extend(Job.objects.order_by("id").values_list("lease_until", flat=True))
    )
    assert began <= leases[0] - timedelta(seconds=60) <= timezone.now()
    assert (leases[1], other.attempts) == (soon, 1)
    assert clockwork.waits == [20.0, 20.0]
    assert clockwork.steps == [("lease", True), "close", "over", "join"]
    assert lane.moved_at > 0  # it is at work, not stuck
    assert Job.objects.get(pk=long.pk).finished_at is not None


def test_a_lease_is_kept_for_four_hours_at_most(done: list[int], clockwork: Clockwork) -> None:
    clockwork.rounds = 10_000
    jobs.perform(held())
    assert sum(clockwork.waits) == 4 * 60 * 60
    assert done == [7]


def test_a_lease_that_another_worker_has_is_not_renewed(done: list[int], clockwork: Clockwork) -> None:
    long, clockwork.rounds = held(), 1
    theirs = timezone.now() + timedelta(seconds=5)
    Job.objects.update(attempts=2, lease_until=theirs)
    jobs.perform(long)
    assert Job.objects.get().lease_until == theirs


def test_a_lease_that_cannot_be_renewed_does_not_stop_the_work(
    done: list[int], clockwork: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose() -> None:
        raise DatabaseError("gone")

    long, clockwork.rounds = held(), 3
    with monkeypatch.context() as broken:
        broken.setattr(jobs, "clock", lose)
        jobs.perform(long)
    assert (done, clockwork.waits) == ([7], [20.0])
    assert "close" in clockwork.steps
    assert Job.objects.get().finished_at is not None


def test_the_lease_of_a_short_job_is_not_renewed(done: list[int], clockwork: Clockwork) -> None:
    jobs.perform(held("later"))
    assert (done, clockwork.steps) == ([7], [])


def test_a_kind_is_short_unless_it_is_registered_as_long(done: list[int]) -> None:
    assert [jobs.KINDS[name].long for name in ("later", "prompt", "long")] == [False, False, True]
    assert jobs.Kind("noted", done.append, prompt=False).long is False


# --- again ---------------------------------------------------------------------------------------------------------


def test_what_was_given_up_begins_again_with_all_its_patience(done: list[int]) -> None:
    mended, other = enqueue(1), enqueue(2)
    long_ago = timezone.now() - timedelta(days=6)
    Job.objects.update(failed_at=long_ago, created_at=long_ago, run_at=long_ago, attempts=12)
    began = timezone.now()
    mended.begin_again()
    mended.refresh_from_db()
    other.refresh_from_db()
    assert (mended.failed_at, mended.attempts) == (None, 0)
    assert began <= mended.run_at <= timezone.now()
    assert began <= mended.created_at <= timezone.now()
    assert (other.failed_at, other.attempts) == (long_ago, 12)


@pytest.mark.parametrize(
    "facts",
    [
        {"failed_at": None},
        {"failed_at": timezone.now(), "lease_until": timezone.now() + timedelta(minutes=1)},
    ],
)
def test_what_was_not_given_up_or_is_held_does_not_begin_again(
    done: list[int], facts: dict[str, Any]
) -> None:
    job = enqueue()
    Job.objects.update(attempts=3, **facts)
    job.begin_again()
    job.refresh_from_db()
    assert job.attempts == 3


def test_reviving_a_job_leaves_all_others_as_they_are(done: list[int]) -> None:
    first, second = enqueue(1), enqueue(2)
    jobs.run_due()
    first.revive()
    second.refresh_from_db()
    assert second.finished_at is not None


def test_before_the_first_attempt_nothing_is_waited_for() -> None:
    assert jobs.backoff(0) == timedelta(0)
    assert jobs.backoff(1) == timedelta(seconds=5)


def test_patience_lasts_to_its_very_end(monkeypatch: pytest.MonkeyPatch, done: list[int]) -> None:
    jobs.register("patient", done.append, patience=timedelta(days=5))
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    assert not Job(kind="patient", created_at=now - timedelta(days=5)).is_out_of_patience
    assert Job(kind="patient", created_at=now - timedelta(days=5, microseconds=1)).is_out_of_patience


def test_a_kind_without_patience_is_tried_twelve_times() -> None:
    assert not Job(kind="unknown", attempts=11).is_out_of_patience
    assert Job(kind="unknown", attempts=12).is_out_of_patience


# --- who takes what ------------------------------------------------------------------------------------------------


def test_claiming_a_job_takes_no_other(done: list[int]) -> None:
    first, second, third = enqueue(1), enqueue(2), enqueue(3)
    assert jobs.claim(second.pk) == second
    rows = Job.objects.filter(pk__in=[first.pk, third.pk]).values_list("attempts", "lease_until")
    assert list(rows) == [(0, None)] * 2


@pytest.mark.parametrize(("seconds", "is_free"), [(170, False), (190, True)])
def test_a_lease_that_ends_in_more_than_three_minutes_is_no_lease(
    done: list[int], seconds: int, is_free: bool
) -> None:
    job = enqueue()
    Job.objects.update(lease_until=timezone.now() + timedelta(seconds=seconds))
    assert (jobs.claim(job.pk) is not None) is is_free


@pytest.mark.parametrize("can_skip", [False, True])
def test_workers_skip_what_another_is_taking_where_the_database_can(
    done: list[int], can_skip: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    features = SimpleNamespace(has_select_for_update_skip_locked=can_skip)
    monkeypatch.setattr(jobs, "connection", SimpleNamespace(features=features, vendor="sqlite"))
    monkeypatch.setattr(
        QuerySet, "select_for_update", lambda rows, **options: asked.append(options) or rows.all()
    )
    assert jobs.claim_next() is None
    assert asked == [{"skip_locked": can_skip}]


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_machines_share_the_clock_of_their_database(vendor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "connection", SimpleNamespace(vendor=vendor))
    assert isinstance(jobs.clock(), Now) is (vendor == "postgresql")


def test_a_lane_takes_the_kinds_that_are_registered_for_it(done: list[int]) -> None:
    jobs.register("posted", done.append, lane=MAIL)
    enqueue(1, "posted")
    enqueue(2)
    assert jobs.run_due(lane=MAIL) == 1
    assert done == [1]
    assert jobs.run_due(lane=MAIN) == 1


def test_a_lane_tells_what_it_is_at_and_has_its_idle_work_done_once_nothing_is_left(
    done: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    lane, seen = LANES[MAIN], []
    monkeypatch.setattr(lane, "idle", lambda: seen.append("idle"))
    jobs.register("looking", lambda number: seen.append(lane.job))
    found = [enqueue(number, "looking") for number in (1, 2)]
    jobs.run_due(limit=1, lane=MAIN)
    assert (seen, lane.job) == ([(found[0].pk, "looking")], None)
    jobs.run_due(limit=2, lane=MAIN)
    assert (seen[1:], lane.job) == ([(found[1].pk, "looking"), "idle"], None)


def test_what_was_finished_is_kept_for_seven_days(done: list[int]) -> None:
    old, fresh = enqueue(1), enqueue(2)
    for job, minutes in ((old, 1), (fresh, -1)):
        then = timezone.now() - timedelta(days=7, minutes=minutes)
        Job.objects.filter(pk=job.pk).update(finished_at=then)
    jobs.sweep()
    assert list(Job.objects.all()) == [fresh]
