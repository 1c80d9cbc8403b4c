"""Models: real HTTP servers on this machine that answer as a test tells them to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tickets.background import jobs
from tickets.background.lanes import DRAFTS


@dataclass
class Model:
    """``says`` makes the text of an answer from the question; ``sends`` takes the connection over altogether."""

    says: Callable[[dict[str, Any]], str] = lambda given: json.dumps(
        {"use": list(given.get("paragraphs", given))[:2]}
    )
    sends: Callable[[Any], None] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)

    @property
    def given(self) -> dict[str, Any]:
        """What stood in the last question beside the orders."""
        return json.loads(self.asked[-1]["messages"][1]["content"])  # type: ignore[no-any-return]


def streamed(handler: Any, text: str, *, finish: str | None = "stop", status: int = 200) -> None:
    """As OpenAI-compatible servers stream: pieces, the reason for the end, the usage, and a last word."""
    handler.send_response(status)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()
    pieces = [text[place : place + 7] for place in range(0, len(text), 7)]
    events: list[Any] = [
        {"choices": [{"delta": {"content": piece}, "finish_reason": None}]} for piece in pieces
    ]
    if finish:
        events.append({"choices": [{"delta": {}, "finish_reason": finish}]})
        events.append({"choices": [], "usage": {"total_tokens": 123}})
    for event in events:
        handler.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
    if finish:
        handler.wfile.write(b"data: [DONE]\n\n")


class Handler(BaseHTTPRequestHandler):
    model: Model

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.model.asked.append(body)
        self.model.headers.append(dict(self.headers))
        if self.model.sends is not None:
            with suppress(OSError):  # the other side may have hung up, as it should
                self.model.sends(self)
            return
        streamed(self, self.model.says(json.loads(body["messages"][1]["content"])))

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def model(settings: Any) -> Iterator[Model]:
    one = Model()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"model": one}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    settings.LLM_URL = f"http://127.0.0.1:{server.server_port}/v1"
    settings.LLM_MODEL, settings.LLM_KEY = "stub", "a-key"
    settings.LLM_INTERNAL_HOSTS = ["127.0.0.1"]
    yield one
    server.shutdown()
    server.server_close()


@pytest.fixture
def write() -> Callable[[], int]:
    """Have the worker do what waits in the drafts' lane."""
    return lambda: jobs.run_due(lane=DRAFTS)
