"""Jobs of one lane side by side, for work that mostly waits for others: one that hangs delays no other."""

from __future__ import annotations

import threading

from django.db import connections

from tickets.background.jobs import Job, claim_next, perform
from tickets.background.lanes import LANES


class Crew:
    """Claims in one thread, works in others, at most as many as the lane is wide; each has a connection of its own."""

    def __init__(self, lane: str) -> None:
        self.lane = LANES[lane]
        self._free = threading.Semaphore(self.lane.width)

    def begin_what_is_due(self) -> None:
        """Begin as many jobs as there is room for, and wait for none."""
        while self._free.acquire(blocking=False):
            job = claim_next(self.lane.name)
            if job is None:
                self._free.release()
                return
            threading.Thread(
                target=self._do, args=(job,), name=f"{self.lane.name} {job.pk}", daemon=True
            ).start()

    def _do(self, job: Job) -> None:
        try:
            perform(job)
        finally:
            connections.close_all()
            self._free.release()
