"""What is said where a ticket tells of something grave: another tone, and what the house says about emergencies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tickets.states import Urgency

if TYPE_CHECKING:
    from tickets.models import Ticket

EmergencyLine = Callable[[str], str]
_emergency: list[EmergencyLine] = []


def register_emergency(line: EmergencyLine) -> None:
    """Ask this for what people should do in an emergency, by language; nothing where the house has not said it."""
    _emergency[:] = [line]


def emergency_in(language: str) -> str:
    return _emergency[0](language) if _emergency else ""


def is_grave(ticket: Ticket) -> bool:
    """Found grave by the machine, rather than raised by an agent for reasons of their own."""
    return ticket.urgency == Urgency.URGENT and ticket.escalation_reason in {"grave", "never_automate"}
