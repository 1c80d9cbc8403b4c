"""Customers' pages at size: server time, queries, requests and bytes of each, with a database of many tickets.

    .venv/bin/python -m benchmarks.customer_pages --tickets 100000

Uses the database of DATABASE_URL, which should be one made for it and prepared. One customer among them has 400 tickets,
one of which has 200 messages. ``first`` is what a browser transfers on its first visit (page, styles, scripts and pictures,
compressed), ``again`` what it transfers when it has all but the page; ``files`` counts requests beside the page.
With --paint a server is started and each page opened in Chromium, each time by a browser that has nothing yet: ``paint``
is the median time until it shows first content, on this machine, without a network between.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import desk_pages  # sets Django up

# isort: split
from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Browser, sync_playwright

from accounts.models import User
from benchmarks.slow_clients import page_of
from tests.installation import eventually, free_port
from tickets.channels.widget.models import Site
from tickets.models import Message, Status, Ticket
from tickets.search.index import index_tickets
from triage.answers.help.models import Article

OWN = 400
LONG = 200
ADDRESS = "customer@bench.example"
FILE = re.compile(r'(?:href|src)="/static/([^"#?]+)')


@dataclass(frozen=True)
class Visitor:
    client: Client
    paths: list[str]


def seed_customer() -> User:
    """One customer with many tickets, found by search as any are."""
    user = User.objects.filter(email=ADDRESS).first() or User.objects.create_user(ADDRESS, name="Casey Bench")
    if user.tickets.exists():
        return user
    states = (Status.AUTO_RESOLVED, Status.ESCALATED, Status.CLOSED, Status.CLOSED, Status.CLOSED)
    rows = Ticket.objects.bulk_create(
        Ticket(
            requester=user, requester_email=ADDRESS, status=states[at % len(states)],
            subject=desk_pages.SUBJECTS[at % len(desk_pages.SUBJECTS)],
        )
        for at in range(OWN)
    )  # fmt: skip
    said = [
        Message(ticket=row, sender=who, body=desk_pages.BODY)
        for row in rows
        for who in ("requester", "agent")
    ]
    said += [Message(ticket=rows[0], sender="requester", body=desk_pages.BODY) for _ in range(LONG - 2)]
    Message.objects.bulk_create(said)
    index_tickets([row.pk for row in rows])
    return user


def visitors(user: User) -> dict[str, Visitor]:
    site = Site.objects.first() or Site.objects.create(name="Bench", origins="https://shop.example.com")
    article = Article.objects.filter(state=Article.State.APPROVED).select_related("intent").first()
    own = user.tickets.order_by("pk")
    known = Client()
    known.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    read = [f"/help/{article.intent.slug}/"] if article else []
    frame = f"/widget/{site.key}/"
    return {
        "guest": Visitor(
            Client(),
            ["/", "/help/", "/help/?q=refund", *read, "/tickets/new/", "/accounts/login/", frame, f"{frame}help/?q=refund"],
        ),
        "customer": Visitor(
            known,
            ["/", "/tickets/", "/tickets/?show=answered", "/tickets/?q=parcel", "/tickets/new/", own[1].get_absolute_url(),
             own[0].get_absolute_url(), f"{own[1].get_absolute_url()}live/", "/accounts/profile/", "/accounts/data/"],
        ),
    }  # fmt: skip


def sent(name: str) -> int:
    """The bytes of a static file as they travel."""
    path = finders.find(name) or staticfiles_storage.path(name)
    content = Path(str(path)).read_bytes()
    return min(len(content), len(gzip.compress(content, 6)))


def measure(who: str, visitor: Visitor, rounds: int) -> None:
    for path in visitor.paths:
        client = visitor.client
        response = client.get(path)
        times = []
        for _ in range(rounds):
            start = time.process_time()
            response = client.get(path)
            times.append((time.process_time() - start) * 1000)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        page = len(gzip.compress(response.content, 6))
        files = set(FILE.findall(response.content.decode()))
        first = page + sum(sent(name) for name in files)
        shown = re.sub(r"/(tickets|widget)/[\w-]{12,}/", r"/\1/…/", path)
        p95 = statistics.quantiles(times, n=20)[-1]
        print(
            f"{who:<10}{shown:<32}{statistics.median(times):>8.1f}{p95:>8.1f}{len(captured):>9}{len(files):>7}"
            f"{first:>9,}{page:>9,}"
            + (f"  answered {response.status_code}" if response.status_code != 200 else "")
        )


@contextmanager
def served() -> Iterator[str]:
    """The address of a server of these pages, as in production, with the database and settings of this process."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--config",
        "python:helpdesk.gunicorn",
        "--bind",
        f"127.0.0.1:{port}",
    ]
    server = subprocess.Popen(
        [*command, "--workers", "1", "helpdesk.wsgi:application"], stderr=subprocess.DEVNULL
    )
    try:
        eventually(page_of(("127.0.0.1", port), "/healthz"), within=120, what="the server")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def paints(people: dict[str, Visitor], rounds: int) -> None:
    """Print the median first contentful paint of each page, cold, and the slowest."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is not installed (Debian: apt install chromium)")
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        print(f"{'who':<10}{'page':<32}{'paint ms':>9}{'slowest':>9}")
        for who, visitor in people.items():
            for path in visitor.paths:
                if path.endswith("/live/"):
                    continue
                times = [paint(browser, address, visitor.client, path) for _ in range(rounds)]
                shown = re.sub(r"/(tickets|widget)/[\w-]{12,}/", r"/\1/…/", path)
                print(f"{who:<10}{shown:<32}{statistics.median(times):>9.0f}{max(times):>9.0f}", flush=True)
        browser.close()


def paint(browser: Browser, address: str, client: Client, path: str) -> float:
    """Milliseconds from the request to the first content, in a browser of its own."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    if session := client.cookies.get(settings.SESSION_COOKIE_NAME):
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session.value, "url": address}])
    page = context.new_page()
    page.goto(f"{address}{path}", wait_until="load")
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length === 1")
    at: float = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    context.close()
    return at


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, default=100_000, help="how many there should be (100000)")
    parser.add_argument("--rounds", type=int, default=40, help="requests a page (40)")
    parser.add_argument(
        "--paint", type=int, default=0, metavar="TIMES", help="open each page so often in Chromium (0)"
    )
    options = parser.parse_args()
    settings.ALLOWED_HOSTS = ["*"]
    desk_pages.seed(options.tickets)
    user = seed_customer()
    print(
        f"{'who':<10}{'page':<32}{'p50 ms':>8}{'p95 ms':>8}{'queries':>9}{'files':>7}{'first':>9}{'again':>9}"
    )
    people = visitors(user)
    for who, visitor in people.items():
        measure(who, visitor, options.rounds)
    if options.paint:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "yes"  # the browser's loop lives in this thread
        paints(people, options.paint)


if __name__ == "__main__":
    main()
