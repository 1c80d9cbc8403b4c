"""Events, from the feed or a webhook, and the proof that none is missing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import standardwebhooks


@dataclass(frozen=True)
class Event:
    """Something that happened to a ticket; ``position`` is its place in the trail, without a gap."""

    position: int
    type: str
    at: datetime
    ticket: str
    actor: int | None
    before: str | None
    after: str | None
    facts: Mapping[str, Any]
    seal: str


class Gap(Exception):
    """The feed skipped a position, which it never does: something between it and us lost Events."""


def event(told: Mapping[str, Any]) -> Event:
    return Event(
        position=told["position"],
        type=told["type"],
        at=datetime.fromisoformat(told["at"]),
        ticket=told["ticket"],
        actor=told["actor"],
        before=told["before"],
        after=told["after"],
        facts=told["facts"],
        seal=told["seal"],
    )


class Feed:
    """Reads on from ``place``; keep it where it survives a restart. Every position is checked to follow the one before."""

    def __init__(self, fetch: Callable[[int], Mapping[str, Any]], place: int = 0) -> None:
        self._fetch, self.place = fetch, place

    def read(self) -> Iterator[Event]:
        """All that is new. ``place`` moves past an Event when the next one is asked for, so what fails is read again."""
        more = True
        while more:
            page = self._fetch(self.place)
            for told in page["results"]:
                new = event(told)
                if new.position != self.place + 1:
                    raise Gap(f"After {self.place} came {new.position}.")
                yield new
                self.place = new.position
            more = page["more"]


def read_webhook(secret: str, body: bytes | str, headers: Mapping[str, str]) -> Event | None:
    """The Event of a webhook whose signature holds; None for a test. Raises WebhookVerificationError else."""
    message = standardwebhooks.Webhook(secret).verify(body, dict(headers))
    if message["type"] == "webhook.test":
        return None
    return event({**message["data"], "type": message["type"], "at": message["timestamp"]})


def missed(received: Collection[int], feed: Iterable[Event], types: Collection[str] = ()) -> list[Event]:
    """What the feed tells of these types (none: of all) and no webhook brought: ``received`` are their positions."""
    return [one for one in feed if (not types or one.type in types) and one.position not in received]
