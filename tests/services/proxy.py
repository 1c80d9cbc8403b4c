"""A wire that can be cut: stands between the product and a server, so that outages can be made at will."""

from __future__ import annotations

import contextlib
import socket
import threading

from tests.installation import free_port


class Proxy:
    """Forwards TCP to ``(host, port)``; can be cut (connections refused) or stalled (nothing gets through)."""

    def __init__(self, host: str, port: int) -> None:
        self.target, self.port = (host, port), free_port()
        self._flows = threading.Event()
        self._flows.set()
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []

    def start(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """End all connections and refuse new ones, as a server that is gone."""
        self._flows.set()
        if self._listener is not None:
            # A thread that waits in accept() keeps the port open until it is woken by the shutdown.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._listener, self._open = None, []

    def stall(self) -> None:
        """Take what is sent and pass nothing on, as a server that hangs."""
        self._flows.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self.target)
            except OSError:
                return
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
