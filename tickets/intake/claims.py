"""Guest tickets join the account of whoever proves to own their address."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from tickets.models import Ticket


@transaction.atomic
def claim_guest_tickets(user: User) -> int:
    """Give ``user`` every guest ticket sent from their confirmed address; returns how many."""
    sent = Ticket.objects.filter(requester=None, requester_email=user.email)
    if not sent.exists() or not user.email_is_verified:
        return 0
    tickets = list(sent.select_for_update())
    for ticket in tickets:
        ticket.claim(user)
    return len(tickets)
