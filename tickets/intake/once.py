"""The same wish sent twice makes one ticket, be it by a form's second click or by a program that tries again.

Each way of sending names the wish; the name is the ticket's ``external_id``, which the database keeps unique.
"""

from __future__ import annotations

import uuid

from django.db import IntegrityError

from accounts.models import User
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Ticket

#: Longest name that a program may give to a wish.
KEY_LENGTH = 80


def page_key(once: uuid.UUID | None, sender: str, subject: str, body: str) -> str:
    """The same for the same text sent twice from one page; a changed text is a new wish."""
    content = "\n".join([sender, subject, body])
    return f"web:{uuid.uuid5(once or uuid.uuid4(), content)}"


def caller_key(caller: User, key: str) -> str | None:
    """The caller's own name for a wish; None where they give none, and then nothing is the same."""
    return f"api:{caller.pk}:{key}" if key else None


def submit_once(wish: Submission) -> tuple[Ticket, bool]:
    """The ticket of this wish, and whether it is new. Sent twice, also at the same time, it finds the first one's."""
    if wish.external_id is None:
        return submit_ticket(wish), True
    known = Ticket.objects.filter(external_id=wish.external_id).first()
    if known is not None:
        return known, False
    try:
        return submit_ticket(wish), True
    except IntegrityError:
        twin = Ticket.objects.filter(external_id=wish.external_id).first()
        if twin is None:
            raise
        return twin, False
