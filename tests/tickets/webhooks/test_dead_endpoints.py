"""Ten dead endpoints beside a healthy one, with a real worker: the healthy one is told within seconds."""

from __future__ import annotations

import json
import statistics
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from tests.installation import Installation, eventually, free_port
from tests.tickets.webhooks.conftest import Receiver, serve

SCENE = """
import django, json, sys; django.setup()
from tickets.models import Ticket
from tickets.webhooks.models import Endpoint
for url in json.loads(sys.argv[1]):
    endpoint = Endpoint(name=url[-20:], url=url, types=["ticket.noted"])
    endpoint.renew_secret(); endpoint.switch_on(); endpoint.save()
Ticket.objects.create(requester_email="guest@example.com", subject="Refund")
"""
HAPPEN = """
import django, sys, threading; django.setup()
from tickets.audit import Event
from tickets.models import Ticket
ticket, pace = Ticket.objects.get(), threading.Event()
for number in range(int(sys.argv[1])):
    Event(ticket=ticket, kind="noted", facts={"message": number}).save()
    pace.wait(float(sys.argv[2]))
"""


@contextmanager
def served(receiver: Receiver) -> Iterator[str]:
    server = serve(receiver)
    try:
        yield receiver.url
    finally:
        server.shutdown()
        server.server_close()


def delays(folder: Path, database: Path, *, events: int, pace: float) -> tuple[list[float], list[Receiver]]:
    """Seconds from an Event to its arrival at the healthy endpoint, beside ten that are dead in three ways."""
    house = Installation(folder, WEBHOOK_INTERNAL_HOSTS="127.0.0.1")
    house.folder.mkdir()
    house.database.write_bytes(database.read_bytes())
    over = threading.Event()
    healthy, silent, ill = (
        Receiver(),
        Receiver(before=lambda handler: over.wait(120) and None),
        Receiver(status=500),
    )
    with ExitStack() as stack:
        for receiver in (healthy, silent, ill):
            stack.enter_context(served(receiver))
        stack.callback(over.set)
        closed = [f"http://127.0.0.1:{free_port()}/" for _ in range(3)]
        dead = (
            [f"{silent.url}/{number}" for number in range(4)]
            + [f"{ill.url}/{number}" for number in range(3)]
            + closed
        )
        made = house.run("-c", SCENE, json.dumps([*dead, healthy.url]))
        assert made.returncode == 0, made.stderr
        stack.enter_context(house.started("manage.py", "work"))
        happened = house.run("-c", HAPPEN, str(events), str(pace))
        assert happened.returncode == 0, happened.stderr
        eventually(lambda: len(set(healthy.ids)) == events, within=60, what="the last delivery")
    told = [(json.loads(body)["timestamp"], at) for _, body, at in healthy.got]
    return [at - datetime.fromisoformat(timestamp).timestamp() for timestamp, at in told], [silent, ill]


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


@pytest.mark.process
def test_ten_dead_endpoints_do_not_slow_a_healthy_one(tmp_path: Path, migrated_database: Path) -> None:
    waited, dead = delays(tmp_path / "var", migrated_database, events=20, pace=0.1)
    assert all(receiver.got for receiver in dead), "the dead ones were tried"
    assert len(waited) == 20, "each once"
    assert p95(waited) < 5


@pytest.mark.prove
@pytest.mark.process
def test_ten_dead_endpoints_do_not_slow_a_healthy_one_for_minutes(
    tmp_path: Path, migrated_database: Path
) -> None:
    waited, _dead = delays(tmp_path / "var", migrated_database, events=1_000, pace=0.15)
    assert p95(waited) < 5
    print(f"p50 {statistics.median(waited):.2f} s, p95 {p95(waited):.2f} s, longest {max(waited):.2f} s")
