"""The filters of every list of tickets."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from tickets.models import Status, Ticket
from tickets.querysets import TicketFilter

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture(autouse=True)
def rows(requester: User) -> None:
    facts = [
        ("Refund of my order", Status.OPEN, 3, "K7QM-3XNA-9F2T"),
        ("Parcel late", Status.CLOSED, 2, "K7QM-4444-4444"),
        ("refund again", Status.CLOSED, 1, "2222-2222-2222"),
    ]
    Ticket.objects.bulk_create(
        Ticket(
            requester=requester, requester_email=requester.email, subject=subject, status=status,
            created_at=NOW - timedelta(days=days), reference=reference,
        )
        for subject, status, days, reference in facts
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (TicketFilter(), "Refund of my order|Parcel late|refund again"),
        (TicketFilter(statuses=[Status.CLOSED]), "Parcel late|refund again"),
        (TicketFilter(created_after=NOW - timedelta(days=2)), "Parcel late|refund again"),
        (TicketFilter(created_before=NOW - timedelta(days=2)), "Refund of my order"),
    ],
)
def test_a_filter_leaves_what_it_says(wanted: TicketFilter, found: str) -> None:
    rows = Ticket.objects.all().matching(wanted).order_by("id")
    assert "|".join(row.subject for row in rows) == found
