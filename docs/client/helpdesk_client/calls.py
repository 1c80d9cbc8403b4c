"""The calls, over the standard library alone."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from helpdesk_client.events import Feed


class Problem(Exception):
    """What the API refuses (RFC 9457): ``code`` is for programs, the message for people."""

    def __init__(self, status: int, told: Mapping[str, Any], retry_after: str | None) -> None:
        super().__init__(str(told.get("detail", f"The API answered {status}.")))
        self.status, self.code = status, str(told.get("code", ""))
        self.violations: list[dict[str, Any]] = list(told.get("violations", []))
        self.retry_after = int(retry_after) if retry_after and retry_after.isdecimal() else None


@dataclass(frozen=True)
class Ticket:
    id: str
    status: str
    subject: str
    url: str


@dataclass(frozen=True)
class Decision:
    """What triage made of a ticket; ``response`` is the answer that was sent, if one was."""

    action: str
    reason: str
    confidence: float
    threshold: float
    intent: str
    response: str | None


@dataclass(frozen=True)
class Webhook:
    id: int
    url: str
    secret: str


class Helpdesk:
    """``address`` is that of the site, ``token`` an API token with the scopes that the calls need."""

    def __init__(self, address: str, token: str, *, timeout: float = 30.0) -> None:
        if not address.startswith(("https://", "http://")):
            raise ValueError("The address begins with https://")
        self._address, self._token, self._timeout = address.rstrip("/"), token, timeout

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Any endpoint. Raises Problem where it refuses."""
        known = {"Authorization": f"Bearer {self._token}", "Accept": "application/json", **headers}
        raw = None
        if body is not None:
            raw, known["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = Request(f"{self._address}/api/{path}", raw, known, method=method)  # noqa: S310  # checked above
        try:
            with urlopen(request, timeout=self._timeout) as answer:  # noqa: S310
                content = answer.read()
        except HTTPError as error:
            raise Problem(error.code, _problem(error.read()), error.headers.get("Retry-After")) from None
        return json.loads(content) if content else None

    def create_ticket(
        self, body: str, *, subject: str = "", human_requested: bool = False, key: str | None = None
    ) -> Ticket:
        """``key``: sent again, the same ticket comes back and none is made. Without it every call has its own."""
        wish = {"body": body, "subject": subject, "human_requested": human_requested}
        return _ticket(self.call("POST", "tickets", wish, **{"Idempotency-Key": key or str(uuid.uuid4())}))

    def ticket(self, reference: str) -> Ticket:
        return _ticket(self.call("GET", f"tickets/{quote(reference, safe='')}"))

    def decision(self, reference: str) -> Decision:
        """What triage decided; it decides now where it has not. Safe to repeat."""
        told = self.call("POST", f"tickets/{quote(reference, safe='')}/resolve")
        return Decision(
            told["action"],
            told["reason"],
            told["confidence"],
            told["threshold"],
            told["intent"],
            told["response"],
        )

    def feed(self, place: int = 0, *, limit: int = 500) -> Feed:
        """The feed of Events after ``place``."""

        def fetch(after: int) -> Any:
            return self.call("GET", f"events?{urlencode({'after': after, 'limit': limit})}")

        return Feed(fetch, place)

    def create_webhook(self, name: str, url: str, types: Sequence[str] = ()) -> Webhook:
        """``secret`` is told this once."""
        made = self.call("POST", "webhooks", {"name": name, "url": url, "types": list(types)})
        return Webhook(made["id"], made["url"], made["secret"])


def _ticket(told: Mapping[str, Any]) -> Ticket:
    return Ticket(told["id"], told["status"], told["subject"], told["url"])


def _problem(content: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(content)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
