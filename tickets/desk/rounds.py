"""Which ticket comes next: an agent is led through what waits once, and then told that all was seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from tickets.access import at_desk
from tickets.desk.models import HeldReply, Snooze, Visit
from tickets.models import Event, Message, Ticket, TicketQuerySet, Urgency
from tickets.teams.sight import teams_for

#: A round that was never finished ends by itself: next morning everything is offered again.
LONGEST_ROUND: Final = timedelta(hours=10)
ORDER: Final = ("-urgency", "escalated_at", "id")


@dataclass(frozen=True)
class Turn:
    """The ticket whose turn it is; without one, how many of the agent's own wait that this round has seen."""

    ticket: Ticket | None
    seen: int = 0


def workable(agent: User) -> TicketQuerySet:
    """What waits for a person now, as far as this agent sees it: neither snoozed nor about to be answered."""
    now = timezone.now()
    asleep = Snooze.objects.filter(ticket=OuterRef("pk"), until__gt=now)
    underway = HeldReply.objects.on_its_way().filter(ticket=OuterRef("pk"))
    rows = at_desk(agent).awaiting_agent()
    return rows.filter(~Exists(asleep), ~Exists(underway))


@transaction.atomic
def next_turn(agent: User, *, after: int | None = None) -> Turn:
    """The agent's own ticket that waits longest, else the most urgent of nobody's, now assigned to them.

    The urgent come first: one of nobody's goes before the agent's own that are less so. ``after`` is the ticket just
    left. What this round has led to before is not offered again, unless its requester wrote since. Two agents who
    ask in the same moment get different tickets: each row is locked before it is taken, and a locked one passed over.
    """
    if after is not None and Ticket.objects.filter(pk=after).exists():
        _visit(agent, after)
    seen = Visit.objects.filter(agent=agent, ticket=OuterRef("pk"), at__gte=timezone.now() - LONGEST_ROUND)
    fresh = workable(agent).filter(~Exists(seen)).order_by(*ORDER)
    own: Ticket | None = fresh.filter(assignee=agent).first()
    if own is None or own.urgency != Urgency.URGENT:
        above = own.urgency if own is not None else -1
        chosen = (
            _take_free(agent, fresh.filter(_of_own_teams(agent), assignee=None, urgency__gt=above)) or own
        )
    else:
        chosen = own
    if chosen is None:
        return Turn(None, seen=workable(agent).filter(assignee=agent).count())
    _visit(agent, chosen.pk)
    return Turn(chosen)


def _of_own_teams(agent: User) -> Q:
    """A member of teams is led through their tickets and those of no team; everybody else through all."""
    teams = [team.pk for team in teams_for(agent) if team.is_own]
    return Q(team=None) | Q(team__in=teams) if teams else Q()


def _take_free(agent: User, free: TicketQuerySet) -> Ticket | None:
    skip = connection.features.has_select_for_update_skip_locked
    ticket: Ticket | None = (
        free.select_for_update(of=("self",), skip_locked=skip).first() if skip else free.first()
    )
    if ticket is not None:
        ticket.assign(agent, actor=agent, held_by={None})
    return ticket


def _visit(agent: User, ticket_id: int) -> None:
    Visit.objects.update_or_create(agent=agent, ticket_id=ticket_id, defaults={"at": timezone.now()})


def start_again(agent: User) -> None:
    Visit.objects.filter(agent=agent).delete()


def offer_again_when_requester_writes(event: Event) -> None:
    message = event.message
    if message is not None and message.sender == Message.Sender.REQUESTER:
        Visit.objects.filter(ticket=event.ticket).delete()


def forget_old() -> None:
    """Visits of rounds that are over. A sweep."""
    Visit.objects.filter(at__lt=timezone.now() - LONGEST_ROUND).delete()
