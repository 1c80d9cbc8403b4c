"""The variables that an approved answer may use, and their values for one ticket."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ValidationError

from tickets.mail import notices
from tickets.models import Ticket
from tickets.references import new_reference

VARIABLES: dict[str, Callable[[Ticket], str]] = {
    "requester_name": lambda ticket: ticket.requester_name.split(" ")[0] or "there",
    "ticket_reference": lambda ticket: ticket.reference,
    "ticket_url": notices.ticket_url,
    "subject": lambda ticket: ticket.subject,
    "company": lambda ticket: settings.COMPANY_NAME,
    "support_email": lambda ticket: settings.SUPPORT_EMAIL,
}
PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")


def check(body: str) -> None:
    """ValidationError that names every unknown variable and lists the known ones."""
    unknown = sorted({name for name in PLACEHOLDER.findall(body) if name not in VARIABLES})
    if unknown:
        wrong = ", ".join(f"{{{name}}}" for name in unknown)
        known = ", ".join(f"{{{name}}}" for name in VARIABLES)
        raise ValidationError(f"Unknown variable {wrong}. Use only: {known}.", code="unknown_variable")
    if body.count("{") != len(PLACEHOLDER.findall(body)) or body.count("}") != body.count("{"):
        raise ValidationError(
            "A curly bracket is open or left over. Write variables as {name}.", code="brackets"
        )


def fill(body: str, ticket: Ticket) -> str:
    """``body`` with its variables replaced. What the requester wrote is inserted as plain text, once."""
    return PLACEHOLDER.sub(lambda match: VARIABLES[match.group(1)](ticket), body)


def sample_ticket(subject: str = "") -> Ticket:
    """A ticket that exists only in memory, to fill an answer's variables."""
    return Ticket(
        reference=new_reference(),
        requester_name="Robin Sample",
        requester_email="robin@example.com",
        subject=subject or "A sample question",
    )
