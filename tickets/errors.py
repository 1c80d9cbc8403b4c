"""The ticket domain's error tree. A message says what is wrong and what to do."""

from __future__ import annotations


class TicketError(Exception):
    """Base of what the ticket domain refuses on purpose."""

    code = "ticket_error"


class InvalidTransition(TicketError):
    """The ticket's state does not allow this step."""

    code = "invalid_transition"


class AttachmentRefused(TicketError):
    """The file is of a type or size that is not taken."""

    code = "attachment_refused"
