"""Which team a ticket belongs to: by the mailbox it came to, its channel, and what triage takes it for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from django.core.cache import cache

from tickets.audit import EventKind
from tickets.mail import threads
from tickets.states import Channel, Status
from tickets.teams.models import Rule, Team

if TYPE_CHECKING:
    from tickets.models import Ticket

CACHE_KEY: Final = "team-rules"
CACHE_SECONDS: Final = 30  # another process learns of a change by then at the latest


class Known(NamedTuple):
    team: int
    mailbox: str
    channel: str
    intent: str


def rules() -> Sequence[Known]:
    known: list[Known] | None = cache.get(CACHE_KEY)
    if known is None:
        known = [Known(*row) for row in Rule.objects.values_list("team", "mailbox", "channel", "intent")]
        cache.set(CACHE_KEY, known, CACHE_SECONDS)
    return known


def forget() -> None:
    cache.delete(CACHE_KEY)


def team_for(*, channel: str, mailbox: str = "", intent: str | None = None) -> Team | None:
    """The team of the first rule that fits. Before triage (no ``intent``) only rules without one can."""
    for rule in rules():
        fits = not rule.mailbox or rule.mailbox == mailbox.lower()
        fits = fits and (not rule.channel or rule.channel == channel)
        if fits and (not rule.intent or rule.intent == intent):
            return Team.objects.filter(pk=rule.team).first()  # it may be gone since
    return None


def route(ticket: Ticket, intent: str) -> None:
    """Move the ticket by what triage takes it for, unless a person has said whose it is. It is locked already."""
    if not any(rule.intent for rule in rules()) or ticket.state is Status.CLOSED:
        return
    incoming = threads.incoming(ticket) if ticket.channel == Channel.EMAIL else None
    team = team_for(channel=ticket.channel, mailbox=incoming.address if incoming else "", intent=intent)
    said = ticket.events.filter(kind=EventKind.TEAM, actor__isnull=False)
    if team is not None and team.pk != ticket.team_id and not said.exists():
        ticket.hand_to(team, actor=None)
