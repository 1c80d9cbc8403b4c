"""Work that must happen: a row written with what causes it, claimed by lease, retried with backoff.

The table is the truth. A broker, where one is set, only makes it fast: a message carries a job's id and
nothing else. A process may die at any instant; the lease runs out and another worker takes the job.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, Protocol, Self

from django.db import DatabaseError, connection, connections, models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from tickets.background.faults import Permanent, Unreachable, describe
from tickets.background.lanes import LANES, MAIN, Lane
from tickets.compiled_insert import CompiledInsert

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
GRACE = timedelta(seconds=10)  # the enqueuing process has this long to do a prompt job itself
BORN_LEASE = timedelta(seconds=30)  # of a job that its own process does right after the commit
FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(hours=1)
MAX_ATTEMPTS = 12  # of a kind that sets no other bound to its patience
TOO_FAR = LEASE * 3  # a lease that ends later was written by a clock that is wrong
RENEWED = LEASE / 3  # how often the lease of a long job is
LONGEST = timedelta(hours=4)
KEEP_FINISHED = timedelta(days=7)
#: Written out, as every job ends with it.
FINISH: Final = """
UPDATE tickets_job SET finished_at = %s, lease_until = NULL, last_error = ''
WHERE id = %s AND attempts = %s AND finished_at IS NULL
"""


def clock() -> Any:
    """Now, by the one clock that all machines share: the database's. SQLite has one machine, and Python's is finer."""
    return Now() if connection.vendor == "postgresql" else timezone.now()


class JobQuerySet(models.QuerySet["Job"]):
    def waiting(self) -> Self:
        return self.filter(finished_at=None, failed_at=None)

    def claimable(self, now: Any) -> Self:
        """What no worker holds. One whose clock was wrong holds nothing until tomorrow."""
        free = Q(lease_until=None) | Q(lease_until__lt=now) | Q(lease_until__gt=now + TOO_FAR)
        return self.waiting().filter(free)

    def in_lane(self, lane: str) -> Self:
        """The jobs of one lane; what nobody has registered is the main lane's."""
        if lane != MAIN:
            return self.filter(kind__in=[kind.name for kind in KINDS.values() if kind.lane == lane])
        return self.exclude(kind__in=[kind.name for kind in KINDS.values() if kind.lane != MAIN])

    def due(self, now: Any) -> Self:
        return self.claimable(now).filter(run_at__lte=now).order_by("run_at", "id")

    def failed(self) -> Self:
        return self.exclude(failed_at=None)


