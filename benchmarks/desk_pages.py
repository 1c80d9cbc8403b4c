"""The agents' pages at size: seed tickets, then measure server time, queries and bytes of every list and ticket page.

    .venv/bin/python -m benchmarks.desk_pages --tickets 100000

Uses the database of DATABASE_URL, which should be one made for it and migrated. Of the tickets 6 % wait for a
person, 3 % for their customer; each has a decision and two or more messages; one ticket has 200.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Role, User  # noqa: E402
from tickets.models import Event, Message, Status, Ticket  # noqa: E402
from triage.models import Decision, Intent  # noqa: E402

BATCH = 5_000
AGENTS = 12
SUBJECTS = (
    "Where is my refund for the blue shoes?", "Parcel says delivered but nothing is here", "Invoice with our VAT number",
    "Cannot sign in since yesterday", "Wrong size, how do I exchange?", "Damaged lamp in order 20-4471",
    "Please change the delivery address", "أين طلبي؟ لم يصل بعد", "Charged twice for one order", "Late again, sorry boss",
)  # fmt: skip
BODY = (
    "Hello, I ordered three weeks ago and have heard nothing since. The tracking page has not moved for days, and "
    "your shop shows the order as sent. Could you please tell me what happened and when I can expect it? Thanks."
)


def seed(count: int, seed: int = 7) -> None:
    """Rows as they are after months of work, written in bulk: no mail, no triage."""
    rng = random.Random(seed)
    agents = [
        User.objects.get_or_create(email=f"agent{at}@bench.example", defaults={"name": f"Agent {at}", "role": Role.AGENT})[0]
        for at in range(AGENTS)
    ]  # fmt: skip
    intents = [
        Intent.objects.get_or_create(slug=f"bench_{at}", defaults={"title": f"Where is my order {at}"})[0] for at in range(40)
    ]  # fmt: skip
    now, done = timezone.now(), Ticket.objects.count()
    while done < count:
        size = min(BATCH, count - done)
        tickets = Ticket.objects.bulk_create([_ticket(rng, agents, now) for _ in range(size)])
        Message.objects.bulk_create(
            Message(
                ticket=ticket, sender=sender, author=ticket.assignee if sender == "agent" else None, body=BODY
            )
            for ticket in tickets
            for sender in (
                ("requester", "agent") if ticket.status != Status.ESCALATED else ("requester", "requester")
            )
        )
        Decision.objects.bulk_create(_decision(rng, ticket, rng.choice(intents)) for ticket in tickets)
        Event.objects.bulk_create(Event(ticket=ticket, kind="created", after="open") for ticket in tickets)
        done += size
        print(f"\r{done:,} of {count:,}", end="", flush=True)
    print()
    long = Ticket.objects.filter(status=Status.ESCALATED).first()
    if long is not None and long.messages.count() < 200:
        Message.objects.bulk_create(Message(ticket=long, sender="requester", body=BODY) for _ in range(200))


def _ticket(rng: random.Random, agents: list[User], now: object) -> Ticket:
    share = rng.random()
    status = Status.ESCALATED if share < 0.06 else Status.PENDING if share < 0.09 else Status.CLOSED
    since = timezone.now() - timedelta(
        minutes=rng.randint(1, 60 * 24 * (2 if status == Status.ESCALATED else 200))
    )
    number = rng.randint(1, 40_000)
    return Ticket(
        requester_email=f"customer{number}@bench.example", requester_name=f"Customer {number}", subject=rng.choice(SUBJECTS),
        status=status, assignee=rng.choice(agents) if status != Status.ESCALATED or rng.random() < 0.5 else None,
        urgency=rng.choices((0, 1, 2), (94, 5, 1))[0], escalation_reason="low_confidence", escalated_at=since,
        created_at=since, updated_at=since,
    )  # fmt: skip


def _decision(rng: random.Random, ticket: Ticket, intent: Intent) -> Decision:
    return Decision(
        ticket=ticket, intent=intent, intent_slug=intent.slug, confidence=rng.random(), threshold=0.75,
        action="escalate", reason="low_confidence",
    )  # fmt: skip


def measure(paths: list[str], rounds: int) -> None:
    agent = User.objects.get(email="agent0@bench.example")
    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(agent, backend="allauth.account.auth_backends.AuthenticationBackend")
    print(f"{'page':<44}{'p50 ms':>8}{'p95 ms':>8}{'SQL ms':>8}{'queries':>9}{'bytes':>9}")
    for path in paths:
        client.get(path)
        times = []
        for _ in range(rounds):
            start = time.process_time()
            response = client.get(path)
            times.append((time.process_time() - start) * 1000)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        sql = sum(float(query["time"]) for query in captured) * 1000
        p95 = statistics.quantiles(times, n=20)[-1]
        shown = path.replace("/admin/tickets/ticket/", "…/")
        print(
            f"{shown:<44}{statistics.median(times):>8.1f}{p95:>8.1f}{sql:>8.1f}{len(captured):>9}{len(response.content):>9,}"
        )
        if response.status_code != 200:
            print(f"  answered {response.status_code}")


def pages() -> list[str]:
    listed = "/admin/tickets/ticket/"
    waiting = Ticket.objects.filter(status=Status.ESCALATED)
    long, short = waiting.first(), waiting.last()
    assert long is not None and short is not None
    views = [
        f"{listed}?queue={name}"
        for name in ("my", "unassigned", "due", "overdue", "waiting", "snoozed", "all", "team", "auto")
    ]
    deep = f"{listed}?queue=all&after={Ticket.objects.order_by('-id')[Ticket.objects.count() // 2].pk}"
    filtered = [
        f"{listed}?queue=team&intent=bench_7",
        f"{listed}?queue=all&intent=bench_7",
        f"{listed}?queue=team&agent=agent 3",
    ]
    return [
        *views,
        deep,
        *filtered,
        f"{listed}{short.pk}/change/",
        f"{listed}{long.pk}/change/",
        f"/admin/desk/{long.pk}/live/?seen=0",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, default=100_000, help="how many there should be (100000)")
    parser.add_argument("--rounds", type=int, default=40, help="requests a page (40)")
    options = parser.parse_args()
    seed(options.tickets)
    measure(pages(), options.rounds)


if __name__ == "__main__":
    main()
