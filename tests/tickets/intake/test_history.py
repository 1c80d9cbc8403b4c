"""Past tickets of another system: whole, settled, silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError

from accounts.models import User
from tickets.intake.history import PastTicket, save_past_tickets
from tickets.models import Event, Feedback, Job, Message, Status, Ticket

pytestmark = pytest.mark.django_db
THEN = datetime(2026, 3, 1, 10, tzinfo=UTC)


def past(**facts: Any) -> PastTicket:
    known = {
        "external_id": "a", "subject": "Refund", "body": "Where is it?", "requester_email": "rita@example.com",
        "created_at": THEN, "reply": "On its way.", "answered_at": THEN + timedelta(hours=1),
    }  # fmt: skip
    return PastTicket(**{**known, **facts})


def test_a_past_ticket_keeps_its_times_and_words(requester: User) -> None:
    ticket = save_past_tickets([past()])["a"]
    ticket.refresh_from_db()
    assert (ticket.created_at, ticket.closed_at) == (THEN, THEN + timedelta(hours=1))
    assert [(m.sender, m.body) for m in ticket.messages.all()] == [
        ("requester", "Where is it?"),
        ("agent", "On its way."),
    ]
    assert ticket.events.get().facts == {"channel": "import", "external_id": "a"}


def test_nothing_is_triaged_or_mailed() -> None:
    save_past_tickets([past(), past(external_id="b", is_settled=False)])
    assert not Job.objects.exists()


def test_an_unanswered_unsettled_ticket_waits_for_a_person() -> None:
    ticket = save_past_tickets([past(is_settled=False, reply="", answered_at=None)])["a"]
    assert (ticket.status, ticket.closure, ticket.closed_at) == (Status.ESCALATED, "", None)
    assert ticket.messages.count() == 1


def test_a_rating_becomes_feedback() -> None:
    save_past_tickets([past(external_id=str(stars), rating=stars) for stars in (2, 3)])
    assert sorted(Feedback.objects.values_list("rating", "solved")) == [(2, False), (3, True)]


@pytest.mark.parametrize("verified", [True, False])
def test_it_belongs_to_the_account_only_of_a_proven_address(requester: User, verified: bool) -> None:
    EmailAddress.objects.update_or_create(
        user=requester, email=requester.email, defaults={"verified": verified, "primary": True}
    )
    ticket = save_past_tickets([past()])["a"]
    assert ticket.requester == (requester if verified else None)


def test_another_proven_address_of_the_account_does_not_count(requester: User) -> None:
    EmailAddress.objects.filter(user=requester).update(verified=False)
    EmailAddress.objects.create(user=requester, email="other@example.com", verified=True, primary=False)
    assert save_past_tickets([past()])["a"].requester is None


def test_known_ones_are_left_alone_and_not_returned() -> None:
    save_past_tickets([past()])
    saved = save_past_tickets([past(body="Another text"), past(external_id="b")])
    assert list(saved) == ["b"]
    assert Message.objects.filter(body="Another text").count() == 0


def test_all_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **facts: Any) -> None:
        raise IntegrityError("disk full")

    monkeypatch.setattr(Event.objects, "bulk_create", fail)
    with pytest.raises(IntegrityError):
        save_past_tickets([past()])
    assert (Ticket.objects.count(), Message.objects.count()) == (0, 0)
