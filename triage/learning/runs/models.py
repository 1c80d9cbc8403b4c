"""Work of minutes that a supervisor begins and watches: a training, a backtest. One row each, done by the slow lane.

A run tells how far it is and looks whether it shall stop. A worker that dies in the middle leaves the job; the next one
goes on, as far as what is run can.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from tickets.background import jobs

if TYPE_CHECKING:
    from accounts.models import User

KIND: Final = "long_run"


class Cancelled(Exception):
    """A supervisor wants the run to stop."""


class Run(models.Model):
    """One run: what was wished for, how far it is, and what came of it."""

    class Kind(models.TextChoices):
        TRAINING = "training", "Training"
        BACKTEST = "backtest", "Backtest"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for a worker"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    wish = models.JSONField(default=dict)
    step = models.CharField(max_length=200, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    stop_wished = models.BooleanField(default=False)
    error = models.CharField(max_length=400, blank=True)
    result = models.JSONField(null=True, blank=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def is_over(self) -> bool:
        return self.state in {self.State.DONE, self.State.FAILED, self.State.CANCELLED}

    @property
    def share(self) -> float:
        return self.done / self.total if self.total else 0.0

    @property
    def folder(self) -> Path:
        """Where it keeps its files while it runs."""
        return Path(settings.VAR_DIR) / "runs" / str(self.pk)

    def tell(self, step: str, done: int, total: int) -> None:
        """Keep how far it is. Raises Cancelled where it shall stop."""
        Run.objects.filter(pk=self.pk).update(step=step[:200], done=done, total=total)
        if Run.objects.filter(pk=self.pk, stop_wished=True).exists():
            raise Cancelled

    def end(self, state: State, *, result: dict[str, Any] | None = None, error: str = "") -> None:
        self.state, self.ended_at, self.result, self.error = state, timezone.now(), result, error[:400]
        self.save(update_fields=["state", "ended_at", "result", "error"])


@transaction.atomic
def begin(kind: Run.Kind, *, by: User, before_start: Callable[[Run], None] | None = None, **wish: Any) -> Run:
    """Write down what is wished; a worker begins it, once ``before_start`` has laid ready what it needs."""
    run = Run.objects.create(kind=kind, by=by, wish=wish)
    if before_start is not None:
        before_start(run)
    jobs.enqueue(KIND, run.pk, key=str(run.pk))
    return run


def is_under_way(kind: Run.Kind) -> bool:
    return Run.objects.filter(kind=kind, state__in=[Run.State.WAITING, Run.State.RUNNING]).exists()


def wish_stop(run: Run) -> None:
    """It stops at its next step; one that has not begun never does."""
    Run.objects.filter(pk=run.pk).update(stop_wished=True)
    Run.objects.filter(pk=run.pk, state=Run.State.WAITING).update(
        state=Run.State.CANCELLED, ended_at=timezone.now()
    )
