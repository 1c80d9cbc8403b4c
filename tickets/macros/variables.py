"""The variables of a macro: what stands for the ticket, its requester and the agent in its texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError

from accounts.models import User
from tickets.models import Ticket

_VARIABLE: Final = re.compile(r"\{([^{}\n]{1,40})\}")


def _first_name(ticket: Ticket, agent: User) -> str:
    return ticket.requester_name.partition(" ")[0]


#: Name → (what it gives, for people; its value on a ticket for an agent).
VARIABLES: Final[Mapping[str, tuple[str, Callable[[Ticket, User], str]]]] = {
    "requester": ("the requester's name", lambda ticket, agent: ticket.requester_name),
    "first_name": ("the requester's first name", _first_name),
    "email": ("the requester's address", lambda ticket, agent: ticket.requester_email),
    "reference": ("the ticket's reference", lambda ticket, agent: ticket.reference),
    "subject": ("the ticket's subject", lambda ticket, agent: ticket.subject),
    "agent": ("your own name", lambda ticket, agent: agent.name or agent.email),
    "company": ("the company's name", lambda ticket, agent: settings.COMPANY_NAME),
}


def check(text: str) -> None:
    """ValidationError where ``text`` names a variable that there is not."""
    unknown = sorted({name for name in _VARIABLE.findall(text) if name not in VARIABLES})
    if unknown:
        named = ", ".join(f"{{{name}}}" for name in unknown)
        known = ", ".join(f"{{{name}}}" for name in VARIABLES)
        raise ValidationError(f"There is no {named}. A macro may use {known}.", code="variable")


def filled(text: str, ticket: Ticket, agent: User) -> str:
    """``text`` for this ticket and agent. A name that is not known leaves no gap: “Hello ,” becomes “Hello,”."""

    def value(found: re.Match[str]) -> str:
        known = VARIABLES.get(found.group(1))
        return known[1](ticket, agent) if known else found.group()

    # A value is put in once and never read for variables again: what a customer calls themselves stays a name.
    return re.sub(r" +(?=[,.!?])", "", _VARIABLE.sub(value, text)) if "{" in text else text
