"""The sums are those of the raw rows, after whatever happened in whatever order."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import median
from typing import Any
from unittest import mock

import pytest
from django.db import transaction
from django.test import TestCase
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from tests.conftest import FakeEngine
from tests.triage.instruments.figures import slow
from tickets.audit import Event, EventKind
from tickets.errors import TicketError
from tickets.intake.history import PastTicket, save_past_tickets
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Closure, Ticket
from tickets.service.clocks import OVERDUE
from triage.core.types import IntentPolicy, Mode
from triage.instruments import metrics
from triage.instruments.figures import counting, definitions, spans
from triage.instruments.figures.models import Daily, Due, Fact
from triage.instruments.metrics import Span
from triage.models import Intent

pytestmark = pytest.mark.django_db

#: What may happen to a ticket. What its state forbids does not happen.
STEPS: dict[str, Callable[[Ticket, dict[str, Any]], object]] = {
    "asks": lambda t, w: t.reply("Still there?", author=None),
    "thanks": lambda t, w: t.confirm_by_reply("Thanks", author=None),
    "agent": lambda t, w: t.reply("Here you are.", author=w["agent"]),
    "other agent": lambda t, w: t.reply("And this.", author=w["other"]),
    "resolve": lambda t, w: t.resolve(actor=w["agent"]),
    "reopen": lambda t, w: t.reopen(actor=w["other"]),
    "recall": lambda t, w: t.escalate("recalled", actor=w["other"]),
    "solved": lambda t, w: t.record_feedback(solved=True, rating=5),
    "not solved": lambda t, w: t.record_feedback(solved=False, rating=2),
    "stars": lambda t, w: t.record_feedback(solved=None, rating=3),
    "silence": lambda t, w: t.close(Closure.SILENCE),
    "settle": lambda t, w: t.settle(actor=None),
    "undo": lambda t, w: t.undo_confirmation(actor=None),
    "person": lambda t, w: t.request_person(),
    "assign": lambda t, w: t.assign(w["other"], actor=w["other"]),
    "spam": lambda t, w: t.quarantine("spam", w["agent"]),
    "no spam": lambda t, w: t.release(w["agent"]),
    "late": lambda t, w: t.record(OVERDUE, actor=None),
    "correct": lambda t, w: t.decisions.get().correct(w["intent"], by=w["agent"]),
    "none of ours": lambda t, w: t.decisions.get().correct(None, by=w["other"]),
    "count": lambda t, w: counting.count_due(),
}
#: `make prove` tries more.
EXAMPLES = int(os.environ.get("PROVE_EXAMPLES", "12"))
HISTORY = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(sorted(STEPS))), min_size=4, max_size=24)


@pytest.fixture
def world(
    engine: FakeEngine, refund_intent: Intent, agent: User, other_agent: User
) -> Iterator[dict[str, Any]]:
    other = Intent.objects.create(slug="double_charge", title="Charged twice")
    yield {"agent": agent, "other": other_agent, "intent": other, "engine": engine, "refund": refund_intent}


def open_tickets(world: dict[str, Any]) -> list[Ticket]:
    """Two that the machine answered, one with a draft for an agent, one it was not sure of."""
    engine, slug = world["engine"], world["refund"].slug
    found = []
    for number, (mode, confidence) in enumerate(
        [(Mode.AUTO, 0.97), (Mode.AUTO, 0.97), (Mode.SUGGEST, 0.9), (Mode.AUTO, 0.3)]
    ):
        engine.policies = {slug: IntentPolicy(mode=mode)}
        engine.says(slug, confidence)
        with TestCase.captureOnCommitCallbacks(execute=True):
            found.append(
                submit_ticket(
                    Submission(subject="Refund", body="Where is it?", guest_email=f"g{number}@example.com")
                )
            )
    return found


def happen(ticket: Ticket, step: str, world: dict[str, Any]) -> None:
    try:
        with transaction.atomic():
            STEPS[step](Ticket.objects.get(pk=ticket.pk), world)
    except TicketError:
        pass


def daily(figure: str) -> Counter[tuple[Any, ...]]:
    found: Counter[tuple[Any, ...]] = Counter()
    for row in Daily.objects.filter(figure=figure).exclude(n=0):
        found[(row.scope, row.key, row.value, row.day.isoformat())] += row.n
    return found


def expected(figure: str, rows: list[slow.Row]) -> Counter[tuple[Any, ...]]:
    found: Counter[tuple[Any, ...]] = Counter()
    is_span = definitions.BY_CODE[figure].is_span
    for code, value, day, intent, agent in rows:
        if code != figure:
            continue
        kept = spans.bucket(value) if is_span else value
        found[("h", "", kept, day)] += 1
        if figure in {"decided", "machine", "human", "feedback", "corrected"}:
            found[("i", intent, kept, day)] += 1
        if figure in {"human", "first_reply", "resolved_human", "feedback", "overdue"} and agent:
            found[("a", str(agent), kept, day)] += 1
    return found


@pytest.fixture
def tickets(world: dict[str, Any]) -> list[Ticket]:
    return open_tickets(world)


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(history=HISTORY)
def test_the_sums_are_exact_after_any_order_of_events(
    world: dict[str, Any], tickets: list[Ticket], history: list[tuple[int, str]]
) -> None:
    with transaction.atomic():
        for number, step in history:
            happen(tickets[number], step, world)
        counting.count_due()
        rows = slow.everything()
        for figure in definitions.BY_CODE:
            assert daily(figure) == expected(figure, rows), figure
        transaction.set_rollback(True)


def test_counting_again_from_nothing_gives_the_same(world: dict[str, Any]) -> None:
    tickets = open_tickets(world)
    draw = random.Random(7)
    for _ in range(40):
        happen(draw.choice(tickets), draw.choice(sorted(STEPS)), world)
    counting.count_due()
    before = {figure: daily(figure) for figure in definitions.BY_CODE}
    counting.begin_again()
    assert not Daily.objects.exists()
    counting.count_due()
    assert {figure: daily(figure) for figure in definitions.BY_CODE} == before
    assert Fact.objects.exists() and not Due.objects.exists()


def test_what_is_put_down_while_others_are_counted_stays(
    world: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = open_tickets(world)
    real = counting.recount

    def recount_and_more(tickets: Any) -> None:
        real(tickets)
        monkeypatch.setattr(counting, "recount", real)
        Due.objects.create(ticket=first)

    monkeypatch.setattr(counting, "recount", recount_and_more)
    counting.count_due(1)
    assert [row.ticket for row in Due.objects.all()] == [first]


def test_an_event_that_commits_late_is_counted(world: dict[str, Any]) -> None:
    """Positions are given in the order of commit, so that no reader goes past what is still being written."""
    first, second, *_ = open_tickets(world)
    counting.count_due()
    late = Event(ticket=first, kind=EventKind.ASSIGNED)
    happen(second, "not solved", world)
    counting.count_due()
    assert counting.waiting() == 0
    with mock.patch.object(counting, "recount") as recount:
        late.save()
        counting.count_due()
    recount.assert_called_once_with({first.pk})


def test_what_moves_no_figure_is_read_past(world: dict[str, Any]) -> None:
    first, *_ = open_tickets(world)
    counting.count_due()
    Event(ticket=first, kind=EventKind.NOTED).save()
    assert counting.waiting() == 1
    with mock.patch.object(counting, "recount") as recount:
        counting.count_due()
    recount.assert_called_once_with(set())
    assert counting.waiting() == 0


def test_a_look_without_news_is_one_statement(world: dict[str, Any], django_assert_num_queries: Any) -> None:
    open_tickets(world)
    counting.count_due()
    with django_assert_num_queries(1):
        counting.count_due()


def test_another_time_zone_means_another_count(world: dict[str, Any], settings: Any) -> None:
    open_tickets(world)
    counting.count_due()
    counting.in_time_zone()
    assert not Due.objects.exists()
    settings.TIME_ZONE = "Pacific/Auckland"
    counting.in_time_zone()
    assert Due.objects.count() == 4


def test_a_median_is_within_two_percent_of_the_slow_one(world: dict[str, Any]) -> None:
    draw = random.Random(3)
    tickets = open_tickets(world)
    for ticket in tickets:
        happen(ticket, "agent", world)
    now = timezone.now()
    waits = [int(draw.lognormvariate(8, 2)) for _ in range(60)]
    copies = [
        Ticket(
            requester_email=f"c{number}@example.com", subject="x", status="pending",
            first_human_reply_at=now, first_reply_seconds=wait,
        )
        for number, wait in enumerate(waits)
    ]  # fmt: skip
    Ticket.objects.bulk_create(copies)
    counting.begin_again()
    counting.count_due(20)
    buckets = metrics.sums(Span.latest(1))["first_reply"]
    exact = sorted(row[1] for row in slow.everything() if row[0] == "first_reply")
    for percent in (50, 90, 95):
        rank = -(-len(exact) * percent // 100)
        assert spans.quantile(buckets, percent) == pytest.approx(exact[rank - 1], rel=0.02)
    assert len(exact) == 64 and median(exact) > 0


@pytest.mark.parametrize("seconds", [0, 1, 59, 60, 61, 62, 100, 3599, 86_400, 10**7])
def test_a_bucket_is_within_one_percent(seconds: int) -> None:
    assert spans.seconds_of(spans.bucket(seconds)) == pytest.approx(seconds, rel=0.0101)


def test_imported_ratings_and_times_are_no_figures_of_the_house() -> None:
    now = timezone.now()
    past = PastTicket(
        external_id="old:1", subject="Old", body="Where is it?", requester_email="x@example.com",
        created_at=now - timedelta(days=2), reply="Here.", answered_at=now - timedelta(days=1), rating=5,
    )  # fmt: skip
    save_past_tickets([past])
    counting.begin_again()
    counting.count_due()
    assert not Fact.objects.exists()
    assert slow.everything() == []


def test_every_figure_has_its_definition_and_its_slow_recomputation(world: dict[str, Any]) -> None:
    tickets = open_tickets(world)
    for number, step in (
        (0, "solved"), (1, "not solved"), (2, "agent"), (2, "late"), (2, "resolve"), (3, "correct"),
    ):  # fmt: skip
        happen(tickets[number], step, world)
    counting.count_due()
    assert set(Fact.objects.values_list("figure", flat=True)) == set(definitions.BY_CODE)
    assert {row[0] for row in slow.everything()} == set(definitions.BY_CODE)
    assert all(len(figure.words) > 40 for figure in definitions.ALL)
