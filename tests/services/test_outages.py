"""The database is away, silent, crowded or a row is held: waits end, what is said is true, and the rest goes on."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connection, transaction

from accounts.models import Role
from accounts.tokens import families
from helpdesk import pulse
from tests.conftest import person
from tests.installation import Installation, eventually, free_port
from tests.services.proxy import Proxy
from tickets.models import Message, Ticket

pytestmark = [pytest.mark.postgres, pytest.mark.process, pytest.mark.django_db(transaction=True)]
NO_ANSWER = 0  # instead of a status


@dataclass
class Answer:
    status: int
    seconds: float
    body: str = ""
    retry_after: str | None = None


@dataclass
class Site:
    port: int
    token: str
    house: Installation

    def ask(self, path: str, body: dict[str, str] | None = None, *, as_person: bool = True) -> Answer:
        headers = {"Content-Type": "application/json"}
        if as_person:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers)
        started = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=40) as answer:
                return Answer(answer.status, time.monotonic() - started, answer.read().decode())
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            return Answer(error.code, time.monotonic() - started, text, error.headers["Retry-After"])

    def health(self) -> Answer:
        return self.ask("/healthz", as_person=False)


@pytest.fixture
def wire() -> Iterator[Proxy]:
    at = connection.settings_dict
    proxy = Proxy(at["HOST"] or "127.0.0.1", int(at["PORT"]))
    proxy.start()
    yield proxy
    proxy.cut()


@pytest.fixture
def site(wire: Proxy, tmp_path: Path) -> Iterator[Site]:
    at = connection.settings_dict
    with serving(wire, tmp_path, at["USER"], at["PASSWORD"]) as site:
        yield site


@contextmanager
def serving(wire: Proxy, folder: Path, user: str, password: str) -> Iterator[Site]:
    """Two web processes of four threads on the test's own database, reached over a wire that can be cut."""
    port = free_port()
    rita = person("rita@example.com", Role.REQUESTER, "Rita")
    token = families.begin(rita)["access"]
    address = f"postgres://{user}:{password}@127.0.0.1:{wire.port}/{connection.settings_dict['NAME']}"
    house = Installation(folder, DATABASE_URL=address)
    web = ("-m", "gunicorn", "--config", "python:helpdesk.gunicorn", "--bind", f"127.0.0.1:{port}",
           "--workers", "2", "helpdesk.wsgi:application")  # fmt: skip
    with house.started(*web) as server:
        site = Site(port, token, house)
        site.server = server  # type: ignore[attr-defined]
        eventually(lambda: is_up(site), within=60, what="the web server")
        yield site


def is_up(site: Site) -> bool:
    with suppress(OSError):
        return site.health().status == 200
    return False


def in_threads(number: int, call) -> tuple[list[threading.Thread], list[Answer]]:  # type: ignore[no-untyped-def]
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(call())) for _ in range(number)]
    for thread in threads:
        thread.start()
    return threads, answers


def own_ticket(site: Site) -> Ticket:
    made = site.ask("/api/tickets", {"body": "Where is my refund?"})
    assert made.status == 201
    return Ticket.objects.get(reference=json.loads(made.body)["id"])


def test_while_every_thread_waits_for_a_held_row_health_answers_and_the_waits_end(site: Site) -> None:
    ticket = own_ticket(site)
    path = f"/api/tickets/{ticket.reference}/messages"
    with transaction.atomic():
        Ticket.objects.select_for_update().get(pk=ticket.pk)
        threads, answers = in_threads(16, lambda: site.ask(path, {"body": "Any news?"}))
        time.sleep(1.0)
        health = [site.health() for _ in range(5)]
        for thread in threads:
            thread.join(40)
    assert {one.status for one in health} == {200}
    assert max(one.seconds for one in health) < 1.0
    assert {one.status for one in answers} == {503}
    assert {one.retry_after for one in answers} == {"5"}
    true = ("What you sent wasn’t saved.", "We can’t tell whether what you sent was saved.")
    assert all(any(words in json.loads(one.body)["message"] for words in true) for one in answers)
    assert max(one.seconds for one in answers) < 20
    assert Message.objects.filter(ticket=ticket, body="Any news?").count() == 0
    assert site.ask(path, {"body": "Any news?"}).status == 201


