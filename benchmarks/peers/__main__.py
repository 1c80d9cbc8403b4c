"""Ours, django-helpdesk and a bare view on one PostgreSQL, in one run.

    python -m benchmarks.peers --server postgres://USER:PASSWORD@HOST:PORT/postgres

Each piece of work is asked of one after the other, round by round (peer, ours, peer, ours, …), by the same clients.
What is shown are medians over the rounds: requests a second, CPU milliseconds a request of the web processes, of the
worker that does the rest later, and of PostgreSQL, statements of one request; ratios are ours to the peer's of the same round. Our creation includes the
whole of triage, notices and search; the peer does none, and both write their mail to nowhere. The server must run on
this machine (its CPU time is read off /proc). The peer gets a virtual environment of its own in ``var/benchmarks``.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import psycopg

from benchmarks.peers import processes, sides
from benchmarks.served import ROOT
from benchmarks.submission import TEXTS

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass
class Request:
    """What is asked; ``body`` makes each one another."""

    method: str
    path: str
    body: Callable[[int], str] | None = None
    kind: str = JSON
    wanted: tuple[int, ...] = (200,)


@dataclass
class Work:
    """The same work asked of both."""

    name: str
    ours: Request
    peer: Request | None = None


@dataclass
class Measured:
    """One side's figures, a value a round."""

    rate: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    statements: int = 0


def connect(side: sides.Side) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", side.port, timeout=60)


