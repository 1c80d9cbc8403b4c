"""The whole product in one command: web server and worker, until Ctrl-C."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from helpdesk import preparation
from triage.core.errors import CoreError
from triage.learning.pack import PackError

START_SECONDS = 60
HIGHEST_PORT = 65_535
ADVICE = {
    errno.EADDRNOTAVAIL: "It is no address of this machine. Choose another with --host.",
    errno.EACCES: "Ports below 1024 need an administrator. Choose another with --port (make: PORT=…).",
}
STOP_SECONDS = 20  # longer than gunicorn's own patience with its workers


class Command(BaseCommand):
    help = (
        "Serve the product: gunicorn, and beside it the worker that delivers mail and retries what failed. "
        "Stops both on Ctrl-C; stops with an error if one of them dies."
    )

    requires_system_checks: list[str] = []  # CI checks; a start need not

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (8000)")
        parser.add_argument("--workers", type=int, default=2, help="web worker processes (2)")
        parser.add_argument(
            "--prepare", action="store_true", help="first migrate, load and train what is missing"
        )

    def handle(self, *args: Any, host: str, port: int, workers: int, prepare: bool, **options: Any) -> None:
        refuse_taken_port(host, port)
        if prepare and not self.prepared():
            return
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: stop.set())
        processes = start(host, port, workers)
        try:
            if not stop.is_set():
                wait_until_up(host, port, processes, stop)
            if not stop.is_set():
                self.greet(host, port)
            died = watch(processes, stop)
        finally:
            end(processes)
        if died:
            raise CommandError(f"The {died} stopped by itself; see its messages above.")
        self.stdout.write("Stopped.")

    def prepared(self) -> bool:
        """False if it was interrupted: every step is whole or not done, the next start goes on from there."""
        try:
            preparation.prepare(self.stdout.write, train=preparation.train_apart)
        except (CoreError, PackError, preparation.PreparationFailed) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stdout.write("Stopped.")
            return False
        return True

    def greet(self, host: str, port: int) -> None:
        address = site_url(host, port)
        lines = ["", f"  The helpdesk is up:  {address}/", f"  Agents' desk:        {address}/admin/",
                 f"  API:                 {address}/api/docs"]  # fmt: skip
        if settings.DEMO:
            lines += [f"  Mail it has sent:    {address}/demo/mail/", "", "  Demo logins"]
            lines += [f"    {role.label:<11} {email:<26} {password}"
                      for email, _, role, password in preparation.DEMO_PEOPLE]  # fmt: skip
        self.stdout.write("\n".join([*lines, "", "  Ctrl-C stops it.", ""]))
        self.stdout.flush()


def refuse_taken_port(host: str, port: int) -> None:
    """CommandError, with what to do, unless this command can listen there."""
    if not 1 <= port <= HIGHEST_PORT:
        raise CommandError(f"--port {port} is no port. Choose one from 1 to {HIGHEST_PORT}.")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError):
        raise CommandError(
            f"--host {host} is no address. Use 127.0.0.1, 0.0.0.0, ::1 or one of this machine."
        ) from None
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            advice = ADVICE.get(error.errno or 0, "Choose another with --port (make: PORT=…).")
            raise CommandError(
                f"Cannot listen on {spelled(host)}:{port}: {error.strerror}. {advice}"
            ) from error


def spelled(host: str) -> str:
    """``host`` as it stands before a colon and a port."""
    return f"[{host}]" if ":" in host else host


def site_url(host: str, port: int) -> str:
    """Where links in mails lead unless SITE_URL says otherwise: to what this command serves."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://{spelled(shown)}:{port}"


def start(host: str, port: int, workers: int) -> dict[str, subprocess.Popen[bytes]]:
    web = ["-m", "gunicorn", "--config", "python:helpdesk.gunicorn", "--bind", f"{spelled(host)}:{port}",
           "--workers", str(workers), "helpdesk.wsgi:application"]  # fmt: skip
    commands = {"web server": web, "worker": [str(settings.BASE_DIR / "manage.py"), "work"]}
    environment = {"SITE_URL": site_url(host, port), **os.environ, "SERVED_BY": str(os.getpid())}
    return {
        # In a session of its own: Ctrl-C reaches this command alone, which tells each once to stop. A web worker
        # that hears of it twice, from the terminal and from its master, can wait for itself for ever.
        name: subprocess.Popen(  # noqa: S603
            [sys.executable, *command], cwd=settings.BASE_DIR, env=environment, start_new_session=True
        )
        for name, command in commands.items()
    }


def wait_until_up(
    host: str, port: int, processes: dict[str, subprocess.Popen[bytes]], stop: threading.Event
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not stop.is_set() and not dead(processes):
        try:
            with socket.create_connection((host, port), timeout=1):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise CommandError(f"The web server did not come up within {START_SECONDS} s.") from None
            stop.wait(0.1)


def dead(processes: dict[str, subprocess.Popen[bytes]]) -> str:
    return next((name for name, process in processes.items() if process.poll() is not None), "")


def watch(processes: dict[str, subprocess.Popen[bytes]], stop: threading.Event) -> str:
    """Wait for the stop signal; returns the name of a process that died before it came."""
    while not stop.is_set():
        if name := dead(processes):
            stop.wait(
                0.5
            )  # Ctrl-C reaches the whole group: a child may be a moment faster than our own signal
            return "" if stop.is_set() else name
        stop.wait(0.2)
    return ""


def end(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    for process in processes.values():
        if process.poll() is None:
            process.terminate()
    for process in processes.values():
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
