"""Receivers: real servers on this machine, each of which answers as it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tickets.webhooks.models import Endpoint


@dataclass
class Receiver:
    """What came in, and what is answered: a status, or a function that holds the connection."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[Any], None] | None = None
    got: list[tuple[dict[str, str], str, float]] = field(default_factory=list)
    url: str = ""

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _, _ in self.got]


def serve(receiver: Receiver) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            receiver.got.append(
                ({name.lower(): value for name, value in self.headers.items()}, body, time.time())
            )
            if receiver.before is not None:
                receiver.before(self)
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_INTERNAL_HOSTS = ["127.0.0.1"]
    one = Receiver()
    server = serve(one)
    yield one
    server.shutdown()
    server.server_close()


def endpoint_for(url: str, **facts: Any) -> tuple[Endpoint, str]:
    endpoint = Endpoint(name="CRM", url=url, **facts)
    secret = endpoint.renew_secret()
    endpoint.switch_on()
    endpoint.save()
    return endpoint, secret