def test_a_silent_database_is_noticed_at_once_and_no_request_waits_for_ever(site: Site, wire: Proxy) -> None:
    for _ in range(8):
        own_ticket(site)
    tickets = Ticket.objects.count()
    wire.stall()
    time.sleep(pulse.FRESH)  # so long the answer before counts
    threads, answers = in_threads(4, lambda: site.ask("/api/tickets", {"body": "Where is my refund?"}))
    health = [site.health() for _ in range(3)]
    for thread in threads:
        thread.join(40)
    assert {one.status for one in health} == {503}
    assert max(one.seconds for one in health) < 1.0
    assert {one.status for one in answers} == {503}
    assert max(one.seconds for one in answers) < 20
    assert {one.retry_after for one in answers} == {"10"}
    wire.cut()
    wire.start()
    eventually(lambda: is_up(site), what="the database again")
    assert Ticket.objects.count() == tickets
    assert site.ask("/api/tickets", {"body": "Where is my refund?"}).status == 201


def test_without_a_database_pages_and_programs_are_told_truly_and_soon(site: Site, wire: Proxy) -> None:
    own_ticket(site)
    wire.cut()
    page, call = site.ask("/accounts/login/", as_person=False), site.ask("/api/tickets", {"body": "Refund?"})
    sent = site.ask("/api/auth/login", {"email": "rita@example.com", "password": "x"}, as_person=False)
    assert (call.status, call.retry_after, json.loads(call.body)["code"]) == (503, "10", "database_away")
    assert "What you sent wasn’t saved." in json.loads(call.body)["message"]
    assert (sent.status, page.status) == (503, 503)
    assert max(call.seconds, sent.seconds, page.seconds) < 10
    assert "Traceback" not in call.body


@pytest.fixture
def few() -> Iterator[tuple[str, str]]:
    """A role that gets three connections."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE few LOGIN PASSWORD 'few' CONNECTION LIMIT 3")
        cursor.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO few")
        cursor.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO few")
    yield "few", "few"
    with connection.cursor() as cursor:
        cursor.execute("DROP OWNED BY few")
        cursor.execute("DROP ROLE few")


def test_where_connections_are_short_they_are_waited_for(
    wire: Proxy, tmp_path: Path, few: tuple[str, str]
) -> None:
    """Three connections for ten threads, and sixty wishes at once: none is a server error, none is lost."""
    with serving(wire, tmp_path, *few) as site:
        threads, answers = in_threads(60, lambda: site.ask("/api/tickets", {"body": "Where is my refund?"}))
        for thread in threads:
            thread.join(60)
    told = Counter(one.status for one in answers)
    assert set(told) <= {201, 503}
    assert told[201] == Ticket.objects.count() >= 50


def test_told_to_end_it_resets_nobody(site: Site) -> None:
    """Kept connections and new ones: each request that got in is answered, each other is refused at the door."""
    outcomes: Counter[str] = Counter()
    ended = threading.Event()

    def client(keep: bool) -> None:
        kept: http.client.HTTPConnection | None = None
        while not ended.is_set():
            one = kept or http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
            try:
                one.connect() if one.sock is None else None
            except OSError:
                outcomes["refused"] += 1
                return
            try:
                one.request("GET", "/api/tickets", headers={"Authorization": f"Bearer {site.token}"})
                answer = one.getresponse()
                answer.read()
                outcomes[str(answer.status)] += 1
            except (OSError, http.client.HTTPException) as error:
                outcomes[f"reset {'at the door' if kept is None else 'kept'}: {type(error).__name__}"] += 1
                return
            kept = one if keep and answer.getheader("Connection") != "close" else None
            if kept is None:
                one.close()

    clients = [threading.Thread(target=client, args=(number % 2 == 0,)) for number in range(16)]
    for one in clients:
        one.start()
    time.sleep(1.5)
    site.server.send_signal(signal.SIGTERM)  # type: ignore[attr-defined]
    site.server.wait(30)  # type: ignore[attr-defined]
    ended.set()
    for one in clients:
        one.join(30)
    assert outcomes["200"] > 10
    resets = {name: number for name, number in outcomes.items() if name.startswith("reset")}
    # What waits in the kernel's queue when the door is shut was never taken in; no kept connection is reset.
    assert {name for name in resets if not name.startswith("reset at the door: Connection")} == set()
    assert sum(resets.values()) <= 4
    assert set(outcomes) <= {"200", "refused", *resets}


def test_silent_connections_take_no_thread(site: Site) -> None:
    """Two hundred that connect and say nothing: the site goes on as before."""
    idle = [socket.create_connection(("127.0.0.1", site.port), timeout=5) for _ in range(200)]
    times = [site.ask("/api/tickets").seconds for _ in range(5)]
    for one in idle:
        one.close()
    assert max(times) < 2.0
