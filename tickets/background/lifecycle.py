"""What time alone does to tickets."""

from __future__ import annotations

from django.db import transaction

from tickets.models import Closure, Ticket, silence_limit

BATCH = 200


def close_silent_tickets() -> None:
    """Close answered tickets whose requester has kept silent; each in its own transaction."""
    silent = Ticket.objects.silent_since(silence_limit())
    for pk in silent.order_by("resolved_at").values_list("pk", flat=True)[:BATCH]:
        with transaction.atomic():
            # Under the lock: the requester may write, and an agent answer, in this very moment.
            ticket = silent.select_for_update().filter(pk=pk).first()
            if ticket is not None:
                ticket.close(Closure.SILENCE)
