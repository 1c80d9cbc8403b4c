"""A request is taken in whole before a thread is given to it, so that slow senders cost none.

The worker's loop reads what has come without waiting: the head into memory, a longer body into a file. Only when all
of it is there does a thread parse it, from what is held here. A head or body that takes too long, is too large or does
not say how long it is is refused before it is read.
"""

from __future__ import annotations

import re
import socket
import tempfile
import time
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from accounts.contract import problems

HEAD_SECONDS: Final = 10.0  # from the first byte waited for to the blank line
BODY_SECONDS: Final = 10.0  # and beyond that as long as SLOWEST takes
SLOWEST: Final = 32 * 1024  # bytes a second
LONGEST_HEAD: Final = 64 * 1024
IN_MEMORY: Final = 64 * 1024
AT_ONCE: Final = 1024 * 1024  # taken from one connection before the others get their turn
HELD_BY_ALL: Final = 256 * 1024 * 1024  # bytes of bodies on their way, of one worker
GOODBYE_SECONDS: Final = (
    2.0  # a refused client may go on sending for so long, or it would not read the answer
)

LENGTH: Final = re.compile(rb"^content-length[ \t]*:[ \t]*(\d{1,15})[ \t]*\r$", re.IGNORECASE | re.MULTILINE)
CHUNKED: Final = re.compile(rb"^transfer-encoding[ \t]*:", re.IGNORECASE | re.MULTILINE)
EXPECTS: Final = re.compile(rb"^expect[ \t]*:[ \t]*100-continue", re.IGNORECASE | re.MULTILINE)

REFUSALS: Final = {
    408: ("Request Timeout", "timeout", "The request took too long to arrive. Please send it again."),
    411: ("Length Required", "length_required", "Say in Content-Length how long the body is."),
    413: ("Content Too Large", "too_large", "That is too large. Send fewer or smaller files."),
    431: ("Request Header Fields Too Large", "head_too_large", "The head of the request is too large."),
    503: (
        "Service Unavailable",
        "busy",
        "Too much is being sent to us at the moment. Please try again soon.",
    ),
}


class Stage(Enum):
    COMING = auto()
    WHOLE = auto()
    GONE = auto()


class Refused(Exception):
    """The request is not taken; ``status`` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class Store:
    """What all connections of a worker hold, and how long a body may be."""

    longest_body: int
    held: int = 0


class Arrival:
    """The next request of one connection, as far as it has come. ``recv`` gives it to the parser."""

    def __init__(self, client: socket.socket, store: Store) -> None:
        self.client, self.store = client, store
        self.head, self.left = b"", -1  # bytes of the body that are still to come; -1: the head is not whole
        self.deadline = time.monotonic() + HEAD_SECONDS
        self.body = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # closed by close()
        self.size = self.given = 0
        self.refused = False

    def take_in(self) -> Stage:
        """Read what has come. Raises Refused."""
        taken = 0
        while taken < AT_ONCE:
            if self.left == 0:
                self.body.seek(0)
                return Stage.WHOLE
            try:
                count = self._more_of_head() if self.left < 0 else self._more_of_body()
            except BlockingIOError:
                return Stage.COMING
            except OSError:
                return Stage.GONE
            if not count:
                return Stage.GONE
            taken += count
        return Stage.COMING

    def _more_of_head(self) -> int:
        """Take bytes up to the end of the head and none of what follows it, which may be another request's."""
        ahead = self.client.recv(LONGEST_HEAD, socket.MSG_PEEK)
        joined = self.head + ahead
        end = joined.find(b"\r\n\r\n", max(0, len(self.head) - 3))
        count = len(ahead) if end < 0 else end + 4 - len(self.head)
        if count:
            self.head += self.client.recv(count)
        if len(self.head) > LONGEST_HEAD:
            raise Refused(431)
        if end >= 0:
            self._expect_body()
        return count

    def _expect_body(self) -> None:
        if CHUNKED.search(self.head):
            raise Refused(411)
        lengths = {int(length) for length in LENGTH.findall(self.head)}
        self.left = lengths.pop() if len(lengths) == 1 else 0  # the parser refuses two that differ
        if self.left > self.store.longest_body:
            raise Refused(413)
        if self.left > IN_MEMORY and self.store.held + self.left > HELD_BY_ALL:
            raise Refused(503)
        self.deadline = time.monotonic() + BODY_SECONDS + self.left / SLOWEST
        if self.left and EXPECTS.search(self.head):
            self.client.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _more_of_body(self) -> int:
        data = self.client.recv(min(self.left, AT_ONCE))
        self.body.write(data)
        self.left -= len(data)
        self.size += len(data)
        self.store.held += len(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        """As a socket's: first the head, then the body; nothing more when it is at its end."""
        if self.given < len(self.head):
            part = self.head[self.given : self.given + size]
            self.given += len(part)
            return part
        return self.body.read(size)

    def close(self) -> None:
        self.store.held -= self.size
        self.size = 0
        self.body.close()


def is_api(head: bytes) -> bool:
    return head.split(b" ", 2)[1:2] != [] and head.split(b" ", 2)[1].startswith(b"/api/")


def refusal(head: bytes, status: int) -> bytes:
    """The answer to a request that is not taken: a problem below ``/api/``, a sentence elsewhere."""
    title, code, message = REFUSALS.get(status, (HTTPStatus(status).phrase, "", ""))
    if is_api(head):
        path = head.split(b" ", 2)[1].partition(b"?")[0].decode("ascii", "replace")
        body = problems.written(status, problems.told(code, message), quote(path, safe="/%"))
    else:
        body = f"{message or title}\n".encode()
    kind = problems.MEDIA_TYPE if is_api(head) else "text/plain; charset=utf-8"
    retry = "Retry-After: 10\r\n" if status in {408, 503} else ""
    lines = (
        f"HTTP/1.1 {status} {title}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: no-store\r\n{retry}Connection: close\r\n"
    )
    return lines.encode() + b"\r\n" + body


class SpeaksProblems:
    """A connection on which the server's own page of an error goes out as a problem of the same status."""

    def __init__(self, client: Any, head: bytes) -> None:
        self.client, self.head = client, head

    def sendall(self, page: bytes) -> None:
        self.client.sendall(refusal(self.head, int(page.split(b" ", 2)[1])))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


def say_and_turn_away(client: Any, answer: bytes) -> None:
    """Send what fits without waiting, and no more after it."""
    try:
        client.send(answer)
        client.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the client is gone, or reads nothing
