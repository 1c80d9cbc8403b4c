"""One attempt: a signed request to an address that was checked, which always ends in time."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from django.conf import settings
from standardwebhooks import Webhook

from accounts.sealing import Unsealable
from tickets import feed
from tickets.background.faults import describe
from tickets.webhooks import guard
from tickets.webhooks.models import Delivery, Endpoint

SECONDS: Final = 15.0  # of an attempt altogether, whatever the other side does
CONNECTING: Final = 5.0
ADDRESSES: Final = 3  # of one name that are tried


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: the status of the answer, or what went wrong before there was one."""

    status: int | None
    error: str
    milliseconds: int
    retry_after: int | None = None

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == 410

    @property
    def about_this_one(self) -> bool:
        """It answers, and refuses this message: others may be welcome."""
        return self.status is not None and 400 <= self.status < 500 and self.status not in {408, 425, 429}


def payload(delivery: Delivery) -> dict[str, Any]:
    """Ids and codes only: what may be read of the ticket, its receiver asks the API for."""
    if delivery.event is None:
        at = delivery.created_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return {"type": delivery.type, "timestamp": at, "data": {}}
    told = feed.told(delivery.event)
    return {"type": told.pop("type"), "timestamp": told.pop("at"), "data": told}


def written(delivery: Delivery) -> str:
    return json.dumps(payload(delivery), separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def headers(endpoint: Endpoint, delivery: Delivery, body: str) -> dict[str, str]:
    """Signed with each secret that is good, the newest first."""
    now = datetime.now(UTC)
    signatures = [Webhook(secret).sign(delivery.message_id, now, body) for secret in endpoint.live_secrets()]
    return {
        "Content-Type": "application/json",
        "User-Agent": f"Helpdesk-Webhooks/1 (+{settings.SITE_URL})",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def send(endpoint: Endpoint, delivery: Delivery) -> Outcome:
    """Try once. Never raises for what the other side does, nor for an address that is refused."""
    began = time.monotonic()
    try:
        body = written(delivery)
        known = headers(endpoint, delivery, body)
        target = guard.read(endpoint.url)
        status, after = _post(target, guard.resolve(target), body.encode(), known)
    except guard.Refused as error:
        return Outcome(None, f"Refused: {error}", _since(began))
    except Unsealable:
        return Outcome(None, "The secret can’t be read any more. Make a new one.", _since(began))
    except (OSError, http.client.HTTPException) as error:
        return Outcome(None, describe(error), _since(began))
    return Outcome(status, "" if 200 <= status < 300 else f"Answered {status}", _since(began), after)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _post(
    target: guard.Target, places: list[tuple[int, Any]], body: bytes, known: dict[str, str]
) -> tuple[int, int | None]:
    """Status and Retry-After. A redirect is an answer like any other: nobody follows it."""
    connection = Pinned(target, places)
    try:
        connection.request("POST", target.path, body=body, headers=known)
        answer = connection.getresponse()
        return answer.status, _seconds(answer.getheader("Retry-After"))
    finally:
        connection.close()


def _seconds(told: str | None) -> int | None:
    return int(told) if told is not None and told.isascii() and told.isdecimal() and len(told) < 7 else None


class Pinned(http.client.HTTPConnection):
    """Connects to addresses that were checked and to no others, and hangs up when its ``seconds`` are over."""

    def __init__(
        self, target: guard.Target, places: list[tuple[int, Any]], *, seconds: float | None = None
    ) -> None:
        super().__init__(target.host, target.port, timeout=CONNECTING)
        whole = SECONDS if seconds is None else seconds
        self.default_port = guard.PORTS[target.scheme]  # it is left out of the Host header
        self._target, self._places = target, places[:ADDRESSES]
        self._ends = time.monotonic() + whole
        self._open: socket.socket | None = None
        self._watch = threading.Timer(whole, self._hang_up)
        self._watch.daemon = True
        self._watch.start()

    def connect(self) -> None:
        plain = self._first_that_answers()
        plain.settimeout(max(0.1, self._ends - time.monotonic()))
        self.sock = (
            tls().wrap_socket(plain, server_hostname=self._target.host) if self._target.is_tls else plain
        )

    def _first_that_answers(self) -> socket.socket:
        failure: OSError = TimeoutError()
        for family, place in self._places:
            plain = socket.socket(family, socket.SOCK_STREAM)
            self._open = plain
            plain.settimeout(max(0.1, min(CONNECTING, self._ends - time.monotonic())))
            try:
                plain.connect(place)
            except OSError as error:
                plain.close()
                failure = error
            else:
                return plain
        raise failure

    def _hang_up(self) -> None:
        for one in (self.sock, self._open):
            if one is not None:
                with suppress(OSError):  # it may have been closed in this moment
                    one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._watch.cancel()
        super().close()
        if self._open is not None:
            self._open.close()


@cache
def tls() -> ssl.SSLContext:
    return ssl.create_default_context()
