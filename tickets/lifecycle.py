"""What time alone does to tickets."""

from __future__ import annotations

import logging

from tickets.errors import InvalidTransition
from tickets.models import Closure, Ticket, silence_limit

logger = logging.getLogger(__name__)
BATCH = 200


def close_silent_tickets() -> None:
    """Close answered tickets whose requester has kept silent; each in its own transaction."""
    silent = Ticket.objects.silent_since(silence_limit()).order_by("resolved_at")[:BATCH]
    for ticket in silent:
        try:
            ticket.close(Closure.SILENCE)
        except InvalidTransition as error:
            logger.info("Left open: %s", error)  # the requester wrote in this very moment
