"""Slow and oversized requests cost no thread: the site goes on, and each is told why it is not served."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from benchmarks.slow_clients import HALVES, page_of
from helpdesk.serving import arrival
from helpdesk.serving.arrival import Arrival, Refused, Stage, Store
from tests.installation import Installation, eventually, free_port

CONNECTIONS = 200


@pytest.fixture
def port(installation: Installation) -> Iterator[int]:
    port = free_port()
    web = (
        "-m",
        "gunicorn",
        "--config",
        "python:helpdesk.gunicorn",
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "2",
    )
    with installation.started(*web, "helpdesk.wsgi:application"):
        eventually(page_of(("127.0.0.1", port), "/healthz"), within=90, what="the server")
        yield port


def ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(request)
        answer = b""
        while part := client.recv(65536):
            answer += part
        return answer


def test_two_hundred_slow_connections_of_each_kind_do_not_stop_the_site(port: int) -> None:
    page = page_of(("127.0.0.1", port), "/api/tickets", status=401)
    for begun in HALVES.values():
        with ExitStack() as stack:
            for _ in range(CONNECTIONS):
                slow = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
                slow.sendall(begun)
            assert page()
    began = time.monotonic()
    tells = ask(port, b"GET /api/tickets HTTP/1.1\r\nHost: 127.")
    assert tells.startswith(b"HTTP/1.1 408")
    assert json.loads(tells.partition(b"\r\n\r\n")[2])["code"] == "timeout"
    assert time.monotonic() - began < arrival.HEAD_SECONDS + 5
    head = b"POST /tickets/new/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 300000000\r\n\r\n"
    assert ask(port, head).startswith(b"HTTP/1.1 413")
    chunks = b"POST /api/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert ask(port, chunks).startswith(b"HTTP/1.1 411")
    twice = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    both = ask(port, twice + twice.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert both.count(b"HTTP/1.1 200 OK") == 2


@pytest.fixture
def wire() -> Iterator[tuple[socket.socket, Arrival]]:
    client, server = socket.socketpair()
    server.setblocking(False)
    came = Arrival(server, Store(longest_body=1_000_000))
    yield client, came
    came.close()
    client.close()
    server.close()


HEAD = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n"


def test_a_request_that_comes_in_pieces_is_whole_in_the_end_and_takes_nothing_of_the_next(wire) -> None:
    client, came = wire
    request = HEAD % 5 + b"hello"
    for place in range(len(request)):
        assert came.take_in() is Stage.COMING
        client.send(request[place : place + 1])
    client.send(b"GET /next")
    assert came.take_in() is Stage.WHOLE
    assert b"".join(iter(lambda: came.recv(7), b"")) == request
    assert came.client.recv(100) == b"GET /next"


def test_a_long_body_lies_in_a_file_and_is_counted_until_it_is_done(wire) -> None:
    client, came = wire
    body = bytes(range(256)) * 1000
    client.send(HEAD % len(body))
    came.take_in()
    for start in range(0, len(body), 32_000):
        client.sendall(body[start : start + 32_000])
        stage = came.take_in()
    assert stage is Stage.WHOLE
    assert came.store.held == len(body)
    assert b"".join(iter(lambda: came.recv(5000), b"")).endswith(body)
    came.close()
    assert came.store.held == 0


@pytest.mark.parametrize(
    ("begun", "status"),
    [
        (HEAD % 2_000_000, 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, 431),
    ],
)
def test_what_is_not_taken_is_refused_before_it_is_read(wire, begun: bytes, status: int) -> None:
    client, came = wire
    client.sendall(begun)
    with pytest.raises(Refused) as refused:
        for _ in range(3):
            came.take_in()
    assert refused.value.status == status


def test_bodies_of_all_together_have_a_bound(wire, monkeypatch: pytest.MonkeyPatch) -> None:
    client, came = wire
    came.store.held = arrival.HELD_BY_ALL
    client.sendall(HEAD % 100_000)
    with pytest.raises(Refused) as refused:
        came.take_in()
    assert refused.value.status == 503


def test_a_client_that_waits_to_be_asked_for_the_body_is_asked(wire) -> None:
    client, came = wire
    client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
    assert came.take_in() is Stage.COMING
    assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_a_client_that_leaves_is_let_go(wire) -> None:
    client, came = wire
    client.sendall(b"GET / HT")
    client.shutdown(socket.SHUT_WR)
    assert came.take_in() is Stage.GONE