class Job(CompiledInsert):
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
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        with connection.cursor() as cursor:
            cursor.execute(FINISH, [now, self.pk, self.attempts])

    def put_back(self, error: BaseException) -> timedelta | None:
        """Try again later, with exponential backoff and jitter; returns the pause, None if it is given up."""
        facts = {"lease_until": None, "last_error": describe(error)}
        if isinstance(error, Permanent) or self.is_out_of_patience:
            self._mine().update(failed_at=timezone.now(), **facts)
            return None
        pause = backoff(self.attempts) * random.uniform(0.5, 1.0)  # noqa: S311
        self._mine().update(run_at=clock() + pause, **facts)
        return pause

    @property
    def is_out_of_patience(self) -> bool:
        """After so many attempts, or days where its kind says so."""
        kind = KINDS.get(self.kind)
        if kind is None or kind.patience is None:
            return self.attempts >= MAX_ATTEMPTS
        return timezone.now() - self.created_at > kind.patience

    def revive(self) -> None:
        """Have a job that ended without its effect run again, as often and as patiently as it was tried before."""
        Job.objects.filter(pk=self.pk, lease_until=None).update(
            finished_at=None, failed_at=None, run_at=clock() + backoff(self.attempts)
        )

    def begin_again(self) -> None:
        """Somebody has mended what was wrong: a job that was given up is new, with all its patience before it."""
        Job.objects.filter(pk=self.pk, lease_until=None).exclude(failed_at=None).update(
            failed_at=None, attempts=0, run_at=clock(), created_at=clock()
        )

    def _mine(self) -> models.QuerySet[Job]:
        return Job.objects.filter(pk=self.pk, attempts=self.attempts, finished_at=None)


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many attempts; nothing before the first."""
    if attempts < 1:
        return timedelta(0)
    return min(FIRST_RETRY * 2 ** min(attempts - 1, 20), LONGEST_RETRY)


@dataclass(frozen=True)
class Kind:
    name: str
    perform: Callable[[int], None]
    prompt: bool  # done by the enqueuing process right after commit where there is no broker
    lane: str = MAIN
    patience: timedelta | None = None  # how long it is tried, instead of MAX_ATTEMPTS times
    long: bool = False  # takes longer than a lease, which is renewed meanwhile


class Broker(Protocol):
    """Takes the id of a committed job to a worker; False if it could not."""

    def send(self, job_id: int) -> bool: ...


_left: ContextVar[bool] = ContextVar("left", default=False)


@contextmanager
def left_to_workers() -> Iterator[None]:
    """What is asked for inside is done by a worker, and not by this process, which has many to answer for."""
    before = _left.set(True)
    try:
        yield
    finally:
        _left.reset(before)


KINDS: dict[str, Kind] = {}
SWEEPS: list[Callable[[], None]] = []
BEATS: list[Callable[[], object]] = []
_broker: Broker | None = None


def use_broker(broker: Broker | None) -> None:
    """Have committed jobs handed to ``broker``; None: this process does the prompt ones itself."""
    global _broker
    _broker = broker


def register(
    name: str,
    perform: Callable[[int], None],
    *,
    prompt: bool = False,
    lane: str = MAIN,
    patience: timedelta | None = None,
    long: bool = False,
) -> None:
    """Name the function that does jobs of this kind. It gets the subject's id and must be safe to run twice.

    It may raise Permanent (never tried again) and Unreachable (its lane rests a while).
    """
    KINDS[name] = Kind(name, perform, prompt, lane, patience, long)


def register_sweep(sweep: Callable[[], None]) -> None:
    """Have the worker call ``sweep`` regularly to find what fell through."""
    SWEEPS.append(sweep)


def register_beat(beat: Callable[[], object]) -> None:
    """Have the worker call ``beat`` in every round, about once a second; it must be cheap if nothing is due."""
    BEATS.append(beat)


def enqueue(
    kind: str, subject_id: int, *, key: str, run_at: datetime | None = None, is_new: bool = False
) -> Job:
    """Write the job in the caller's transaction; after commit it is dispatched. The same key is one job.

    ``is_new``: the caller knows that nobody has used the key; IntegrityError if somebody has.
    """
    prompt = KINDS[kind].prompt
    when = run_at or (timezone.now() + GRACE if prompt else timezone.now())
    job = Job(kind=kind, subject_id=subject_id, unique_key=f"{kind}:{key}", run_at=when)
    if is_new:
        job.save(force_insert=True)
    else:  # one statement, whether the key is new or not; a known job is left as it is
        (job,) = Job.objects.bulk_create(
            [job], update_conflicts=True, unique_fields=["unique_key"], update_fields=["kind"]
        )
    if run_at is None:
        # Robust: what was asked for is committed, so no fault of the work after it may fail the request.
        transaction.on_commit(lambda: dispatch(job.pk, KINDS[kind]), robust=True)
    return job


def begin(kind: str, subject_id: int, *, key: str, do: Callable[[], object]) -> Job:
    """As ``enqueue``, for a ``key`` that is new for certain: IntegrityError if it is not.

    Where this process will do the job itself, it is born with its lease, so that nobody has to claim it, and done by
    ``do``, which knows the row already. If the process dies before, the lease runs out as any other.
    """
    own = KINDS[kind]
    if _left.get() and _broker is None:
        return enqueue(kind, subject_id, key=key, run_at=timezone.now())
    if _broker is not None or not own.prompt:
        return enqueue(kind, subject_id, key=key)
    now = clock()
    job = Job(kind=kind, subject_id=subject_id, unique_key=f"{kind}:{key}", attempts=1)
    job.run_at, job.lease_until = timezone.now() + GRACE, now + BORN_LEASE
    job.save(force_insert=True)
    transaction.on_commit(lambda: dispatch(job.pk, own, lambda: perform(job, do=do)), robust=True)
    return job


def dispatch(job_id: int, kind: Kind, perform_own: Callable[[], object] | None = None) -> None:
    """Get a committed job done soon: by the broker if there is one, else at once if it is prompt.

    ``perform_own`` does one that is leased to this process already.
    A lane of its own is the worker's: what hangs there must not take the broker's workers from the rest.
    """
    if _broker is not None and kind.lane == MAIN:
        _broker.send(job_id)
    elif perform_own is not None:
        perform_own()
    elif kind.prompt:
        run_one(job_id)


def claim(job_id: int) -> Job | None:
    """Take the lease of one job whatever its ``run_at``; None if it is done or another worker holds it."""
    now = clock()
    taken = (
        Job.objects.filter(pk=job_id)
        .claimable(now)
        .update(lease_until=now + LEASE, attempts=models.F("attempts") + 1)
    )
    return Job.objects.get(pk=job_id) if taken else None


@transaction.atomic
def claim_next(lane: str = MAIN) -> Job | None:
    """Take the lease of the lane's job that is due longest. Workers skip rows that another one is taking."""
    now = clock()
    skip = connection.features.has_select_for_update_skip_locked
    job: Job | None = Job.objects.select_for_update(skip_locked=skip).in_lane(lane).due(now).first()
    if job is not None:
        job.attempts += 1
        Job.objects.filter(pk=job.pk).update(lease_until=now + LEASE, attempts=job.attempts)
    return job


