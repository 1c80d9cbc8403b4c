"""``serve``: web server and worker in one command, gone without a trace."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import suppress

import pytest
from django.core.management import CommandError

from helpdesk.management.commands.serve import refuse_taken_port, site_url
from tests.installation import Installation, are_gone, eventually, family, free_port


def serve(port: int) -> tuple[str, ...]:
    return ("manage.py", "serve", "--port", str(port), "--workers", "1")


def answers(port: int) -> bool:
    with suppress(OSError):
        return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).status == 200)
    return False


def children(process: subprocess.Popen[str]) -> list[str]:
    """The command lines below the process."""
    listed = subprocess.run(
        ["ps", "-o", "args=", "--ppid", str(process.pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.splitlines()


def read_until(wanted: str, process: subprocess.Popen[str]) -> None:
    """Wait for a line of its output; the web server may answer a moment before the command says so."""
    assert process.stdout is not None
    for line in process.stdout:
        if wanted in line:
            return
    pytest.fail(f"It ended without saying {wanted}")


def test_it_greets_answers_and_stops_without_a_trace(installation: Installation) -> None:
    port = free_port()
    with installation.started(*serve(port)) as process:
        eventually(lambda: answers(port), within=60, what="the answer")
        eventually(lambda: len(children(process)) == 2, what="web server and worker")
        read_until(f"http://127.0.0.1:{port}/", process)
        started = family(process)
        assert len(started) >= 4, "serve, the web server with a worker of its own, and the worker"
        os.killpg(process.pid, signal.SIGINT)  # Ctrl-C in a terminal reaches every process of the group
        printed, _ = process.communicate(timeout=40)
        assert process.returncode == 0, printed
        assert "Stopped." in printed
        assert "Traceback" not in printed
        eventually(lambda: are_gone(started), within=5, what="the end of all its processes")
    assert not answers(port)


def test_it_ends_with_an_error_when_one_of_its_processes_dies(installation: Installation) -> None:
    port = free_port()
    with installation.started(*serve(port)) as process:
        eventually(lambda: answers(port), within=60, what="the answer")
        started = family(process)
        subprocess.run(["pkill", "-KILL", "-P", str(process.pid), "-f", "manage.py work"], check=True)
        printed, _ = process.communicate(timeout=40)
        assert process.returncode == 1
        assert "The worker stopped by itself" in printed
        eventually(lambda: are_gone(started), within=5, what="the end of all its processes")


def test_its_processes_end_when_it_is_killed(installation: Installation) -> None:
    port = free_port()
    with installation.started(*serve(port)) as process:
        eventually(lambda: answers(port), within=60, what="the answer")
        started = family(process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        eventually(lambda: are_gone(started), within=40, what="the end of the orphans")
        assert not answers(port)


def test_a_taken_port_is_named_before_anything_starts(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        started = time.monotonic()
        ended = installation.run(*serve(port))
        assert time.monotonic() - started < 60
    assert ended.returncode == 1
    assert ended.stderr.strip().splitlines() == [
        f"CommandError: Cannot listen on 127.0.0.1:{port}: Address already in use. "
        "Choose another with --port (make: PORT=…)."
    ]


@pytest.mark.parametrize(
    ("host", "port", "says"),
    [
        ("127.0.0.1", 70_000, "--port 70000 is no port. Choose one from 1 to 65535."),
        ("127.0.0.1", 0, "--port 0 is no port"),
        ("127.0.0.1", -1, "--port -1 is no port"),
        ("no such host", 8000, "--host no such host is no address"),
        ("x" * 70, 8000, "is no address"),
        ("192.0.2.1", 8000, "It is no address of this machine"),
    ],
)
def test_where_nobody_can_listen_is_told_in_one_line(host: str, port: int, says: str) -> None:
    with pytest.raises(CommandError) as told:
        refuse_taken_port(host, port)
    assert says in str(told.value)
    assert "\n" not in str(told.value)


def test_it_serves_on_ipv6(installation: Installation) -> None:
    port = free_port()
    with installation.started(*serve(port), "--host", "::1") as process:
        read_until(f"http://[::1]:{port}/", process)
        with urllib.request.urlopen(f"http://[::1]:{port}/healthz", timeout=20) as answer:
            assert answer.status == 200


def test_links_lead_to_the_port_that_is_served() -> None:
    assert site_url("127.0.0.1", 8201) == "http://127.0.0.1:8201"
    assert site_url("0.0.0.0", 80) == "http://127.0.0.1:80"
    assert site_url("::1", 80) == site_url("::", 80) == "http://[::1]:80"
