"""Snooze: a ticket is out of everybody's way until a moment, or until its requester writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from tickets.desk.models import Snooze
from tickets.errors import InvalidTransition, TicketError
from tickets.models import Event, Message, Status, Ticket

SNOOZED, WOKEN = "snoozed", "woken"  # kinds of Events
MORNING: Final = time(9)
LONGEST = timedelta(days=365)


def moments(now: datetime | None = None) -> Mapping[str, tuple[str, datetime]]:
    """What the page offers: name → (words, the moment), in the house's time zone."""
    here = timezone.localtime(now)
    tomorrow = _morning(here + timedelta(days=1))
    monday = _morning(here + timedelta(days=7 - here.weekday()))
    return {
        "hour": ("1 hour", here + timedelta(hours=1)),
        "later": ("3 hours", here + timedelta(hours=3)),
        "tomorrow": ("Tomorrow morning", tomorrow),
        "monday": ("Monday morning", monday),
        "week": ("In a week", _morning(here + timedelta(days=7))),
    }


def _morning(day: datetime) -> datetime:
    return timezone.make_aware(datetime.combine(day.date(), MORNING))


@transaction.atomic
def snooze(ticket: Ticket, *, by: User, until: datetime) -> Snooze:
    """Put the ticket aside until then, in the charge of ``by`` where it has nobody."""
    now = timezone.now()
    if not now < until <= now + LONGEST:
        raise TicketError("Choose a moment in the future, at most a year ahead.")
    ticket.refresh_from_db(from_queryset=Ticket.objects.select_for_update())
    if ticket.is_quarantined or ticket.state not in {Status.OPEN, Status.ESCALATED, Status.PENDING}:
        raise InvalidTransition(f"Cannot snooze ticket {ticket.reference}: nobody waits for us there.")
    if ticket.assignee_id is None:
        ticket.assign(by, actor=by)
    row, _ = Snooze.objects.update_or_create(
        ticket=ticket, defaults={"by": by, "until": until, "created_at": now}
    )
    ticket.record(SNOOZED, actor=by, until=until.isoformat(timespec="minutes"))
    return row


@transaction.atomic
def wake(ticket: Ticket, *, by: User) -> None:
    if Snooze.objects.filter(ticket=ticket).delete()[0]:
        ticket.record(WOKEN, actor=by)


def wake_when_requester_writes(event: Event) -> None:
    message = event.message
    if message is not None and message.sender == Message.Sender.REQUESTER:
        Snooze.objects.filter(ticket=event.ticket).delete()


def wake_when_moved(event: Event) -> None:
    """What is settled, handed on or back in the queue does not sleep."""
    Snooze.objects.filter(ticket=event.ticket).delete()


def forget_old() -> None:
    """Rows whose moment is long past. A sweep."""
    Snooze.objects.filter(until__lt=timezone.now() - timedelta(days=7)).delete()