def run_one(job_id: int) -> bool:
    """Claim and perform one job. False if it was not to be had."""
    try:
        job = claim(job_id)
    except DatabaseError as error:
        # The row is safe and the worker will find it; whoever enqueued it must not fail.
        logger.warning("Could not claim job %s: %s", job_id, describe(error))
        return False
    if job is None:
        return False
    perform(job)
    return True


def perform(job: Job, lane: Lane | None = None, *, do: Callable[[], object] | None = None) -> None:
    """Do a claimed job. Whatever goes wrong is recorded and retried: a worker outlives every job."""
    try:
        with _lease_kept(job, lane) if KINDS[job.kind].long else nullcontext():
            do() if do is not None else KINDS[job.kind].perform(job.subject_id)
    except Exception as error:
        fail(job, error)
        if lane is not None and isinstance(error, Unreachable):
            logger.warning("%s: the %s lane rests for %.0f s", describe(error), lane.name, lane.rest())
    else:
        job.finish()
        if lane is not None:
            lane.is_well()


@contextmanager
def _lease_kept(job: Job, lane: Lane | None) -> Iterator[None]:
    """Renew the lease of a long job while it is done, at most for LONGEST: then another worker may take it."""
    over = threading.Event()

    def renew() -> None:
        try:
            for _ in range(LONGEST // RENEWED):
                if over.wait(RENEWED.total_seconds()):
                    return
                Job.objects.filter(pk=job.pk, attempts=job.attempts).update(lease_until=clock() + LEASE)
                if lane is not None:
                    lane.moved_at = time.time()  # it is at work, not stuck
        except DatabaseError as error:
            logger.warning("Could not renew the lease of job %s: %s", job.pk, describe(error))
        finally:
            connections.close_all()

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def fail(job: Job, error: Exception) -> None:
    """Record the failure. Where it broke is told once, with the first attempt, and only if nobody expected it."""
    pause = job.put_back(error)
    facts = (job.pk, job.kind, job.subject_id, job.attempts, describe(error))
    if pause is None:
        logger.error("Gave up job %s (%s %s) after attempt %s: %s", *facts)
        return
    expected = isinstance(error, Unreachable | OSError | DatabaseError)
    logger.warning(
        "Job %s (%s %s) failed, attempt %s: %s; next in %.0f s",
        *facts,
        pause.total_seconds(),
        exc_info=job.attempts == 1 and not expected,
    )


def run_due(limit: int = 500, lane: str | None = None) -> int:
    """Perform what is due, oldest first, in one lane or in all; returns how many were done."""
    if lane is None:
        return sum(run_due(limit, name) for name in LANES)
    own, done = LANES[lane], 0
    while done < limit and not own.is_resting and (job := claim_next(lane)) is not None:
        own.take_up(job.pk, job.kind)
        try:
            perform(job, own)
        finally:
            own.put_down()
        done += 1
    if done < limit and own.idle is not None:
        own.idle()
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
            logger.exception("%s failed", getattr(function, "__name__", function))
