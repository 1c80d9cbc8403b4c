"""The worker: delivers mail, retries what failed, finds what fell through, closes what fell silent.

Each lane of jobs has a thread of its own, and so have the sweeps, the beats (which seal the trail) and the signs of
life: whatever hangs in one of them, the others go on.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections, connections

from tickets.background import jobs
from tickets.background.crews import Crew
from tickets.background.faults import describe
from tickets.background.lanes import LANES
from tickets.watch import heart

logger = logging.getLogger(__name__)
LONGEST_PAUSE = 30.0
BATCH = 100  # jobs between two looks at whether to stop
SIGN_OF_LIFE = 5.0  # seconds
LAST_JOB = 12.0  # seconds that a job gets to end when the worker is told to; after that its lease runs out


class Command(BaseCommand):
    help = "Work off the job table until stopped: mail, retries, time-outs. Run at least one beside the web server."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now, sweep, and exit")
        parser.add_argument("--pause", type=float, default=1.0, metavar="S", help="seconds between looks (1)")
        parser.add_argument(
            "--sweep-every", type=float, default=30.0, metavar="S", help="seconds between sweeps (30)"
        )

    def handle(self, *args: Any, once: bool, pause: float, sweep_every: float, **options: Any) -> None:
        if once:
            jobs.sweep()
            done = jobs.run_due()
            jobs.beat()
            self.stdout.write(f"{done} jobs done.")
            return
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        self.work(stop, pause=pause, sweep_every=sweep_every)

    def work(self, stop: threading.Event, *, pause: float, sweep_every: float) -> None:
        """All rounds side by side until told to stop."""
        rounds: dict[str, tuple[Callable[[], object], float]] = {
            "sweeps": (jobs.sweep, sweep_every),
            "beats": (jobs.beat, pause),
            "life": (heart.beat, SIGN_OF_LIFE),
            **{lane: (lane_round(lane), pause) for lane in LANES},
        }
        threads = [
            threading.Thread(target=go_round, args=(stop, do, every), name=name, daemon=True)
            for name, (do, every) in rounds.items()
        ]
        for thread in threads:
            thread.start()
        while not stop.wait(0.5):
            if orphaned():
                stop.set()
        leave(threads)


def lane_round(lane: str) -> Callable[[], object]:
    """A batch of the lane's jobs; True where there is more to do at once. A wide lane's are begun side by side."""
    if LANES[lane].width > 1:
        return Crew(lane).begin_what_is_due
    return lambda: jobs.run_due(BATCH, lane) == BATCH


def go_round(stop: threading.Event, do: Callable[[], object], every: float) -> None:
    """Do it again and again, without a pause while it says that there is more. A lost database lengthens the pause."""
    wait = every
    while not stop.is_set():
        close_old_connections()
        try:
            more = do() is True
            wait = every
        except DatabaseError as error:
            more, wait = False, min(max(wait, 1.0) * 2, LONGEST_PAUSE)
            name = threading.current_thread().name
            logger.error("Database not reached by %s (%s); next look in %.0f s", name, describe(error), wait)
        if not more:
            stop.wait(wait)
    connections.close_all()


def leave(threads: list[threading.Thread]) -> None:
    """Let what is being done end, but not wait for ever: a job that is cut off is taken over when its lease ends."""
    until = time.monotonic() + LAST_JOB
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    try:
        heart.sign_off()
    except DatabaseError as error:
        logger.warning("Could not sign off: %s", describe(error))
    connections.close_all()


def orphaned() -> bool:
    """Whether the ``serve`` that started this process is gone; a worker started by itself has none."""
    served_by = os.environ.get("SERVED_BY", "")
    return bool(served_by) and os.getppid() != int(served_by)
