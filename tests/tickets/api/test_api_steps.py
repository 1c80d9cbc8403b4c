"""All that the pages do with one ticket, over the API: by the same methods, for the same people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from tickets.desk.models import Snooze
from tickets.macros.models import Macro
from tickets.models import Closure, Event, Status, Ticket
from triage.models import Decision, Example, Intent

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
TOMORROW = (timezone.now() + timedelta(days=1)).isoformat()


@pytest.fixture
def ticket(requester: User, engine: Any, submit: Callable[..., Ticket]) -> Ticket:
    engine.says("track_refund", 0.2)
    return submit(requester=requester)


@pytest.fixture
def step(api: Api, agent: User, ticket: Ticket) -> Callable[..., Any]:
    """``step(name, body)`` on the ticket, by the agent unless another is named."""

    def take(name: str, body: dict[str, Any] | None = None, *, by: User = agent, **sent: Any) -> Any:
        return api(by).post(f"/api/tickets/{ticket.reference}/{name}", body or {}, **sent)

    return take


def test_a_ticket_is_assigned_and_taken_from_a_colleague_only_if_that_is_said(
    step: Callable[..., Any], agent: User, other_agent: User, ticket: Ticket
) -> None:
    assert step("assign", {"assignee": "me"}).json()["desk"]["assignee_email"] == agent.email
    held = step("assign", {"assignee": "me"}, by=other_agent)
    assert (held.status_code, held.json()["code"]) == (409, "held")
    taken = step("assign", {"assignee": other_agent.email.upper(), "take_over": True}, by=other_agent)
    assert taken.json()["assignee"] == other_agent.name
    assert step("assign", {"assignee": None}, by=other_agent).json()["assignee"] is None
    refused = step("assign", {"assignee": ticket.requester_email})
    assert (refused.status_code, refused.json()["violations"][0]["rule"]) == (400, "no_such_agent")


def test_priority_tags_and_snooze_are_seen_by_agents_alone(
    step: Callable[..., Any], api: Api, requester: User, ticket: Ticket
) -> None:
    assert step("priority", {"priority": "urgent"}).json()["priority"] == "urgent"
    assert step("tags", {"add": ["Refund", "vip"]}).json()["desk"]["tags"] == ["refund", "vip"]
    assert step("tags", {"add": [], "remove": ["vip", "absent"]}).json()["desk"]["tags"] == ["refund"]
    assert step("tags", {"add": ["§§§"]}).json()["code"] == "no_tag"
    assert step("snooze", {"until": TOMORROW}).json()["desk"]["snoozed_until"]
    assert step("snooze", {"until": "2020-01-01T00:00Z"}).status_code == 400
    assert step("wake").json()["desk"]["snoozed_until"] is None
    assert not Snooze.objects.exists()
    assert api(requester).get(f"/api/tickets/{ticket.reference}").json()["desk"] is None


def test_a_ticket_goes_through_its_states(step: Callable[..., Any], requester: User) -> None:
    assert step("close").status_code == 409
    assert step("mark-resolved", {"seen": 0}).json()["code"] == "unread"
    assert step("mark-resolved").json()["status"] == Status.RESOLVED
    assert step("reopen").json()["status"] == Status.ESCALATED
    assert step("mark-resolved").json()["status"] == Status.RESOLVED
    assert step("close").json()["status"] == Status.CLOSED
    assert Ticket.objects.get().closure == Closure.AGENT
    assert step("undo", by=requester).status_code == 409


def test_its_requester_asks_for_a_person_closes_it_and_takes_that_back(
    step: Callable[..., Any], requester: User
) -> None:
    assert step("person", by=requester).json()["human_requested"] is True
    assert step("close", by=requester).json()["status"] == Status.CLOSED
    assert Ticket.objects.get().closure == Closure.CONFIRMED
    assert step("undo", by=requester).json()["status"] == Status.ESCALATED


def test_spam_goes_into_quarantine_and_out_of_it(step: Callable[..., Any]) -> None:
    assert step("spam").json()["desk"]["quarantined"] is True
    assert step("not-spam").json()["desk"]["quarantined"] is False


def test_an_automatic_answer_is_taken_back(step: Callable[..., Any]) -> None:
    Ticket.objects.update(status=Status.AUTO_RESOLVED)
    assert step("recall").json()["escalation_reason"] == "recalled"


def test_the_intent_is_corrected(step: Callable[..., Any], refund_intent: Intent, ticket: Ticket) -> None:
    assert step("intent", {"intent": "track_refund"}).status_code == 200
    assert Decision.objects.get().corrected_intent == refund_intent
    assert step("intent", {"intent": None}).status_code == 200
    assert Example.objects.get().intent is None
    for none in ("no_such", ""):  # an empty code is not “none of ours”
        assert step("intent", {"intent": none}).status_code == 400
    assert ticket.events.filter(kind="intent_corrected").count() == 2


def test_a_macro_is_applied_and_sends_nothing(
    step: Callable[..., Any], api: Api, agent: User, ticket: Ticket
) -> None:
    Macro.objects.create(name="Refund", reply="Five days.", takes=True, tags="late")
    listed = api(agent).get("/api/macros").json()["results"]
    assert [(one["name"], one["shared"]) for one in listed] == [("Refund", True)]
    answer = step("macro", {"macro": "refund"}).json()
    assert (answer["reply"], "The ticket is yours." in answer["done"]) == ("Five days.", True)
    assert ticket.messages.count() == 1
    assert step("macro", {"macro": "nothing"}).json()["code"] == "no_such_macro"


def test_tickets_are_linked_merged_and_split(
    step: Callable[..., Any], requester: User, submit: Callable[..., Ticket], ticket: Ticket
) -> None:
    other = submit(requester=requester, body="And my coat?")
    assert step("link", {"other": other.reference}).status_code == 200
    assert step("unlink", {"other": other.reference}).status_code == 200
    assert step("merge", {"into": other.reference}).json()["merged_into"] == other.reference
    assert step("unmerge").json()["merged_into"] is None
    assert step("merge", {"into": ticket.reference}).json()["code"] == "merge_refused"
    key = {"Idempotency-Key": "s1"}
    body = {"messages": [ticket.messages.get().pk], "subject": "Its own"}
    first, again = (step("split", body, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"] != ticket.reference


STEPS = {
    "assign": {"assignee": "me"}, "priority": {"priority": "high"}, "snooze": {"until": TOMORROW}, "wake": {}, "tags": {"add": ["x"]},
    "macro": {"macro": "x"}, "not-spam": {}, "spam": {}, "mark-resolved": {}, "reopen": {}, "recall": {}, "merge": {"into": "x"},
    "unmerge": {}, "link": {"other": "x"}, "unlink": {"other": "x"}, "split": {"messages": [1]}, "intent": {"intent": None},
}  # fmt: skip


def test_no_step_of_agents_is_taken_by_anybody_else(
    step: Callable[..., Any], requester: User, stranger: User, ticket: Ticket
) -> None:
    before = Event.objects.count()
    for name, body in STEPS.items():
        assert (step(name, body, by=requester).status_code, name) == (403, name)
        assert (step(name, body, by=stranger).status_code, name) == (404, name)
    for name in ("person", "undo"):
        assert step(name).json()["code"] == "not_the_requester"
    assert Event.objects.count() == before


def test_a_step_is_taken_once_and_only_on_what_was_read(
    step: Callable[..., Any], api: Api, agent: User, ticket: Ticket
) -> None:
    key = {"Idempotency-Key": "p1"}
    etag = api(agent).get(f"/api/tickets/{ticket.reference}").headers["ETag"]
    for _ in range(2):
        assert step("priority", {"priority": "high"}, headers=key).status_code == 200
    assert ticket.events.filter(kind="prioritised").count() == 1
    refused = step("priority", {"priority": "urgent"}, headers={"If-Match": etag})
    assert refused.status_code == 412
    assert Ticket.objects.get().urgency == 1
    fresh = step("tags", {"add": ["x"]}).headers["ETag"]
    assert step("priority", {"priority": "urgent"}, headers={"If-Match": fresh}).status_code == 200


def test_the_whole_ticket_costs_the_same_however_much_stands_in_it(
    step: Callable[..., Any], api: Api, agent: User, ticket: Ticket
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            api(agent).get(f"/api/tickets/{ticket.reference}")
        return len(asked)

    step("tags", {"add": ["a"]})
    few = queries()
    step("tags", {"add": ["b", "c", "d"]})
    for number in range(5):
        ticket.note(str(number), author=agent)
    assert queries() == few
