"""Lanes: work that shares something which can be away or slow is done apart from all other work.

A worker has a thread for each, so that mail which hangs delays no ticket. When what a lane needs is away, the lane
rests, longer each time, instead of having every one of its jobs find out by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

MAIN = "main"
MAIL = "mail"
SLOW = "slow"  # what takes minutes: a training, a backtest
WEBHOOKS = "webhooks"  # other people's servers, each of which may hang
DRAFTS = "drafts"  # a language model, which may take its time

FIRST_REST = 15.0  # seconds
LONGEST_REST = 300.0


@dataclass
class Lane:
    """What one thread of this process is about. Only that thread writes it; others look."""

    name: str
    width: int = 1  # how many of its jobs go side by side
    moved_at: float = field(default_factory=time.time)  # when it last took up or put down anything
    job: tuple[int, str] | None = None  # id and kind of what it is doing
    rests_until: float = 0.0  # monotonic
    failures: int = 0  # in a row, of what the lane needs
    idle: Callable[[], object] | None = None  # called when there is nothing more to do
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_resting(self) -> bool:
        return time.monotonic() < self.rests_until

    def take_up(self, job: int, kind: str) -> None:
        self.job, self.moved_at = (job, kind), time.time()

    def put_down(self) -> None:
        self.job, self.moved_at = None, time.time()

    def rest(self) -> float:
        """What it needs is away: do nothing for a while; returns for how many seconds."""
        pause = min(FIRST_REST * 2**self.failures, LONGEST_REST)
        self.failures, self.rests_until = min(self.failures + 1, 10), time.monotonic() + pause
        return pause

    def is_well(self) -> None:
        self.failures, self.rests_until = 0, 0.0


LANES: dict[str, Lane] = {
    MAIN: Lane(MAIN),
    MAIL: Lane(MAIL),
    SLOW: Lane(SLOW),
    WEBHOOKS: Lane(WEBHOOKS, width=32),
    DRAFTS: Lane(DRAFTS, width=4),
}
