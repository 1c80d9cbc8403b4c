"""Many clients who each send a ticket until it is answered, under one Idempotency-Key."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

TIMEOUT = 45.0  # seconds for one answer: more than any bounded wait of the product
PATIENCE = 240.0  # seconds for one ticket, however often it is sent


def address_of(key: str) -> str:
    """Each ticket is of a person of its own: nobody is sent the same answer twice, and the mail tells the ticket."""
    return f"{key}@example.com"


def body_of(number: int, key: str) -> str:
    """Half are for the machine, half for people."""
    wish = "Where is my refund?" if number % 2 else "The lamp in the hall hums."
    return f"{wish} My number is {key}."


@dataclass
class Sent:
    """What the clients know: which tickets were asked for, which were acknowledged, and how they were answered."""

    keys: list[str] = field(default_factory=list)
    acknowledged: dict[str, str] = field(default_factory=dict)  # key → reference
    statuses: Counter[str] = field(default_factory=Counter)
    lost_patience: list[str] = field(default_factory=list)


class Clients:
    """``number`` threads that work off ``tickets`` tickets."""

    def __init__(self, port: int, token: str, *, tickets: int, number: int, seed: int) -> None:
        self.port, self.token, self.seed = port, token, seed
        self.sent = Sent(keys=[f"k{place:06d}" for place in range(tickets)])
        self._left = iter(list(enumerate(self.sent.keys)))
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=(place,)) for place in range(number)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def done(self) -> int:
        return len(self.sent.acknowledged) + len(self.sent.lost_patience)

    @property
    def are_done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self, place: int) -> None:
        chance = random.Random(f"{self.seed}:{place}")
        while True:
            with self._lock:
                number, key = next(self._left, (0, ""))
            if not key:
                return
            self._send(number, key, chance)

    def _send(self, number: int, key: str, chance: random.Random) -> None:
        until = time.monotonic() + PATIENCE
        wish = json.dumps({"body": body_of(number, key), "requester_email": address_of(key)})
        while time.monotonic() < until:
            status, reference = self._post(wish, key)
            with self._lock:
                self.sent.statuses[status] += 1
                if status in {"200", "201"}:
                    self.sent.acknowledged[key] = reference
                    return
            time.sleep(chance.uniform(0.1, 0.6))
        with self._lock:
            self.sent.lost_patience.append(key)

    def _post(self, wish: str, key: str) -> tuple[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self.token}",
            "Idempotency-Key": key,
        }
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            line.request("POST", "/api/tickets", wish, headers)
            answer = line.getresponse()
            content = answer.read()
            reference = ""
            if answer.status in {200, 201}:
                reference = str(json.loads(content)["id"])
            return str(answer.status), reference
        except (OSError, http.client.HTTPException, ValueError) as error:
            return type(error).__name__, ""
        finally:
            with suppress(OSError):
                line.close()
