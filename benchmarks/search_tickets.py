"""How long a search takes among many tickets, on whichever database DATABASE_URL names (use an empty one).

    DATABASE_URL=… python -m benchmarks.search_tickets --tickets 100000

Tickets have a subject of 6 and a message of about 40 words from a vocabulary of 60,000 whose frequencies fall as in
life (Zipf), so that the commonest stand in nearly every ticket and most in a handful; names and addresses come from
4,000 families. Each kind of search is asked many times with other words, as the desk asks: permission, filters,
ranking of the newest 300 matches, snippets of a page of 25. Times are of one process, its page cache warm;
CPU is this process's own mean, which other load does not lengthen.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from bisect import bisect
from collections.abc import Callable
from itertools import accumulate

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
django.setup()

from django.db import connection  # noqa: E402

from accounts.models import Role, User  # noqa: E402
from tickets.access import Viewer  # noqa: E402
from tickets.errors import TicketError  # noqa: E402
from tickets.models import Message, Status, Ticket  # noqa: E402
from tickets.search import find, index  # noqa: E402
from tickets.search.snippets import snippets  # noqa: E402

VOCABULARY, FAMILIES, BATCH, PAGE = 60_000, 4_000, 2_000, 25
SYLLABLES = [
    "ka",
    "re",
    "mo",
    "ti",
    "lu",
    "sen",
    "dor",
    "vi",
    "pa",
    "gral",
    "no",
    "be",
    "fi",
    "zu",
    "han",
    "mel",
    "ro",
    "sti",
    "que",
    "wa",
]


def word(number: int) -> str:
    """A different word for each number, common ones short."""
    letters = []
    number += 7
    while number:
        number, rest = divmod(number, len(SYLLABLES))
        letters.append(SYLLABLES[rest])
    return "".join(letters)


class Writer:
    """Draws texts and people with a fixed seed."""

    def __init__(self) -> None:
        self.chance = random.Random(7)
        self.words = [word(number) for number in range(VOCABULARY)]
        self.sums = list(accumulate(1 / (rank + 3) for rank in range(VOCABULARY)))

    def text(self, length: int) -> str:
        draw, total = self.chance.random, self.sums[-1]
        return " ".join(self.words[bisect(self.sums, draw() * total)] for _ in range(length))

    def person(self) -> tuple[str, str]:
        first, family = self.words[self.chance.randrange(300, 900)], self.chance.randrange(FAMILIES)
        name = word(family + 100_000)
        return f"{first.title()} {name.title()}", f"{first}.{name}@{word(family % 700 + 200_000)}.example"


def seed(count: int, writer: Writer) -> None:
    states = [Status.CLOSED] * 8 + [Status.ESCALATED, Status.PENDING]
    started, done = time.monotonic(), Ticket.objects.count()
    while done < count:
        people = [writer.person() for _ in range(BATCH)]
        tickets = Ticket.objects.bulk_create(
            Ticket(
                requester_name=name,
                requester_email=email,
                subject=writer.text(6),
                status=writer.chance.choice(states),
            )
            for name, email in people
        )
        messages = [
            Message(ticket=one, sender="requester", body=writer.text(writer.chance.randrange(15, 65)))
            for one in tickets
        ]
        Message.objects.bulk_create(messages)
        index.index_tickets([one.pk for one in tickets])
        done += BATCH
        if done % 50_000 == 0:
            print(f"  {done:,} tickets, {done / (time.monotonic() - started):,.0f} a second", flush=True)


def searches(writer: Writer) -> dict[str, Callable[[], str]]:
    chance = writer.chance

    def from_rank(low: int, high: int) -> str:
        return writer.words[chance.randrange(low, high)]

    def of_some_ticket() -> Ticket:
        return Ticket.objects.order_by("pk")[chance.randrange(2_000)]

    def phrase() -> str:
        said = of_some_ticket().subject.split()
        return f'"{" ".join(said[1:4])}"'

    return {
        "a word of most tickets": lambda: from_rank(0, 5),
        "a common word": lambda: from_rank(20, 200),
        "a rare word": lambda: from_rank(20_000, 60_000),
        "a word nobody wrote": lambda: f"{from_rank(0, 900)}xyq",
        "two common words": lambda: f"{from_rank(20, 200)} {from_rank(20, 200)}",
        "three middling words": lambda: " ".join(from_rank(200, 3_000) for _ in range(3)),
        "common and rare": lambda: f"{from_rank(5, 50)} {from_rank(10_000, 60_000)}",
        "the beginning of a word": lambda: from_rank(1_000, 30_000)[:5],
        "a phrase": phrase,
        "part of a name": lambda: of_some_ticket().requester_name.split()[1][2:].lower(),
        "part of an address": lambda: of_some_ticket().requester_email.split("@")[1][1:8],
        "a whole address": lambda: of_some_ticket().requester_email,
        "from: and a word": lambda: f"from:{of_some_ticket().requester_name.split()[1]} {from_rank(0, 50)}",
        "part of a reference": lambda: of_some_ticket().reference[5:],
        "a reference": lambda: of_some_ticket().reference.lower(),
        "status: and a common word": lambda: f"status:waiting {from_rank(20, 200)}",
        "status: and a rare word": lambda: f"status:waiting {from_rank(20_000, 60_000)}",
        "a word but not another": lambda: f"{from_rank(20, 200)} -{from_rank(0, 5)}",
    }


def measure(name: str, wording: Callable[[], str], viewer: Viewer, rounds: int) -> float:
    times, hits, slow, used = [], 0, 0, time.process_time()
    for _ in range(rounds):
        text = wording()
        started = time.perf_counter()
        try:
            found = find.search(Ticket.objects.all().visible_to(viewer.person), text, viewer)
            rows = list(Ticket.objects.filter(pk__in=found.ids[:PAGE]))
            snippets([row.pk for row in rows], found.query, notes=True)
            hits += len(found.ids)
        except TicketError:
            slow += 1
        times.append(1000 * (time.perf_counter() - started))
    used = 1000 * (time.process_time() - used) / rounds
    times.sort()
    p95 = times[int(0.95 * (len(times) - 1))]
    late = f"   {slow} stopped" if slow else ""
    print(
        f"{name:28} {statistics.median(times):8.1f} {p95:8.1f} {times[-1]:8.1f} {used:8.1f} {hits / rounds:8.0f}{late}",
        flush=True,
    )
    return p95


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tickets", type=int, default=100_000, help="how many there are to be (100,000)")
    parser.add_argument("--rounds", type=int, default=40, help="searches of each kind (40)")
    wanted = parser.parse_args()
    writer = Writer()
    seed(wanted.tickets, writer)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
        else:
            cursor.execute("ANALYZE")
    agent = User.objects.filter(email="search@example.com").first() or User.objects.create_user(
        "search@example.com", role=Role.AGENT, name="Search"
    )
    print(f"{connection.vendor}, {Ticket.objects.count():,} tickets; milliseconds")
    print(f"{'':28} {'p50':>8} {'p95':>8} {'max':>8} {'CPU':>8} {'hits':>8}")
    worst = max(
        measure(name, wording, Viewer(agent), wanted.rounds) for name, wording in searches(writer).items()
    )
    print(f"worst p95: {worst:.0f} ms")


if __name__ == "__main__":
    main()
