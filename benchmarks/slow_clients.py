"""How a web server stands slow clients: ``python -m benchmarks.slow_clients`` while `manage.py serve` runs.

Opens connections of one kind (no bytes at all, half a head, half a small body, half a large one) and asks for a page
meanwhile: how many answers came within the time, and how long they took.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

HALVES: dict[str, bytes] = {
    "silent": b"",
    "half a head": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
    "half a small body": b"POST /api/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{",
    "half a large body": b"POST /tickets/new/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; "
    b"boundary=x\r\nContent-Length: 2000000\r\n\r\n" + b"-" * 200_000,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000/healthz")
    parser.add_argument("--page", default="/accounts/login/", help="the page that others ask for meanwhile")
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    at = urlsplit(options.url)
    address = (at.hostname or "127.0.0.1", at.port or 80)
    ask = page_of(address, options.page)
    print(
        f"{'200 connections' if options.connections == 200 else options.connections:<20} answers  p50 ms  slowest ms"
    )
    print(f"{'none':<20} {told(measure(ask, options.seconds))}")
    for kind, bytes_sent in HALVES.items():
        with ExitStack() as stack:
            for _ in range(options.connections):
                slow = stack.enter_context(socket.create_connection(address, timeout=5))
                slow.sendall(bytes_sent)
            print(f"{kind:<20} {told(measure(ask, options.seconds))}", flush=True)


def page_of(address: tuple[str, int], page: str, status: int = 200) -> Callable[[], bool]:
    request = f"GET {page} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()

    def ask() -> bool:
        try:
            with socket.create_connection(address, timeout=5) as client:
                client.sendall(request)
                return client.recv(64).startswith(f"HTTP/1.1 {status}".encode())
        except OSError:
            return False

    return ask


def measure(ask: Callable[[], bool], seconds: float) -> tuple[int, int, list[float]]:
    """(answered, asked, milliseconds of each answer): one question after the other, ten a second at most."""
    answered = asked = 0
    times: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        asked += 1
        if ask():
            answered += 1
            times.append((time.monotonic() - began) * 1000)
        time.sleep(max(0.0, 0.1 - (time.monotonic() - began)))
    return answered, asked, times


def told(measured: tuple[int, int, list[float]]) -> str:
    answered, asked, times = measured
    if not times:
        return f"{answered}/{asked}".rjust(7) + "       –           –"
    return f"{answered}/{asked}".rjust(7) + f"  {statistics.median(times):6.0f}  {max(times):10.0f}"


if __name__ == "__main__":
    main()