def ask(
    connection: http.client.HTTPConnection, side: sides.Side, what: Request, number: int, **more: str
) -> str:
    """The statements it took, where ``more`` asks for them."""
    headers = {**side.headers(), **more}
    if what.body is not None:
        headers["Content-Type"] = what.kind
    connection.request(what.method, what.path, what.body(number) if what.body else None, headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status not in what.wanted:
        raise SystemExit(f"{side.name} {what.method} {what.path} answered {answer.status}: {content[:400]!r}")
    return answer.headers.get("X-Statements", "")


def many(side: sides.Side, what: Request, seconds: float, clients: int, start: int) -> int:
    """Ask for so long with so many clients at once; returns how many answers came."""
    until, counts, failed = time.monotonic() + seconds, [0] * clients, []

    def work(client: int) -> None:
        connection = connect(side)
        try:
            while time.monotonic() < until:
                ask(connection, side, what, start + client * 100_000 + counts[client])
                counts[client] += 1
        except SystemExit as refused:
            failed.append(str(refused))

    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise SystemExit(failed[0])
    return sum(counts)


def measure(
    side: sides.Side, what: Request, into: Measured, postmaster: int, seconds: float, clients: int
) -> None:
    at = len(into.rate)
    if not at:
        connection = connect(side)
        for number in range(3):  # the second and third are as all later ones
            into.statements = int(ask(connection, side, what, 90_000_000 + number, **{"X-Count": "1"}) or 0)
    watched = {side.pid: into.cpu, side.worker: into.later, postmaster: into.database}
    before, began = {pid: processes.cpu_seconds(pid) for pid in watched if pid}, time.monotonic()
    answers = many(side, what, seconds, clients, at * 10_000_000)
    into.rate.append(answers / (time.monotonic() - began))
    for pid, figures in watched.items():
        used = processes.cpu_seconds(pid) - before[pid] if pid else 0.0
        figures.append(used / answers * 1000)


def works(reference: str) -> list[Work]:
    """``reference`` is one of our customer's tickets."""

    def ticket(number: int) -> str:
        return json.dumps({"subject": "", "body": f"{TEXTS[number % len(TEXTS)]} ({number})"})

    def peer_ticket(number: int) -> str:
        text = f"{TEXTS[number % len(TEXTS)]} ({number})"
        return json.dumps(
            {
                "queue": 1,
                "title": text[:60],
                "description": text,
                "submitter_email": "rita@example.com",
                "priority": 3,
            }
        )

    def form(number: int) -> str:
        return urlencode(
            {
                "csrfmiddlewaretoken": sides.TOKEN,
                "body": f"{TEXTS[number % len(TEXTS)]} ({number})",
                "signed_in": "yes",
            }
        )

    def peer_form(number: int) -> str:
        text = f"{TEXTS[number % len(TEXTS)]} ({number})"
        return urlencode({"csrfmiddlewaretoken": sides.TOKEN, "queue": 1, "title": text[:60], "body": text,
                          "submitter_email": "rita@example.com", "priority": 3})  # fmt: skip

    created = (200, 201, 302)
    return [
        Work("create by API", Request("POST", "/api/tickets", ticket, wanted=(201,)),
             Request("POST", "/api/tickets/", peer_ticket, wanted=(201,))),
        Work("create by form", Request("POST", "/tickets/new/", form, FORM, (302,)),
             Request("POST", "/tickets/submit/", peer_form, FORM, (302,))),
        Work("bare INSERT", Request("POST", "/bare", lambda number: json.dumps({"body": TEXTS[number % len(TEXTS)]}), wanted=created)),
        Work("ticket by API", Request("GET", f"/api/tickets/{reference}"), Request("GET", "/api/tickets/1/")),
        Work("list by API", Request("GET", "/api/tickets"), Request("GET", "/api/tickets/?page_size=25")),
        Work("form page", Request("GET", "/tickets/new/"), Request("GET", "/tickets/submit/")),
        Work("list page", Request("GET", "/tickets/"), Request("GET", "/tickets/")),
        Work("ticket page", Request("GET", f"/tickets/{reference}/"), Request("GET", "/tickets/1/")),
    ]  # fmt: skip


def table_row(name: str, side: str, figures: Measured) -> str:
    rate = statistics.median(figures.rate)
    parts = "".join(
        f"{statistics.median(one):>9.2f}" for one in (figures.cpu, figures.later, figures.database)
    )
    return f"{name:<16}{side:<17}{rate:>9.1f}{parts}{figures.statements:>6}"


def ratio(ours: Measured, peer: Measured) -> str:
    rate = statistics.median(one / other for one, other in zip(ours.rate, peer.rate, strict=True))
    whole = [
        [sum(one) for one in zip(side.cpu, side.later, side.database, strict=True)] for side in (ours, peer)
    ]
    cost = statistics.median(other / one for one, other in zip(*whole, strict=True))
    return f"{'':<16}{'ours to peer':<17}{rate:>8.2f}×   {cost:.2f}× as much work from the same CPU"


def first_ticket(side: sides.Side) -> str:
    connection = connect(side)
    headers = {**side.headers(), "Content-Type": JSON}
    connection.request("POST", "/api/tickets", json.dumps({"subject": "", "body": TEXTS[0]}), headers)
    return str(json.loads(connection.getresponse().read())["id"])


def compare(
    options: argparse.Namespace, our_side: sides.Side, peer_side: sides.Side, postmaster: int
) -> None:
    print(f"{'work':<16}{'side':<17}{'per s':>9}{'web ms':>9}{'later':>9}{'pg ms':>9}{'SQL':>6}")
    for work in works(first_ticket(our_side)):
        if options.only and options.only not in work.name:
            continue
        ours, peer = Measured(), Measured()
        for _ in range(options.rounds):
            if work.peer is not None:
                measure(peer_side, work.peer, peer, postmaster, options.seconds, options.clients)
            measure(our_side, work.ours, ours, postmaster, options.seconds, options.clients)
        if work.peer is not None:
            print(table_row(work.name, peer_side.name, peer))
        print(table_row(work.name, our_side.name, ours), flush=True)
        if work.peer is not None:
            print(ratio(ours, peer), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--server", required=True, help="a PostgreSQL on this machine where databases may be made"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each is asked in turn (3)")
    parser.add_argument("--seconds", type=float, default=5.0, help="seconds a round (5)")
    parser.add_argument("--clients", type=int, default=8, help="at once (8)")
    parser.add_argument("--only", help="only work with this in its name, such as API")
    options = parser.parse_args()
    python = sides.versioned_python(ROOT / "var" / "benchmarks" / "peer")
    with psycopg.connect(options.server) as connection:
        postmaster = processes.parent(connection.info.backend_pid)
    with (
        tempfile.TemporaryDirectory(prefix="helpdesk-peers-") as folder,
        sides.database(options.server, "benchmark_ours") as our_address,
        sides.database(options.server, "benchmark_peer") as peer_address,
        sides.ours(our_address, Path(folder)) as our_side,
        sides.peer(peer_address, python) as peer_side,
    ):
        compare(options, our_side, peer_side, postmaster)


if __name__ == "__main__":
    main()
