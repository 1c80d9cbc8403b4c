"""The supervisors' start, metrics and simulator pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.models import Event, Ticket
from triage.core.deciding import gates
from triage.core.types import Guard, Stance, StanceFound, Term
from triage.instruments import charts
from triage.instruments.metrics import Day
from triage.instruments.simulator import Passage, passages
from triage.models import Decision, Intent
from triage.running import dry_run

pytestmark = pytest.mark.django_db
Web = Callable[..., Client]
PAGES = ["/admin/metrics/", "/admin/simulator/"]


@pytest.fixture
def simulated(engine: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    monkeypatch.setattr(dry_run, "runtime", engine)
    return engine


@pytest.mark.parametrize("address", PAGES)
def test_each_page_is_for_supervisors(
    web: Web, requester: User, agent: User, supervisor: User, address: str
) -> None:
    assert web(supervisor).get(address).status_code == 200
    assert web(agent).get(address).status_code == 403
    assert web(requester).get(address, follow=True).status_code == 403
    assert web().get(address, follow=True).redirect_chain[-1][0].startswith("/accounts/login/")


def test_supervisors_start_at_the_overview(web: Web, supervisor: User) -> None:
    content = web(supervisor).get("/admin/").content.decode()
    for tile in ("Queue", "Metrics", "Intents", "Simulator", "Background work"):
        assert tile in content


def test_agents_see_no_supervisors_links(web: Web, agent: User) -> None:
    content = web(agent).get("/admin/", follow=True).content.decode()
    assert "/admin/metrics/" not in content
    assert "/admin/triage/" not in content


def test_an_empty_period_says_so(web: Web, supervisor: User) -> None:
    content = web(supervisor).get("/admin/metrics/?days=7").content.decode()
    assert "Nothing happened in these 7 days" in content


@pytest.mark.parametrize(("asked", "days"), [("7", 7), ("90", 90), ("365", 30), ("-1", 30), ("x", 30)])
def test_the_period_is_one_of_three(web: Web, supervisor: User, asked: str, days: int) -> None:
    assert web(supervisor).get(f"/admin/metrics/?days={asked}").context["metrics"].days == days


def test_the_page_tells_the_parts_of_resolution(
    web: Web, supervisor: User, submit: Callable[..., Ticket], engine: FakeEngine, refund_intent: Intent
) -> None:
    engine.says(refund_intent.slug, 0.97)
    submit().record_feedback(solved=True, rating=4)
    submit(guest_email="another@example.com").record_feedback(solved=False)
    content = " ".join(
        re.sub(r"<[^>]+>", " ", web(supervisor).get("/admin/metrics/").content.decode()).split()
    )
    for words in (
        "Confirmed by the customer 1",
        "Assumed: closed after silence 0",
        "Refuted: came back 1",
        "4.0 of 5",
    ):
        assert words in content


# --- the chart ---------------------------------------------------------------------------------------------


def test_bars_stand_on_the_axis_and_on_each_other() -> None:
    chart = charts.volume_chart([Day(date=date(2026, 3, 1), auto_resolved=4, escalated=6)])
    bar = chart.bars[0]
    assert bar.escalated_y + bar.escalated_height == pytest.approx(chart.base)
    assert bar.auto_y + bar.auto_height == pytest.approx(bar.escalated_y)
    assert bar.auto_height / bar.escalated_height == pytest.approx(4 / 6)
    assert bar.auto_y == pytest.approx(charts.TOP)


@pytest.mark.parametrize(
    ("largest", "marks"),
    [
        (0, [0, 1]),
        (3, [0, 1, 2, 3]),
        (7, [0, 2, 4, 6, 8]),
        (21, [0, 10, 20, 30]),
        (41, [0, 20, 40, 60]),
        (90, [0, 25, 50, 75, 100]),
        (12345, [0, 5000, 10000, 15000]),
    ],
)
def test_the_axis_has_few_round_marks_and_ends_close_above(largest: int, marks: list[int]) -> None:
    assert charts.axis_marks(largest) == marks


def test_the_axis_never_leaves_more_than_a_step_empty() -> None:
    for largest in range(1, 3000):
        *_, last, end = charts.axis_marks(largest)
        assert last < largest <= end


@pytest.mark.parametrize("days", [1, 7, 30, 90])
def test_the_chart_labels_few_days_and_always_the_last(days: int) -> None:
    first = date(2026, 1, 1)
    chart = charts.volume_chart([Day(date=first + timedelta(days=at)) for at in range(days)])
    last = first + timedelta(days=days - 1)
    assert chart.columns[-1].text == f"{last.day} {last:%b}"
    assert len(chart.columns) <= charts.LABELS


# --- the simulator ------------------------------------------------------------------------------------------


def test_each_gate_is_shown_with_how_it_was_passed() -> None:
    shown = passages(["out_of_scope", "low_confidence"])
    assert [gate.text for gate in shown] == [gate.passed for gate in gates.GATES]
    failed = [gate.text for gate in shown if gate.passage is Passage.FAILED]
    assert failed == ["The text is in scope", "The confidence reaches the limit"]
    assert {gate.passage for gate in shown} == {Passage.PASSED, Passage.FAILED}


def test_a_confident_text_passes_every_gate_and_a_failed_engine_reaches_none() -> None:
    assert {gate.passage for gate in passages([])} == {Passage.PASSED}
    assert {gate.passage for gate in passages(["engine_failed"])} == {Passage.NOT_REACHED}


def attempt(client: Client, **facts: Any) -> str:
    return client.post(
        "/admin/simulator/", {"subject": "", "body": "Where is my money?", **facts}
    ).content.decode()


def test_the_answer_that_would_be_sent_is_shown_and_nothing_is_written(
    web: Web, supervisor: User, simulated: FakeEngine, refund_intent: Intent
) -> None:
    simulated.says(refund_intent.slug, 0.97)
    content = attempt(web(supervisor))
    assert "Answered automatically" in content
    assert "Hello Robin, refunds take five days." in content
    assert not (Ticket.objects.exists() or Decision.objects.exists() or Event.objects.exists())


def test_the_gate_that_stops_is_named(
    web: Web, supervisor: User, simulated: FakeEngine, refund_intent: Intent
) -> None:
    simulated.says(refund_intent.slug, 0.97, guard=Guard("legal", "court"))
    content = attempt(web(supervisor))
    assert "The text touches “legal”" in content
    assert content.count("gate-failed") == 1


def test_an_engine_that_breaks_is_reported_not_raised(
    web: Web, supervisor: User, simulated: FakeEngine
) -> None:
    simulated.error = RuntimeError("no such file")
    content = attempt(web(supervisor))
    assert "The engine failed on this text." in content
    assert "no such file" in content


def test_an_empty_text_is_refused(web: Web, supervisor: User, simulated: FakeEngine) -> None:
    assert "This field is required" in attempt(web(supervisor), body="")


def test_the_simulator_tells_what_the_writer_does_and_what_is_asked(
    web: Web, supervisor: User, simulated: FakeEngine, refund_intent: Intent
) -> None:
    found = StanceFound(Stance.SPAM, 0.4, terms=(Term("offer", 0.9),), nearest="We sell ink.")
    simulated.says(
        refund_intent.slug, 0.97, stance=found, questions=("Why this?", "Why that?"), several_questions=True
    )
    page = web(supervisor).post("/admin/simulator/", {"subject": "", "body": "Cheap ink"}).content.decode()
    assert "It offers something for sale" in page
    assert "Words that spoke: “offer”" in page
    assert "Nearest taught text: “We sell ink.”" in page
    assert "<li>Why that?</li>" in page
