"""A helpdesk of its own in a folder: settings, database and files apart from everything else.

Tests of processes (commands, servers, workers) run against one; what they do is seen in its database.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from tests import migrated

ROOT = Path(__file__).resolve().parent.parent
KEY = "a-key-for-tests-only-0123456789-0123456789-0123456789"


class Installation:
    """Runs the product's commands as processes with settings of their own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.database = folder / "helpdesk.sqlite3"
        self.settings = {
            "ENV_FILE": os.devnull, "SECRET_KEY": KEY, "VAR_DIR": str(folder), "DATABASE_URL": f"sqlite:///{self.database}",
            "LOG_LEVEL": "WARNING", "OPENBLAS_NUM_THREADS": "1", **settings,
        }  # fmt: skip

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs, the mark of the CI run included, and nothing of a developer's."""
        passed = {name: os.environ[name] for name in ("PATH", "TMPDIR", "HELPDESK_CI") if name in os.environ}
        return {**passed, "DJANGO_SETTINGS_MODULE": "helpdesk.settings", **self.settings}

    def run(self, *command: str, **facts: Any) -> subprocess.CompletedProcess[str]:
        """Run ``python COMMAND`` to its end."""
        return subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=self.environment, capture_output=True, text=True,
            check=False, timeout=420, stdin=subprocess.DEVNULL, **facts,
        )  # fmt: skip

    def manage(self, *command: str) -> str:
        """Run a management command that must succeed; returns what it printed."""
        ended = self.run("manage.py", *command)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def migrate(self) -> None:
        """Bring the database to its shape; where it is SQLite's, from one that these migrations made before."""
        if self.settings["DATABASE_URL"].startswith("sqlite") and migrated.kept().exists():
            shutil.copy(migrated.kept(), self.database)
        self.manage("migrate", "--verbosity", "0")

    @contextmanager
    def started(self, *command: str) -> Iterator[subprocess.Popen[str]]:
        """Have ``python COMMAND`` run in a process group of its own; nothing that it started is left afterwards."""
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=self.environment, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield process
        finally:
            kill_group(process)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database, timeout=20)) as connection:
            return connection.execute(query, values).fetchall()

    def change(self, statement: str) -> None:
        with closing(sqlite3.connect(self.database, timeout=20)) as connection, connection:
            connection.execute(statement)

    def count(self, table: str, where: str = "1") -> int:
        return int(self.rows(f"SELECT count(*) FROM {table} WHERE {where}")[0][0])


def kill_group(process: subprocess.Popen[str]) -> None:
    """SIGKILL to the process and all that it started, as a power cut would."""
    below = family(process) - {process.pid}
    if process.stdout is not None:
        process.stdout.close()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for pid in below:  # those that made a session of their own
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def family(process: subprocess.Popen[str]) -> set[int]:
    """The process and all below it, sessions of their own included. Ask before it ends: orphans belong to nobody."""
    found = {process.pid}
    parents = running()
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def running() -> dict[int, int]:
    """The process that started each process of this machine, the dead that nobody waited for left out."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in listed.stdout.splitlines()]
    return {int(pid): int(parent) for pid, parent, state, *_ in rows if not state.startswith("Z")}


def are_gone(pids: set[int]) -> bool:
    return pids.isdisjoint(running())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(true: Callable[[], Any], *, within: float = 30.0, what: str = "it") -> Any:
    """Wait until ``true()`` is; returns what it returned."""
    deadline = time.monotonic() + within
    while True:
        if found := true():
            return found
        assert time.monotonic() < deadline, f"{what} did not happen within {within} s"
        time.sleep(0.05)
