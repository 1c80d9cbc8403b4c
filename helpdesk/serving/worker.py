"""gunicorn's threaded worker, which always has a hand free to say whether it is well, and ends without a reset.

* A connection takes a thread only when its first bytes are there, so that silent ones cost none.
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

from gunicorn.workers.gthread import TConn, ThreadWorker

WATCHED: Final = tuple(
    f"{method} /{name}{end}".encode()
    for method in ("GET", "HEAD")
    for name in ("healthz", "readyz", "metrics")
    for end in (" ", "?")
)
LONGEST: Final = max(map(len, WATCHED))
#: Seconds between telling the workers to end and closing the door: they take in who stands before it.
LAST_CALL: Final = 0.3


class Worker(ThreadWorker):
    def init_process(self) -> None:
        self.watched = ThreadPoolExecutor(max_workers=1, thread_name_prefix="watched")
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
        conn = TConn(self.cfg, client, address, listener.getsockname())
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def enqueue_req(self, conn: Any) -> None:
        pool = self.watched if asks_how_we_are(conn.sock) else self.tpool
        future = pool.submit(self.handle, conn)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, conn, done))

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


def asks_how_we_are(client: socket.socket) -> bool:
    """Whether the request that waits in this socket is one of WATCHED; its bytes stay where they are."""
    try:
        client.setblocking(False)
        return client.recv(LONGEST, socket.MSG_PEEK).startswith(WATCHED)
    except OSError:
        return False


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
