"""The ticket domain's error tree. A message says what is wrong and what to do."""

from __future__ import annotations


class TicketError(Exception):
    """Base of what the ticket domain refuses on purpose."""

    code = "ticket_error"


class InvalidTransition(TicketError):
    """The ticket's state does not allow this step."""

    code = "invalid_transition"


class MergeRefused(TicketError):
    """These two tickets must not become one."""

    code = "merge_refused"


class AttachmentRefused(TicketError):
    """The file is of a type or size that is not taken."""

    code = "attachment_refused"


class Held(TicketError):
    """Somebody else than the caller saw is in charge of the ticket."""

    code = "held"

    def __init__(self, reference: str, holder: object | None) -> None:
        self.holder = holder
        charge = (
            f"{holder} has ticket {reference} now" if holder else f"Nobody has ticket {reference} any more"
        )
        super().__init__(f"{charge}. Look again, then say whether you take it.")
