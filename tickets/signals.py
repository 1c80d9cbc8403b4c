"""What the ticket domain does when something else happens: job kinds, sweeps, claimed guest tickets."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.dispatch import receiver
from django.http import HttpRequest

from tickets import claims, jobs, lifecycle, outbox

jobs.register(outbox.KIND, outbox.deliver)
jobs.register_sweep(lifecycle.close_silent_tickets)


@receiver(email_confirmed)
def join_guest_tickets(request: HttpRequest, email_address: EmailAddress, **kwargs: Any) -> None:
    """Whoever proves to own an address sees what was sent from it as a guest."""
    claims.claim_guest_tickets(email_address.user)
