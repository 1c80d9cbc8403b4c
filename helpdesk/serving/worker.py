"""gunicorn's threaded worker, which always has a hand free to say whether it is well, and ends without a reset.

* A connection takes a thread only when a whole request is there (``arrival``), so that slow ones cost none.
* ``/healthz``, ``/readyz`` and ``/metrics`` are answered by a thread of their own: while all others wait for a row
  that somebody holds, whoever watches over the house still gets an answer.
* Told to end, it first takes in what the kernel has accepted already, and answers it.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

from django.conf import settings
from gunicorn import http
from gunicorn.workers.gthread import TConn, ThreadWorker

from helpdesk.serving.arrival import (
    AT_ONCE,
    GOODBYE_SECONDS,
    Arrival,
    Refused,
    SpeaksProblems,
    Stage,
    Store,
    is_api,
    refusal,
    say_and_turn_away,
)

WATCHED: Final = tuple(
    f"{method} /{name}{end}".encode()
    for method in ("GET", "HEAD")
    for name in ("healthz", "readyz", "metrics")
    for end in (" ", "?")
)
#: Seconds between telling the workers to end and closing the door: they take in who stands before it.
LAST_CALL: Final = 0.3


class Worker(ThreadWorker):
    def init_process(self) -> None:
        self.watched = ThreadPoolExecutor(max_workers=1, thread_name_prefix="watched")
        self.here = threading.local()  # the head of what each thread serves
        self.store = Store(longest_body=settings.REQUEST_MAX_BYTES)
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Take one connection in and wait for its first bytes without a thread."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # another worker was faster, or the client is gone
        except OSError:
            if self.alive:
                raise
            return  # the door was closed while this worker ends
        self.nr_conns += 1
        self.await_request(TConn(self.cfg, client, address, listener.getsockname()))

    def await_request(self, conn: Any) -> None:
        """Take the next request of a connection in as it comes."""
        conn.sock.setblocking(False)
        conn.arrival = Arrival(conn.sock, self.store)
        conn.timeout = conn.arrival.deadline
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """A connection that was kept alive begins another request."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self.await_request(conn)
        self.on_pending_socket_readable(conn, client)

    def on_pending_socket_readable(self, conn: Any, client: socket.socket) -> None:
        if conn.arrival.refused:
            self.listen_no_longer(conn)
            return
        try:
            stage = conn.arrival.take_in()
        except Refused as refused:
            self.turn_away(conn, refused.status)
            return
        conn.timeout = conn.arrival.deadline
        if stage is Stage.GONE:
            self.let_go(conn)
        elif stage is Stage.WHOLE:
            self.poller.unregister(client)
            self.pending_conns.remove(conn)
            self.enqueue_req(conn)

    def turn_away(self, conn: Any, status: int) -> None:
        """Answer without a thread; the client may finish its sentence, which nobody keeps."""
        answer = refusal(conn.arrival.head, status)
        conn.arrival.close()
        conn.arrival.refused = True
        conn.timeout = time.monotonic() + GOODBYE_SECONDS
        say_and_turn_away(conn.sock, answer)

    def listen_no_longer(self, conn: Any) -> None:
        try:
            if conn.sock.recv(AT_ONCE):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.let_go(conn)

    def let_go(self, conn: Any) -> None:
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)
        self.nr_conns -= 1
        conn.arrival.close()
        conn.close()

    def murder_pending(self) -> None:
        """End what has taken too long; who has sent the beginning of a request is told."""
        now = time.monotonic()
        for conn in [conn for conn in self.pending_conns if conn.timeout < now]:
            if conn.arrival.refused or not conn.arrival.head:
                self.let_go(conn)
            else:
                self.turn_away(conn, 408)

    def enqueue_req(self, conn: Any) -> None:
        pool = self.watched if conn.arrival.head.startswith(WATCHED) else self.tpool
        conn.parser = http.get_parser(self.cfg, conn.arrival, conn.client)
        conn.initialized = True
        future = pool.submit(self.handle, conn)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

    def handle(self, conn: Any) -> Any:
        self.here.head = conn.arrival.head
        return super().handle(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """What the parser refuses is a problem too below ``/api/``."""
        head = self.here.head
        super().handle_error(req, SpeaksProblems(client, head) if is_api(head) else client, addr, exc)

    def finish_request(self, conn: Any, fs: Any) -> None:
        conn.arrival.close()
        super().finish_request(conn, fs)

    def set_accept_enabled(self, enabled: bool) -> None:
        if not enabled and not self.alive:
            self.take_in_who_waits()
        super().set_accept_enabled(enabled)

    def take_in_who_waits(self) -> None:
        """For a moment after being told to end, take in what the kernel has accepted."""
        until = time.monotonic() + LAST_CALL * 2
        while self._accepting and time.monotonic() < until and not self._door_is_closed():
            self.wait_for_and_dispatch_events(timeout=0.05)

    def _door_is_closed(self) -> bool:
        return all(
            not listener.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) for listener in self.sockets
        )


def close_door_before_stopping(arbiter: Any) -> None:
    """Have the master refuse new connections while its workers still take in those that stand before the door.

    Otherwise each worker's socket goes on accepting until the last one ends, and what it accepted is then reset. Not
    while another master serves the same socket (an upgrade by USR2, or a socket that systemd holds).
    """
    stop = arbiter.stop

    def stop_after_last_call(graceful: bool = True) -> None:
        shared = arbiter.reexec_pid or arbiter.master_pid or arbiter.systemd or arbiter.cfg.reuse_port
        if graceful and not shared:
            listeners = [one.sock.dup() for one in arbiter.LISTENERS]
            threading.Thread(target=close_after_last_call, args=(listeners,), daemon=True).start()
        stop(graceful)

    arbiter.stop = stop_after_last_call


def close_after_last_call(listeners: list[socket.socket]) -> None:
    time.sleep(LAST_CALL)
    for one in listeners:
        one.shutdown(socket.SHUT_RD)
        one.close()
