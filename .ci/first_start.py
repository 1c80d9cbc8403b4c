"""`make run` as a newcomer meets it: from nothing, then again; each time up, answering, and gone on Ctrl-C."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("/healthz", "/", "/tickets/new/", "/accounts/login/", "/api/docs", "/demo/mail/")
LONGEST_START = 420.0


def main() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for start in ("from nothing", "again"):
        print(f"{start}: up in {run(port):.1f} s", flush=True)
    return 0


def run(port: int) -> float:
    """Start, look at the pages, stop; returns the seconds until it answered."""
    started = time.monotonic()
    process = subprocess.Popen(
        ["make", "run", f"PORT={port}"], cwd=ROOT, stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while not answers(port, "/healthz"):
            if process.poll() is not None or time.monotonic() - started > LONGEST_START:
                sys.exit("It did not come up.")
            time.sleep(0.1)
        seconds = time.monotonic() - started
        silent = [page for page in PAGES if not answers(port, page)]
        if silent:
            sys.exit(f"No answer from: {', '.join(silent)}")
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does on Ctrl-C
        process.wait(30)
        return seconds
    finally:
        if left := left_after(process.pid, seconds=10):
            os.killpg(process.pid, signal.SIGKILL)
            sys.exit(f"It left processes behind: {left}")


def answers(port: int, page: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=20) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def left_after(group: int, *, seconds: float) -> str:
    """What is left of the process group when it has had ``seconds`` to end; empty if nothing."""
    deadline = time.monotonic() + seconds
    while left := members(group):
        if time.monotonic() > deadline:
            return left
        time.sleep(0.1)
    return ""


def members(group: int) -> str:
    """The living processes of the group; one that is dead and waits to be collected does not count."""
    listed = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True)
    rows = (line.split(None, 2) for line in listed.stdout.splitlines())
    return "; ".join(row[2] for row in rows if row[0] == str(group) and not row[1].startswith("Z"))


if __name__ == "__main__":
    sys.exit(main())
