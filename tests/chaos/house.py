"""The product's processes, kept running as a service manager would, and killed at will."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.chaos.servers import children_of, kill
from tests.installation import ROOT, Installation

RESTART_SECONDS = 0.5  # that a service manager lets pass


class Process:
    """One command in a process group of its own."""

    def __init__(self, name: str, command: Sequence[str], house: Installation) -> None:
        self.name, self.command, self.house = name, command, house
        self.process: subprocess.Popen[Any] | None = None
        self.log = house.folder / f"{name}.log"

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command], cwd=ROOT, env=self.house.environment, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """It and all that it has started, as a power cut would."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def kill_child(self, chance: random.Random) -> None:
        """One of those that do its work."""
        if self.process is not None and (children := children_of(self.process.pid)):
            kill(chance.choice(children))


class House:
    """Keeps every process running; whichever ends is started again."""

    def __init__(self, house: Installation, port: int) -> None:
        web = ("-m", "gunicorn", "--config", "python:helpdesk.gunicorn", "--bind", f"127.0.0.1:{port}",
               "--workers", "2", "helpdesk.wsgi:application")  # fmt: skip
        celery = ("-m", "celery", "-A", "helpdesk", "worker", "--concurrency", "1", "--loglevel", "warning")
        self.processes = {
            "web": Process("web", web, house),
            "worker": Process("worker", ("manage.py", "work", "--sweep-every", "10"), house),
            "celery": Process("celery", celery, house),
        }
        self.restarts: Counter[str] = Counter()
        self._ended = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        for process in self.processes.values():
            process.start()
        self._keeper.start()

    def _keep(self) -> None:
        while not self._ended.wait(RESTART_SECONDS):
            for process in self.processes.values():
                if not process.is_running:
                    self.restarts[process.name] += 1
                    process.start()

    def stop(self) -> None:
        self._ended.set()
        self._keeper.join(10)
        for process in self.processes.values():
            process.kill()

    def complaints(self) -> Counter[str]:
        """What the logs say that no service should: faults nobody foresaw, by their last line."""
        found: Counter[str] = Counter()
        for process in self.processes.values():
            text = process.log.read_text(errors="replace") if process.log.exists() else ""
            found[f"{process.name}: tracebacks"] += text.count("Traceback (most recent call last)")
        return +found


def wait_for(true: Any, within: float, what: str) -> float:
    """Wait until ``true()`` is; returns the seconds that it took."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < within, f"{what}: not within {within:.0f} s"
        time.sleep(0.2)
    return time.monotonic() - started


def tail(file: Path, lines: int = 15) -> str:
    return "\n".join(file.read_text(errors="replace").splitlines()[-lines:]) if file.exists() else ""
