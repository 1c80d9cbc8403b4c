"""How much mail a stranger can cause to an address that is only claimed: three within a day, from all channels together.

Counted in the row of the mailbox, in the transaction that writes the mail. What a person of ours writes neither counts
nor waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from accounts.limits import spending

if TYPE_CHECKING:
    from tickets.models import Ticket

OPERATION: Final = "claimed_mail"


class Spent(Exception):
    """Nobody has proved to own the address, and it had its mails of the day."""


def is_proved(ticket: Ticket) -> bool:
    """Whether its requester is logged in, or our own mail server vouches for the address."""
    return ticket.requester_id is not None or ticket.sender_verified


def count(address: str) -> None:
    """Count one mail to ``address``; Spent, and nothing is counted, where it had its mails of the day."""
    if not spending.take_row(OPERATION, address):
        raise Spent


def row_of(ticket: Ticket) -> str:
    """The key of the row that the ticket's automatic answer counts in; empty where it does not count."""
    return "" if is_proved(ticket) else spending.row_of(OPERATION, ticket.requester_email)


def is_spent(used_until: int | None) -> bool:
    return spending.is_spent(OPERATION, used_until)
