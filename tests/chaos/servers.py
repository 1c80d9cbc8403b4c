"""A PostgreSQL, a Redis and a mail server of our own, that can be killed and come back."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections import defaultdict
from contextlib import suppress
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from tests.installation import free_port

START_SECONDS = 60.0


class Missing(Exception):
    """A program that is needed is not installed; the message says which."""


def program(name: str) -> str:
    """Where a server's program is: on the PATH, or where Debian keeps PostgreSQL's."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: path.parts[-3])
    found = shutil.which(name) or next((str(path) for path in reversed(versions)), "")
    if not found:
        raise Missing(f"{name} is not installed. On Debian: apt install postgresql redis-server.")
    return found


def children_of(pid: int) -> list[int]:
    """The processes that ``pid`` has started and that are still there."""
    with suppress(OSError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def kill(*pids: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Postgres:
    """Its data outlive it: what was committed is written when COMMIT answers. (That the disk has it, only a power
    cut would ask; so nothing is synced.)"""

    def __init__(self, folder: Path) -> None:
        self.data, self.port, self.password = folder / "postgres", free_port(), secrets.token_hex(16)
        self.log = self.data / "server.log"
        self._as_owner: list[str] = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self._make()
        self.start()

    @property
    def address(self) -> str:
        return f"postgres://helpdesk:{self.password}@127.0.0.1:{self.port}/postgres"

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._as_owner, *command], capture_output=True, text=True, check=False, cwd="/"
        )

    def _make(self) -> None:
        self.data.mkdir()
        secret = self.data.with_suffix(".password")
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        if self._as_owner:
            for path in (self.data, secret):
                shutil.chown(path, "postgres")
        made = self._run(
            program("initdb"), "-D", str(self.data), "-U", "helpdesk", "-A", "scram-sha-256", f"--pwfile={secret}",
            "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
        )  # fmt: skip
        assert made.returncode == 0, made.stderr

    def start(self) -> None:
        options = f"-p {self.port} -k {self.data} -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
        command = (
            program("pg_ctl"),
            "-D",
            str(self.data),
            "-l",
            str(self.log),
            "-w",
            "-t",
            "60",
            "-o",
            options,
        )
        until = time.monotonic() + START_SECONDS
        while True:  # the last process of a killed one may still hold its shared memory
            tried = subprocess.run(
                [*self._as_owner, *command, "start"], check=False, cwd="/", stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            if tried.returncode == 0:
                return
            assert time.monotonic() < until, self.log.read_text()[-2000:]
            time.sleep(0.3)

    @property
    def pid(self) -> int:
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def kill(self) -> None:
        """The server and everyone who works for it, at once."""
        own = self.pid
        kill(own, *children_of(own))
        while Path(f"/proc/{own}").exists() and "State:\tZ" not in _status(own):
            time.sleep(0.02)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def stop(self) -> None:
        with suppress(OSError, ValueError):
            self.kill()


def _status(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/status").read_text()
    return "State:\tZ"


class Redis:
    """Keeps nothing: with its process all that was in it is gone."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder / "redis", free_port()
        self.folder.mkdir()
        self.process: subprocess.Popen[Any] | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [program("redis-server"), "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder),
                 "--save", "", "--appendonly", "no"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    stop = kill


class Postbox:
    """A mail server that notes to whom each mail went and what it was called."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = defaultdict(list)
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        name = str(message_from_bytes(envelope.content)["Message-ID"])
        for address in envelope.rcpt_tos:
            self.names[address].append(name)
        return "250 OK"

    def stop(self) -> None:
        self._controller.stop()


def read_mail_files(folder: Path) -> dict[str, list[str]]:
    """The same of mail that went to files."""
    names: dict[str, list[str]] = defaultdict(list)
    for file in folder.glob("*.eml"):
        mail = message_from_bytes(file.read_bytes())
        for address in re.findall(r"[\w.+-]+@[\w.-]+", str(mail["To"])):
            names[address].append(str(mail["Message-ID"]))
    return names
