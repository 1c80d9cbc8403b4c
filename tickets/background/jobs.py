"""Work that must happen: a row written with what causes it, claimed by lease, retried with backoff.

The table is the truth. A broker, where one is set, only makes it fast: a message carries a job's id and
nothing else. A process may die at any instant; the lease runs out and another worker takes the job.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Protocol, Self

from django.db import DatabaseError, connection, models, transaction
from django.db.models import Q
from django.utils import timezone

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
GRACE = timedelta(seconds=10)  # the enqueuing process has this long to do a prompt job itself
FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(hours=1)
MAX_ATTEMPTS = 12
KEEP_FINISHED = timedelta(days=7)


class JobQuerySet(models.QuerySet["Job"]):
    def waiting(self) -> Self:
        return self.filter(finished_at=None, failed_at=None)

    def claimable(self, now: datetime) -> Self:
        return self.waiting().filter(Q(lease_until=None) | Q(lease_until__lt=now))

    def due(self, now: datetime) -> Self:
        return self.claimable(now).filter(run_at__lte=now).order_by("run_at", "id")

    def failed(self) -> Self:
        return self.exclude(failed_at=None)


class Job(models.Model):
    kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField(help_text="Primary key of the row that the job is about.")
    unique_key = models.CharField(max_length=120, unique=True)
    run_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True, help_text="Given up after the last attempt.")
    last_error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager[Job]] = JobQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["run_at", "id"], name="job_due", condition=Q(finished_at=None, failed_at=None)
            ),
            models.Index(fields=["finished_at"], name="job_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"

    def finish(self) -> None:
        """Mark done, unless the lease was lost to another worker meanwhile."""
        self._mine().update(finished_at=timezone.now(), lease_until=None, last_error="")

    def put_back(self, error: BaseException) -> None:
        """Try again later: exponential backoff with jitter, given up after MAX_ATTEMPTS."""
        now = timezone.now()
        facts = {"lease_until": None, "last_error": f"{type(error).__name__}: {error}"[:300]}
        if self.attempts >= MAX_ATTEMPTS:
            self._mine().update(failed_at=now, **facts)
            logger.error("Gave up job %s (%s) after %s attempts", self.pk, self.kind, self.attempts)
            return
        pause = min(FIRST_RETRY * 2 ** (self.attempts - 1), LONGEST_RETRY) * random.uniform(0.5, 1.0)  # noqa: S311
        self._mine().update(run_at=now + pause, **facts)

    def revive(self) -> None:
        """Have a job that ended without its effect run again."""
        Job.objects.filter(pk=self.pk, lease_until=None).update(
            finished_at=None, failed_at=None, attempts=0, run_at=timezone.now()
        )

    def _mine(self) -> models.QuerySet[Job]:
        return Job.objects.filter(pk=self.pk, attempts=self.attempts, finished_at=None)


@dataclass(frozen=True)
class Kind:
    name: str
    perform: Callable[[int], None]
    prompt: bool  # done by the enqueuing process right after commit where there is no broker


class Broker(Protocol):
    """Takes the id of a committed job to a worker; False if it could not."""

    def send(self, job_id: int) -> bool: ...


KINDS: dict[str, Kind] = {}
SWEEPS: list[Callable[[], None]] = []
BEATS: list[Callable[[], object]] = []
_broker: Broker | None = None


def use_broker(broker: Broker | None) -> None:
    """Have committed jobs handed to ``broker``; None: this process does the prompt ones itself."""
    global _broker
    _broker = broker


def register(name: str, perform: Callable[[int], None], *, prompt: bool = False) -> None:
    """Name the function that does jobs of this kind. It gets the subject's id and must be safe to run twice."""
    KINDS[name] = Kind(name, perform, prompt)


def register_sweep(sweep: Callable[[], None]) -> None:
    """Have the worker call ``sweep`` regularly to find what fell through."""
    SWEEPS.append(sweep)


def register_beat(beat: Callable[[], object]) -> None:
    """Have the worker call ``beat`` in every round, about once a second; it must be cheap if nothing is due."""
    BEATS.append(beat)


def enqueue(kind: str, subject_id: int, *, key: str, run_at: datetime | None = None) -> Job:
    """Write the job in the caller's transaction; after commit it is dispatched. The same key is one job."""
    prompt = KINDS[kind].prompt
    when = run_at or (timezone.now() + GRACE if prompt else timezone.now())
    wanted = Job(kind=kind, subject_id=subject_id, unique_key=f"{kind}:{key}", run_at=when)
    # One statement, whether the key is new or not; a known job is left as it is.
    (job,) = Job.objects.bulk_create(
        [wanted], update_conflicts=True, unique_fields=["unique_key"], update_fields=["kind"]
    )
    if run_at is None:
        # Robust: what was asked for is committed, so no fault of the work after it may fail the request.
        transaction.on_commit(lambda: dispatch(job.pk, prompt=prompt), robust=True)
    return job


def dispatch(job_id: int, *, prompt: bool) -> None:
    """Get a committed job done soon: by the broker if there is one, else at once if it is prompt."""
    if _broker is not None:
        _broker.send(job_id)
    elif prompt:
        run_one(job_id)


def claim(job_id: int) -> Job | None:
    """Take the lease of one job whatever its ``run_at``; None if it is done or another worker holds it."""
    now = timezone.now()
    taken = (
        Job.objects.filter(pk=job_id)
        .claimable(now)
        .update(lease_until=now + LEASE, attempts=models.F("attempts") + 1)
    )
    return Job.objects.get(pk=job_id) if taken else None


@transaction.atomic
def claim_next() -> Job | None:
    """Take the lease of the job that is due longest. Workers skip rows that another one is taking."""
    now = timezone.now()
    skip = connection.features.has_select_for_update_skip_locked
    job: Job | None = Job.objects.select_for_update(skip_locked=skip).due(now).first()
    if job is not None:
        job.lease_until, job.attempts = now + LEASE, job.attempts + 1
        job.save(update_fields=["lease_until", "attempts"])
    return job


def run_one(job_id: int) -> bool:
    """Claim and perform one job. False if it was not to be had."""
    try:
        job = claim(job_id)
    except DatabaseError:
        # The row is safe and the worker will find it; whoever enqueued it must not fail.
        logger.exception("Could not claim job %s", job_id)
        return False
    if job is None:
        return False
    perform(job)
    return True


def perform(job: Job) -> None:
    """Do a claimed job. Whatever goes wrong is recorded and retried: a worker outlives every job."""
    try:
        KINDS[job.kind].perform(job.subject_id)
    except Exception as error:
        logger.exception("Job %s (%s %s) failed", job.pk, job.kind, job.subject_id)
        job.put_back(error)
    else:
        job.finish()


def run_due(limit: int = 500) -> int:
    """Perform what is due, oldest first; returns how many were done."""
    done = 0
    while done < limit and (job := claim_next()) is not None:
        perform(job)
        done += 1
    return done


def beat() -> None:
    """Call everything that is due in every round."""
    _call_all(BEATS)


def sweep() -> None:
    """Call every registered sweep and forget jobs finished long ago."""
    _call_all(SWEEPS)
    Job.objects.filter(finished_at__lt=timezone.now() - KEEP_FINISHED).delete()


def _call_all(functions: Iterable[Callable[[], object]]) -> None:
    for function in functions:
        try:
            function()
        except Exception:
            # One failure must not keep the others from running; the next round tries it again.
            logger.exception("%s failed", function.__name__)
