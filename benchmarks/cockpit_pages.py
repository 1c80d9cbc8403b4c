"""The supervisors' pages at size: seed a house, then measure every page, the simulator and a recall of 500 tickets.

    DATABASE_URL=… .venv/bin/python manage.py migrate
    DATABASE_URL=… .venv/bin/python -m benchmarks.cockpit_pages --tickets 1000000

The database should be one made for it. Half of the tickets were answered automatically over the last 200 days, the rest
by people; one in ten automatic answers was drawn and reviewed. The figures of each ticket are those that the product
reads from its rows (``facts.facts``), and a sample of tickets is read anew, which must move no sum. Of more than 10,000
tickets, the others are copies made within the database.
Times are those of the whole request in this process, the database's included.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections import Counter
from datetime import datetime, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management.color import no_style  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.models import GeneratedField, Model  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Role, User  # noqa: E402
from tickets.models import Event, Message, Status, Ticket  # noqa: E402
from triage.instruments.figures import counting, facts  # noqa: E402
from triage.instruments.figures.models import Daily, Fact  # noqa: E402
from triage.models import Answer, Decision, Intent  # noqa: E402
from triage.oversight import recall, what_if  # noqa: E402
from triage.oversight.evidence import Audit  # noqa: E402

BASE = 10_000  # tickets that are written one by one; the database copies them
BATCH = 5_000
INTENTS, AGENTS, DAYS = 40, 12, 200
RECALLED = 500
PAGES = (
    "/admin/", "/admin/metrics/?days=7", "/admin/metrics/?days=30", "/admin/metrics/?days=90",
    "/admin/metrics/tickets/?figure=machine&days=30", "/admin/oversight/ladder/", "/admin/oversight/alarms/", "/admin/oversight/precision/",
    "/admin/oversight/review/", "/admin/oversight/recall/?intent=bench_0", "/admin/what-if/", "/admin/backtest/", "/admin/training/",
    "/admin/unanswered/", "/admin/oversight/policyversion/", "/admin/triage/example/?review=waiting",
)  # fmt: skip


def house() -> tuple[list[User], list[Intent], list[Answer]]:
    agents = [
        User.objects.get_or_create(email=f"agent{at}@bench.example", defaults={"name": f"Agent {at}", "role": Role.AGENT})[0]
        for at in range(AGENTS)
    ]  # fmt: skip
    intents, answers = [], []
    for at in range(INTENTS):
        title = "Withdrawn answer" if not at else f"Question of kind {at}"
        intent, _ = Intent.objects.get_or_create(
            slug=f"bench_{at}", defaults={"title": title, "mode": "auto"}
        )
        answer, _ = Answer.objects.get_or_create(
            intent=intent, language="en", version=1,
            defaults={"body": "Here is what to do.", "state": "approved", "reviewed_at": timezone.now()},
        )  # fmt: skip
        intents.append(intent)
        answers.append(answer)
    return agents, intents, answers


class Seed:
    """Rows as they are after months of work, written in bulk: no mail, no triage."""

    def __init__(self, seed: int = 7) -> None:
        self.rng = random.Random(seed)
        self.agents, self.intents, self.answers = house()
        self.now = timezone.now()
        self.sums: Counter[counting.Key] = Counter()
        self.recalled = 0

    def grow(self, count: int) -> None:
        done = Ticket.objects.count()
        while done < count:
            with transaction.atomic():
                self._batch(min(BATCH, count - done))
            done += min(BATCH, count - done)
            print(f"\r{done:,} of {count:,}", end="", flush=True)
        print()

    def _batch(self, size: int) -> None:
        tickets = Ticket.objects.bulk_create([self._ticket() for _ in range(size)])
        Message.objects.bulk_create(
            Message(ticket=one, sender="requester", body="Hello, could you tell me how this works? Thanks.")
            for one in tickets
        )
        decisions = Decision.objects.bulk_create([self._decision(one) for one in tickets])
        events = Event.objects.bulk_create([one for ticket in tickets for one in self._events(ticket)])
        Audit.objects.bulk_create([self._audit(one) for one in decisions if one.action == "auto_resolve"])
        by_ticket: dict[int, list[Event]] = {}
        for event in events:
            by_ticket.setdefault(event.ticket_id, []).append(event)
        added = [
            (ticket.pk, one)
            for ticket, decision in zip(tickets, decisions, strict=True)
            for one in facts.facts(facts.Rows(ticket, decision, events=by_ticket[ticket.pk]))
        ]
        Fact.objects.bulk_create([Fact(ticket_id=pk, **one._asdict()) for pk, one in added])
        moved: Counter[counting.Key] = Counter()
        for _, one in added:
            for scope, key in counting.scopes(one):
                moved[(scope, key, one.figure, one.value, one.day)] += 1
        counting._add(moved)

    def _ticket(self) -> Ticket:
        rng, share = self.rng, self.rng.random()
        status = Status.ESCALATED if share < 0.003 else Status.PENDING if share < 0.005 else Status.CLOSED
        at = self.now - timedelta(minutes=rng.randint(60, 60 * 24 * (2 if share < 0.005 else DAYS)))
        auto = share > 0.5
        if auto and (self.recalled < RECALLED or at > self.now - timedelta(days=2)):
            status = Status.AUTO_RESOLVED
        replied = (
            None if auto or status == Status.ESCALATED else at + timedelta(seconds=rng.randint(60, 90_000))
        )
        ended = (
            None
            if status in {Status.ESCALATED, Status.PENDING}
            else (replied or at) + timedelta(seconds=rng.randint(2, 90_000))
        )
        number = rng.randint(1, 400_000)
        return Ticket(
            requester_email=f"customer{number}@bench.example", requester_name=f"Customer {number}",
            subject="How does this work?", status=status, language="en", created_at=at, updated_at=ended or at,
            assignee=None if auto or status == Status.ESCALATED else rng.choice(self.agents),
            escalation_reason="" if auto else "low_confidence", escalated_at=None if auto else at,
            first_human_reply_at=replied, first_reply_seconds=int((replied - at).total_seconds()) if replied else None,
            resolved_at=ended, closed_at=ended if status == Status.CLOSED else None,
            closure=rng.choice(("confirmed", "silence")) if status == Status.CLOSED else "",
        )  # fmt: skip

    def _decision(self, ticket: Ticket) -> Decision:
        auto = not ticket.escalated_at
        at = self.rng.randrange(1, INTENTS)
        if ticket.status == Status.AUTO_RESOLVED and self.recalled < RECALLED:
            at, self.recalled = 0, self.recalled + 1
        return Decision(
            ticket=ticket, intent=self.intents[at], intent_slug=self.intents[at].slug, answer=self.answers[at],
            confidence=self.rng.uniform(0.76, 1.0) if auto else self.rng.uniform(0.1, 0.9), threshold=0.75, margin=0.5,
            action="auto_resolve" if auto else "escalate", reason="confident" if auto else "low_confidence",
            language="en", would_send=auto, applied=True, created_at=ticket.created_at + timedelta(seconds=1),
            basis={"failed": [] if auto else ["low_confidence"]}, response="Here is what to do.",
        )  # fmt: skip

    def _events(self, ticket: Ticket) -> list[Event]:
        def event(kind: str, at: datetime, before: str, after: str, actor: User | None = None) -> Event:
            return Event(ticket=ticket, kind=kind, at=at, before=before, after=after, actor=actor)

        found = [event("created", ticket.created_at, "", "open")]
        if not ticket.escalated_at:
            return [*found, event("auto_resolved", ticket.created_at, "open", "auto_resolved")]
        found.append(event("escalated", ticket.created_at, "open", "escalated"))
        if ticket.first_human_reply_at:
            found.append(
                event("replied", ticket.first_human_reply_at, "escalated", "pending", ticket.assignee)
            )
        return found

    def _audit(self, decision: Decision) -> Audit:
        drawn = self.rng.random() < 0.1
        verdict = (
            ("wrong" if self.rng.random() < 0.02 else "right") if drawn and self.rng.random() < 0.98 else ""
        )
        return Audit(
            decision=decision, part="answered", intent_slug=decision.intent_slug, language="en", at=decision.created_at,
            probability=0.1, weight=1.0, drawn=drawn, verdict=verdict, judged_at=decision.created_at if verdict else None,
        )  # fmt: skip


#: What is copied, each with the columns that name a row of another.
COPIED: tuple[tuple[type[Model], tuple[str, ...]], ...] = (
    (Ticket, ("id",)), (Message, ("id", "ticket_id")), (Decision, ("id", "ticket_id")), (Event, ("id", "ticket_id")),
    (Audit, ("decision_id",)), (Fact, ("id", "ticket_id")),
)  # fmt: skip
STRIDE = 100_000_000  # more than any id of what is copied


@transaction.atomic
def multiply(times: int) -> None:
    """Copy all seeded rows ``times`` − 1 times within the database; the sums of the figures grow alike."""
    numbers = f"WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < {times - 1})"
    with connection.cursor() as cursor:
        for model, shifted in COPIED:
            table = model._meta.db_table
            columns = [
                one.column for one in model._meta.concrete_fields if not isinstance(one, GeneratedField)
            ]
            taken = ", ".join(_copied(column, shifted) for column in columns)
            names = ", ".join(f'"{column}"' for column in columns)
            cursor.execute(
                f'INSERT INTO "{table}" ({names}) {numbers} SELECT {taken} FROM "{table}" CROSS JOIN n'
            )
            print(f"{table}: {model._default_manager.count():,}", flush=True)
        cursor.execute(f'UPDATE "{Daily._meta.db_table}" SET n = n * {times}')
        for line in connection.ops.sequence_reset_sql(no_style(), [model for model, _ in COPIED]):
            cursor.execute(line)


def _copied(column: str, shifted: tuple[str, ...]) -> str:
    if column in shifted:
        return f'"{column}" + CAST({STRIDE} AS BIGINT) * k'
    return "'B' || id || '-' || k" if column == "reference" else f'"{column}"'


def check_sums(sample: int = 1_000) -> None:
    """The seeded figures are those that the product reads from the rows."""
    before = Daily.objects.count()
    with transaction.atomic():
        latest = list(Ticket.objects.order_by("-id").values_list("pk", flat=True)[:sample])
        facts_before = Fact.objects.filter(ticket__in=latest).count()
        counting.recount(latest)
        if (Fact.objects.filter(ticket__in=latest).count(), Daily.objects.count()) != (facts_before, before):
            raise SystemExit("The seeded figures are not those of the rows.")


def measure(rounds: int) -> None:
    boss, _ = User.objects.get_or_create(
        email="boss@bench.example", defaults={"name": "Sue Boss", "role": Role.SUPERVISOR}
    )
    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(boss, backend="allauth.account.auth_backends.AuthenticationBackend")
    print(f"{'page':<48}{'p50 ms':>8}{'p95 ms':>8}{'CPU ms':>8}{'queries':>9}{'bytes':>9}")
    for path in PAGES:
        cache.clear()
        if client.get(path).status_code != 200:
            raise SystemExit(f"{path} does not answer.")
        times, busy = [], []
        for _ in range(rounds):
            cache.clear()
            began, worked = time.perf_counter(), time.process_time()
            response = client.get(path)
            times.append((time.perf_counter() - began) * 1000)
            busy.append((time.process_time() - worked) * 1000)
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        p95 = statistics.quantiles(times, n=20)[-1]
        print(
            f"{path:<48}{statistics.median(times):>8.0f}{p95:>8.0f}{statistics.median(busy):>8.0f}"
            f"{len(captured):>9}{len(response.content):>9,}", flush=True,
        )  # fmt: skip
    _simulate()
    _recall(boss)


def _simulate() -> None:
    began = time.perf_counter()
    found = what_if.try_out(what_if.Wish(threshold=0.9, margin=0.05))
    print(f"simulator: {found.seen:,} decisions in {time.perf_counter() - began:.2f} s")


def _recall(boss: User) -> None:
    began = time.perf_counter()
    wanted = recall.Wanted(intent="bench_0")
    begun = recall.begin(wanted, by=boss, text="We sent you an answer that was wrong. Here is the right one.")
    while recall.Recall.objects.filter(pk=begun.pk, finished_at=None).exists():
        recall.perform(begun.pk)
    done = ", ".join(f"{count} {state}" for state, count in sorted(begun.report().items()))
    print(f"recall: {done} in {time.perf_counter() - began:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    if not Ticket.objects.exists():
        Seed().grow(min(BASE, options.tickets))
        check_sums()
    if Ticket.objects.count() < options.tickets:
        multiply(options.tickets // Ticket.objects.count())
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    measure(options.rounds)


if __name__ == "__main__":
    main()
