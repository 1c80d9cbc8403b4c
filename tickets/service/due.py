"""What a ticket owes and when, for its page, the list and what customers are promised."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from tickets.models import Ticket
from tickets.service import words
from tickets.service.models import Awaited, Clock, Told
from tickets.service.targets import promised
from tickets.states import Urgency

SOON: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Due:
    """One thing that is owed, with the arithmetic behind it."""

    what: str
    at: datetime | None
    overdue: bool
    soon: bool
    arithmetic: str
    when: str = ""  # on the calendar's wall, as the arithmetic is

    @property
    def state(self) -> str:
        return "overdue" if self.overdue else "soon" if self.soon else "running" if self.at else "paused"


def owed(ticket: Ticket) -> list[Due]:
    """Everything the team owes on this ticket, the earliest first."""
    clock: Clock | None = getattr(ticket, "service_clock", None)
    known = promised(ticket.urgency)
    if clock is None or known is None:
        return []
    found = []
    amount = known.amount(clock.reply_kind)
    if clock.reply_since is not None and amount is not None and clock.resolution_since is not None:
        told = words.arithmetic(known.hours, amount, clock.reply_since, clock.reply_due)
        since = words.moment(known.hours, clock.reply_since)
        found.append(
            _due(Awaited(clock.reply_kind), clock.reply_due, clock.reply_told, f"{told}, since {since}")
        )
    amount = known.amount(Awaited.RESOLUTION)
    if amount is not None and not ticket.closed_at:
        found.append(
            _due(
                Awaited.RESOLUTION,
                clock.resolution_due,
                clock.resolution_told,
                _resolution(clock, ticket, amount),
            )
        )
    found = [replace(one, when=words.moment(known.hours, one.at) if one.at else "") for one in found]
    return sorted(found, key=lambda due: (due.at is None, due.at or timezone.now()))


def _resolution(clock: Clock, ticket: Ticket, amount: timedelta) -> str:
    known = promised(ticket.urgency)
    assert known is not None  # noqa: S101
    used = words.amount_in_words(clock.resolution_used)
    if clock.resolution_since is None:
        return f"{used} of {words.amount_in_words(amount)} used; it stands still while it is not our turn"
    left = max(amount - clock.resolution_used, timedelta(0))
    told = words.arithmetic(known.hours, left, clock.resolution_since, clock.resolution_due)
    return f"{told}; {used} were used before" if clock.resolution_used else told


def _due(awaited: Awaited, at: datetime | None, told: int, arithmetic: str) -> Due:
    now = timezone.now()
    overdue = at is not None and at <= now
    soon = not overdue and at is not None and (told >= Told.SOON or at - now <= SOON)
    return Due(awaited.label.capitalize(), at, overdue, soon, arithmetic)


def due_at(ticket: Ticket) -> datetime | None:
    """When the next of what is owed is due; None where nothing is."""
    clock = getattr(ticket, "service_clock", None)
    return clock.due_at if clock is not None else None


def is_soon(ticket: Ticket, now: datetime) -> bool:
    """As ``due_soon`` has it."""
    clock: Clock | None = getattr(ticket, "service_clock", None)
    if clock is None or clock.due_at is None or clock.due_at <= now:
        return False
    return Told.SOON in {clock.reply_told, clock.resolution_told} or clock.due_at - now <= SOON


def overdue(now: datetime) -> Q:
    """The condition of tickets for which something is late."""
    return Q(service_clock__due_at__lte=now)


def due_soon(now: datetime) -> Q:
    """The condition of tickets that were warned about or are due within the hour, but are not late."""
    warned = Q(service_clock__reply_told=Told.SOON) | Q(service_clock__resolution_told=Told.SOON)
    return Q(service_clock__due_at__gt=now) & (Q(service_clock__due_at__lte=now + SOON) | warned)


def reply_due(ticket: Ticket) -> datetime | None:
    """By when a requester may expect a person's reply; None where nothing is promised."""
    clock: Clock | None = getattr(ticket, "service_clock", None)
    return clock.reply_due if clock is not None else None


def zone_for(ticket: Ticket) -> ZoneInfo:
    """The requester's own time zone where they have said one, else the calendar's."""
    own = str(getattr(ticket.requester, "time_zone", "") or "")
    known = promised(ticket.urgency)
    return ZoneInfo(own or (known.hours.zone if known else settings.TIME_ZONE))


def usual_hours() -> int | None:
    """Working hours within which an ordinary ticket is answered, rounded up; None where nothing is promised."""
    known = promised(Urgency.NORMAL)
    amount = known.amount(Awaited.FIRST_REPLY) if known else None
    return -(-int(amount.total_seconds()) // 3600) if amount else None


def opening_words(language: str) -> str:
    """When the team is there, for customers; empty in a language that we have no words for."""
    known = promised(Urgency.NORMAL)
    return (words.told_to_customers(known.hours, language) or "") if known else ""
