"""The same wish sent twice makes one ticket, be it by a form's second click or by a program that tries again.

Each way of sending names the wish; the name is the ticket's ``external_id``, which the database keeps unique. A page
that was loaded anew (Back, another window) gives another name, so that on the web the same words of the same person
within :data:`SAME_WITHIN` are one wish too.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

from django.db import IntegrityError
from django.utils import timezone

from accounts.models import User
from tickets.errors import TicketError
from tickets.intake.submit import Submission, submit_ticket
from tickets.models import Channel, Message, Ticket

SAME_WITHIN: Final = timedelta(minutes=10)

#: So long a program's name for a wish means that wish; later it names a new one.
NAME_KEPT: Final = timedelta(hours=24)


class KeyReused(TicketError):
    """Nothing was made, so that neither wish is lost in silence."""

    code = "key_reused"

    def __init__(self) -> None:
        super().__init__("This key was used for another ticket. Nothing was done. Use a new key.")


def page_key(once: uuid.UUID | None, sender: str, subject: str, body: str) -> str:
    """The same for the same text sent twice from one page; a changed text is a new wish."""
    content = "\n".join([sender, subject, body])
    return f"web:{uuid.uuid5(once or uuid.uuid4(), content)}"


def reply_key(once: uuid.UUID | None, ticket: Ticket, body: str) -> str:
    """The same for the same reply sent twice from one page."""
    return f"web:{uuid.uuid5(once or uuid.uuid4(), f'{ticket.pk}{chr(10)}{body}')}"


def caller_key(caller: User, key: str) -> str | None:
    """The caller's own name for a wish; None where they give none, and then nothing is the same."""
    return f"api:{caller.pk}:{key}" if key else None


def submit_once(wish: Submission) -> tuple[Ticket, bool]:
    """The ticket of this wish, and whether it is new. Sent twice, also at the same time, it finds the first one's."""
    if wish.external_id is None:
        return submit_ticket(wish), True
    known = _named(wish) or _same_words(wish)
    if known is not None:
        return known, False
    try:
        return submit_ticket(wish), True
    except IntegrityError:
        twin = _named(wish)
        if twin is None:
            raise
        return twin, False


def _named(wish: Submission) -> Ticket | None:
    """The ticket that this name was given to. Raises KeyReused where a program gives it to another wish."""
    known = Ticket.objects.filter(external_id=wish.external_id).first()
    if known is None or not (wish.external_id or "").startswith("api:"):
        return known
    if known.created_at < timezone.now() - NAME_KEPT:
        Ticket.objects.filter(pk=known.pk).update(external_id=None)
        return None
    first = known.messages.order_by("pk").first()
    email = wish.requester.email if wish.requester else User.objects.normalize_email(wish.guest_email)
    said = (known.subject, first.body if first else "", known.requester_email)
    if said != (wish.kept_subject, wish.body, email):
        raise KeyReused
    return known


def _same_words(wish: Submission) -> Ticket | None:
    """What this person sent by the web form a moment ago in exactly these words; with files it may be another wish."""
    if not (wish.external_id or "").startswith("web:") or wish.files or wish.uploaded:
        return None
    email = User.objects.normalize_email(wish.guest_email)
    sender = (
        {"requester": wish.requester} if wish.requester else {"requester": None, "requester_email": email}
    )
    first = Message.objects.filter(
        ticket__created_at__gte=timezone.now() - SAME_WITHIN,
        **{f"ticket__{name}": value for name, value in sender.items()},
        ticket__channel=Channel.WEB,
        ticket__follow_up_of=wish.follow_up_of,
        sender=Message.Sender.REQUESTER,
        body=wish.body,
    )
    found = first.select_related("ticket").order_by("-id").first()
    return found.ticket if found and found.ticket.subject == wish.kept_subject else None
