"""A ticket's messages as its page shows them: the latest at first, earlier and newer ones on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Exists, Prefetch, QuerySet, Subquery, Value

from tickets.models import Attachment, Message, Ticket

MESSAGES_SHOWN: Final = 20  # of a conversation at first
EARLIER_SHOWN: Final = 50


@dataclass(frozen=True)
class Conversation:
    """``messages`` in their order, how many came before them, and whether the machine alone has answered."""

    messages: Sequence[Message]
    earlier: int
    answered_by_machine: bool


def read_conversation(ticket: Ticket, *, whole: bool = False) -> Conversation:
    """The latest messages; all of them where the ``whole`` is wanted. Two queries, with their files."""
    said = ticket.conversation.order_by()
    rows: QuerySet[Any] = (
        _shown(said)
        .order_by("-id")
        .annotate(
            total=Subquery(
                said.annotate(all=Value(1)).values("all").annotate(number=Count("pk")).values("number")
            ),
            by_machine=Exists(said.filter(sender=Message.Sender.MACHINE)),
        )
    )
    latest = list(rows if whole else rows[:MESSAGES_SHOWN])
    if not latest:
        return Conversation([], 0, answered_by_machine=False)
    newest = latest[0]
    return Conversation(
        latest[::-1],
        newest.total - len(latest),
        answered_by_machine=newest.by_machine and ticket.first_human_reply_at is None,
    )


def earlier_messages(ticket: Ticket, before: int) -> tuple[list[Message], int]:
    """Up to EARLIER_SHOWN messages before the one of that id, and how many are left before these."""
    older = ticket.conversation.filter(pk__lt=before)
    rows = list(_shown(older).order_by("-id")[:EARLIER_SHOWN])
    return rows[::-1], older.count() - len(rows)


def newer_messages(ticket: Ticket, after: int) -> list[Message]:
    return list(_shown(ticket.conversation.filter(pk__gt=after)).order_by("id")[:EARLIER_SHOWN])


def _shown(messages: QuerySet[Message]) -> QuerySet[Message]:
    """With all that the page says of each."""
    files = Attachment.objects.select_related("recording")
    return messages.select_related("author", "mail", "sent_mail", "ticket").prefetch_related(
        Prefetch("attachments", files)
    )
