"""Fields over the API: read, written all or nothing, and filtered by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from tickets.fields.models import Field, Value
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(requester: User) -> Ticket:
    Field.objects.create(name="Order")
    Field.objects.create(name="Days", kind="number")
    made = submit_ticket(Submission(subject="My refund", body="Where is it?", requester=requester))
    made.escalate("low_confidence")
    return made


def test_they_are_read_written_and_filtered_by(
    api: Callable[..., Any], ticket: Ticket, agent: User, requester: User
) -> None:
    path = f"/api/tickets/{ticket.reference}"

    def fill(who: User, values: dict[str, Any]) -> Any:
        return api(who).post(f"{path}/fields", {"values": values}, format="json")

    assert fill(requester, {"Order": "1"}).status_code == 403
    assert fill(agent, {"order": " 4711 ", "Days": "3.0"}).json()["desk"]["fields"] == {
        "Days": "3",
        "Order": "4711",
    }
    wrong = fill(agent, {"Order": "9", "Days": "many"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "not_of_its_kind")
    unknown = fill(agent, {"Order": "9", "Colour": "red"})
    assert unknown.status_code == 400 and "Colour" in unknown.json()["detail"]
    assert Value.objects.get(field__name="Order").text == "4711"
    assert fill(agent, {"Days": None}).json()["desk"]["fields"] == {"Order": "4711"}
    assert api(requester).get(path).json()["desk"] is None

    def found(words: str) -> int:
        return len(api(agent).get("/api/tickets", {"scope": "all", "field": words}).json()["results"])

    assert (found("Order=4711"), found("Order=1"), found("order"), found("Colour=red")) == (1, 0, 1, 0)
    assert api(requester).get("/api/tickets", {"field": "Order=4711"}).status_code == 400
