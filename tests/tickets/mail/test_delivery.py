"""A delivery ends before its lease, whatever the server does, encrypted or not."""

from __future__ import annotations

import smtplib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tickets.background.jobs import LEASE
from tickets.mail import delivery
from tickets.mail.delivery import Backend, Bounded, BoundedSSL


@pytest.mark.parametrize("encrypted", [False, True])
def test_every_connection_is_bounded_and_only_what_shall_be_is_encrypted(encrypted: bool) -> None:
    chosen = Backend(use_ssl=encrypted).connection_class
    assert issubclass(chosen, Bounded)
    assert issubclass(chosen, smtplib.SMTP_SSL) is encrypted


@pytest.fixture
def wordless() -> Iterator[tuple[str, int]]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


def timers() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if isinstance(one, threading.Timer) and one.is_alive()]


@pytest.mark.parametrize("kind", [Bounded, BoundedSSL])
def test_the_clock_runs_from_the_beginning_and_hangs_up(
    kind: type[Bounded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SECONDS", 0.05)
    connection = kind()  # to nobody yet
    clock = connection._end
    assert clock.daemon  # a worker that ends waits for no clock
    clock.join(60)
    with pytest.raises(smtplib.SMTPServerDisconnected, match="took longer"):
        connection.send(b"NOOP\r\n")


def test_a_server_without_a_word_is_left_in_time(
    wordless: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SECONDS", 0.1)
    began = time.monotonic()
    with pytest.raises((OSError, smtplib.SMTPException)):
        Bounded(*wordless, timeout=60)
    assert time.monotonic() - began < 50


def test_no_clock_runs_on_after_the_delivery(wordless: tuple[str, int]) -> None:
    before = set(timers())
    with pytest.raises(OSError, match="refused"):
        Bounded("127.0.0.1", 1, timeout=1)  # nobody listens there
    open_ended = Bounded()
    open_ended.close()
    for clock in set(timers()) - before:
        clock.join(30)
    assert set(timers()) <= before


def test_hanging_up_what_is_closed_already_is_no_error() -> None:
    here, there = socket.socketpair()
    there.close()
    here.close()
    connection = Bounded()
    connection.sock = here
    connection._hang_up()
    connection.sock = None
    connection._hang_up()
    connection._end.cancel()
    assert here.fileno() == -1


def test_a_connection_that_is_closed_holds_no_socket() -> None:
    here, there = socket.socketpair()
    with there:
        connection = Bounded()
        connection.sock = here
        connection.close()
        assert (connection.sock, here.fileno()) == (None, -1)


def test_a_delivery_leaves_its_lease_one_wait_and_five_seconds(settings: Any) -> None:
    assert LEASE.total_seconds() == delivery.SECONDS + settings.EMAIL_TIMEOUT + 5
