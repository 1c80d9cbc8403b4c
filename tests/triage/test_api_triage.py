"""The resolve endpoint and the metrics."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.models import Ticket
from triage.core.types import Objection, SimilarTicket
from triage.models import Decision, Intent
from triage.running.runtime import EngineUnavailable

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]


def test_resolve_returns_the_decision_and_stays_the_same(
    api: Api, requester: User, engine: FakeEngine, refund_intent: Intent, submit: Callable[..., Ticket]
) -> None:
    engine.says("track_refund", 0.91)
    ticket = submit(requester=requester)
    client = api(requester)
    first, second = (client.post(f"/api/tickets/{ticket.reference}/resolve") for _ in range(2))
    assert first.json() == second.json()
    decision = first.json()
    assert decision["intent"] == "track_refund"
    assert decision["confidence"] == pytest.approx(0.91)
    assert (decision["action"], decision["reason"]) == ("auto_resolve", "confident")
    assert decision["response"] == "Hello Rita, refunds take five days."
    assert Decision.objects.count() == 1


def test_resolve_decides_where_the_signal_did_not(
    api: Api, requester: User, engine: FakeEngine, refund_intent: Intent
) -> None:
    engine.says("track_refund", 0.91)
    ticket = Ticket.objects.create(requester=requester, requester_email=requester.email, subject="Refund?")
    assert api(requester).post(f"/api/tickets/{ticket.reference}/resolve").json()["status"] == "auto_resolved"


def test_a_suggestion_is_for_agents_only(
    api: Api,
    requester: User,
    agent: User,
    engine: FakeEngine,
    refund_intent: Intent,
    submit: Callable[..., Ticket],
) -> None:
    engine.says("track_refund", 0.5)
    path = f"/api/tickets/{submit(requester=requester).reference}/resolve"
    assert api(requester).post(path).json()["response"] is None
    assert "five days" in api(agent).post(path).json()["response"]


def test_what_broke_is_told_to_agents_only(
    api: Api, requester: User, agent: User, engine: FakeEngine, submit: Callable[..., Ticket]
) -> None:
    engine.error = EngineUnavailable("/srv/models/model-7 is gone")
    path = f"/api/tickets/{submit(requester=requester).reference}/resolve"
    assert api(requester).post(path).json()["detail"] == "The automatic assessment failed."
    assert "/srv/models/model-7 is gone" in api(agent).post(path).json()["detail"]


def test_a_customer_learns_nothing_about_strangers_tickets(
    api: Api, requester: User, stranger: User, agent: User, engine: FakeEngine, submit: Callable[..., Ticket]
) -> None:
    """Neither a similarity, nor an intent, nor how many there are: a guessed text would tell what they wrote."""
    theirs = submit(requester=stranger, subject="My secret refund")
    own = submit(requester=requester, subject="My own refund")
    engine.says(
        "track_refund",
        0.5,
        similar=(
            SimilarTicket(theirs.pk, 0.8765, "track_refund"),
            SimilarTicket(own.pk, 0.3, "track_refund"),
        ),
        objection=Objection(theirs.pk, 0.8765, "login", before=0.9),
    )
    path = f"/api/tickets/{submit(requester=requester).reference}/resolve"
    seen, seen_by_agent = (api(person).post(path).json() for person in (requester, agent))
    assert [row["id"] for row in seen["similar_tickets"]] == [own.reference]
    assert (seen["lowered_from"], seen["confidence"]) == (None, 0.5)
    assert "0.8765" not in str(seen) and theirs.reference not in str(seen)
    assert [row["subject"] for row in seen_by_agent["similar_tickets"]] == [
        "My secret refund",
        "My own refund",
    ]
    assert seen_by_agent["lowered_from"] == 0.9


@pytest.mark.parametrize(("who", "status"), [("requester", 403), ("agent", 403), ("supervisor", 200)])
def test_metrics_are_for_supervisors(api: Api, request: pytest.FixtureRequest, who: str, status: int) -> None:
    assert api(request.getfixturevalue(who)).get("/api/admin/metrics").status_code == status


@pytest.mark.parametrize("days", ["0", "366", "-1", "x"])
def test_a_wrong_period_is_refused(api: Api, supervisor: User, days: str) -> None:
    answer = api(supervisor).get(f"/api/admin/metrics?days={days}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["days"])
