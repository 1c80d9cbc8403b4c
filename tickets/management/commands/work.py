"""The worker: delivers mail, retries what failed, finds what fell through, closes what fell silent."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections, connections

from tickets.background import jobs

logger = logging.getLogger(__name__)
LONGEST_PAUSE = 30.0


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
        connections.close_all()

    def work(self, stop: threading.Event, *, pause: float, sweep_every: float) -> None:
        """Round after round until told to stop. A lost database only lengthens the pause."""
        next_sweep, wait = 0.0, pause
        while not stop.is_set() and not orphaned():
            close_old_connections()
            try:
                if time.monotonic() >= next_sweep:
                    jobs.sweep()
                    next_sweep = time.monotonic() + sweep_every
                jobs.run_due(limit=100)
                jobs.beat()
                wait = pause
            except DatabaseError as error:
                wait = min(wait * 2, LONGEST_PAUSE)
                logger.error("Database not reached (%s); next look in %.0f s", error, wait)
            stop.wait(wait)


def orphaned() -> bool:
    """Whether the ``serve`` that started this process is gone; a worker started by itself has none."""
    served_by = os.environ.get("SERVED_BY", "")
    return bool(served_by) and os.getppid() != int(served_by)
