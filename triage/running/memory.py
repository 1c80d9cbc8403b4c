"""What a person was sent before: the same answer is never sent to them again while it is fresh, or once it failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.utils import timezone

from tickets.mail import claimed
from tickets.models import Ticket
from triage.models import Action, Decision

LONGEST_CHAIN: Final = 50  # of follow-ups that are looked at
#: So many of a person's latest tickets are looked at: what a program sent by the thousand must not slow each more down.
LATEST: Final = 200
#: Written out, as it is asked for every ticket: to build it anew takes longer than to answer it.
OF_PERSON: Final = f"""
SELECT EXISTS (
    SELECT 1 FROM (
        SELECT * FROM (SELECT id, reopen_count FROM tickets_ticket WHERE mailbox = %s ORDER BY id DESC LIMIT {LATEST}) a
        UNION
        SELECT * FROM (SELECT id, reopen_count FROM tickets_ticket WHERE requester_id = %s ORDER BY id DESC LIMIT {LATEST}) b
    ) earlier
    JOIN triage_decision sent ON sent.ticket_id = earlier.id
    LEFT JOIN tickets_feedback said ON said.ticket_id = earlier.id
    WHERE sent.intent_slug = %s AND sent.action = %s AND sent.applied AND earlier.id <> %s
    AND (sent.created_at >= %s OR earlier.reopen_count > 0 OR NOT said.solved)
), (SELECT used_until FROM limits_allowance WHERE key = %s), (SELECT wanted FROM tickets_mailchoice WHERE mailbox = %s)
"""  # noqa: S608


@dataclass(frozen=True)
class Known:
    """``sent_before``: the answer went to this person and should not again. ``mail_spent``: it could not be mailed."""

    sent_before: bool
    mail_spent: bool


def look(ticket: Ticket, intent: str | None) -> Known:
    """What the ticket's sender was sent, whether the answer to ``intent``, in whatever version, or mails of today.

    The answer should not go again if it was sent within TRIAGE_REPEAT_DAYS, if it did not settle the matter whenever it
    was sent, and if ``ticket`` follows up the very ticket that was answered with it, directly or by others in between.
    The same look tells which mails the person wants, which ``ticket`` remembers until its next step.
    """
    since = connection.ops.adapt_datetimefield_value(
        timezone.now() - timedelta(days=settings.TRIAGE_REPEAT_DAYS)
    )
    sent_to: list[Any] = [intent or "", Action.AUTO_RESOLVE, ticket.pk or 0, since]
    row = claimed.row_of(ticket)
    with connection.cursor() as cursor:
        cursor.execute(OF_PERSON, [ticket.mailbox, ticket.requester_id, *sent_to, row, ticket.mailbox])
        sent, used_until, wanted = cursor.fetchone() or (False, None, None)
    ticket.remember_wanted(wanted)
    return Known(bool(sent) or _was_followed_up(ticket, intent), claimed.is_spent(used_until))


def _was_followed_up(ticket: Ticket, intent: str | None) -> bool:
    if intent is None:
        return False
    earlier = _followed(ticket)
    decisions = Decision.objects.filter(intent_slug=intent, action=Action.AUTO_RESOLVE, applied=True)
    return bool(earlier) and decisions.filter(ticket__in=earlier).exists()


def _followed(ticket: Ticket) -> list[int]:
    """The tickets that ``ticket`` follows up, the latest first: one query each, as chains are short."""
    found: list[int] = []
    earlier = ticket.follow_up_of_id
    while earlier is not None and earlier not in found and len(found) < LONGEST_CHAIN:
        found.append(earlier)
        earlier = Ticket.objects.filter(pk=earlier).values_list("follow_up_of", flat=True).first()
    return found


def take_turn(ticket: Ticket) -> None:
    """Have the tickets of one person that are answered in the same moment answered one after the other.

    Each locks the first ticket that the person ever sent, within the caller's transaction. Locks are only ever
    taken from a ticket to an earlier one, so nobody waits for each other.
    """
    everything = Ticket.objects.all().of_same_person(ticket).order_by("pk")
    everything.select_for_update().values_list("pk", flat=True).first()
