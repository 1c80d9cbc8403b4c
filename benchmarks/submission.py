"""Time of ``POST /api/tickets`` with its triage, against a bare view that inserts one row.

Same server, same database, one run; the two are called in turn so that a slow moment of the machine hits both.

    python -m benchmarks.submission [--requests 300] [--clients 8]

The database is SQLite unless BENCHMARK_DATABASE_URL names another (an empty one).
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Callable

from benchmarks.served import Client, Product, fresh_product

WARM_UP = 20
TEXTS = (
    "I want to cancel my order, it has not been sent yet",
    "How long does the delivery to Norway take?",
    "my payment was refused three times, what is wrong with my card",
    "Good morning,\n\nI cannot find the invoice of my last order. Could you send it again?\n\nKind regards\nJo Field",
    "Is your shop looking for a baker?",
)
BARE_TABLE = """
from django.db import connection
kind = "serial" if connection.vendor == "postgresql" else "integer"
connection.cursor().execute(f"CREATE TABLE bare_row (id {kind} PRIMARY KEY, body text)")
"""


def ticket(client: Client, number: int) -> None:
    client.post("/api/tickets", {"subject": "", "body": f"{TEXTS[number % len(TEXTS)]} ({number})"})


def bare(client: Client, number: int) -> None:
    client.post("/bare", {"body": TEXTS[number % len(TEXTS)]})


def log_in(product: Product) -> Client:
    return product.client().log_in("customer@demo.example", "demo-customer-2026")


def one_client(product: Product, requests: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each call, the two kinds in turn."""
    client = log_in(product)
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(requests + WARM_UP):
        for kind, call in enumerate((ticket, bare)):
            began = time.perf_counter()
            call(client, number)
            if number >= WARM_UP:
                times[kind].append((time.perf_counter() - began) * 1000)
    return times


def many_clients(product: Product, call: Callable[[Client, int], None], requests: int, clients: int) -> float:
    """Calls a second with several clients at once."""
    people = [log_in(product) for _ in range(clients)]
    each = requests // clients

    def work(person: Client) -> None:
        for number in range(each):
            call(person, number)

    threads = [threading.Thread(target=work, args=(person,)) for person in people]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return each * clients / (time.perf_counter() - began)


def line(name: str, times: list[float]) -> str:
    p99 = statistics.quantiles(times, n=100)[98]
    return f"{name:<28} p50 {statistics.median(times):7.2f} ms   p99 {p99:7.2f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    throttles = {"THROTTLE_LOGIN": "1000/min", "THROTTLE_SUBMIT": "1000000/min"}
    with fresh_product(DJANGO_SETTINGS_MODULE="benchmarks.settings", **throttles) as product:
        product.manage("prepare")
        product.manage("shell", "--verbosity", "0", code=BARE_TABLE)
        with product.serving():
            tickets, bares = one_client(product, options.requests)
            print(line("POST /api/tickets + triage", tickets))
            print(line("bare view, one INSERT", bares))
            print(f"ratio of the medians: {statistics.median(tickets) / statistics.median(bares):.1f}")
            for name, call in (("tickets", ticket), ("bare", bare)):
                rate = many_clients(product, call, options.requests, options.clients)
                print(f"{name}: {rate:.0f} a second with {options.clients} clients")


if __name__ == "__main__":
    main()
