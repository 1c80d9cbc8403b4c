"""Linking tickets and taking links off; each change is an Event on both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from tickets.access import at_desk
from tickets.audit import register_kinds
from tickets.errors import TicketError
from tickets.links.models import Link
from tickets.models import Ticket
from tickets.teams.sight import may_see

LINKED: Final = "linked"
UNLINKED: Final = "unlinked"
SPLIT: Final = "split"
register_kinds({LINKED: "Linked to another ticket", UNLINKED: "Link taken off", SPLIT: "Split into two"})
MOST: Final = 50  # of one ticket


class LinkRefused(TicketError):
    """These two cannot be linked."""

    code = "link_refused"


@dataclass(frozen=True)
class Linked:
    """The other end of a link; ``words`` say what binds them, where that is more than being related."""

    ticket: Ticket
    words: str


def find(reference: str, *, by: User) -> Ticket:
    """The ticket that an agent names, among those that they may see. Raises TicketError."""
    named = at_desk(by).named(reference.strip().lstrip("#"))
    ticket = named.first() if reference.strip() else None
    if ticket is None:
        raise TicketError(f"There is no ticket “{reference.strip()}”. Type its reference.")
    return ticket


@transaction.atomic
def link(one: Ticket, other: Ticket, *, by: User, kind: Link.Kind = Link.Kind.RELATED) -> bool:
    """Link the two; False where they are linked already."""
    if one.pk == other.pk:
        raise LinkRefused("A ticket cannot be linked to itself.")
    first, second = _locked(one, other)
    if Link.objects.filter(first=first, second=second).exists():
        return False
    if len(links_of(one)) >= MOST or len(links_of(other)) >= MOST:
        raise LinkRefused(f"A ticket has {MOST} links at most.")
    Link.objects.create(first=first, second=second, kind=kind, by=by)
    _record(LINKED if kind == Link.Kind.RELATED else SPLIT, one, other, by)
    return True


@transaction.atomic
def unlink(one: Ticket, other: Ticket, *, by: User) -> bool:
    """Take the link off; False where there is none."""
    first, second = _locked(one, other)
    if not Link.objects.filter(first=first, second=second).delete()[0]:
        return False
    _record(UNLINKED, one, other, by)
    return True


def _locked(one: Ticket, other: Ticket) -> list[Ticket]:
    """Both rows, locked in the order of their ids."""
    return list(Ticket.objects.select_for_update().filter(pk__in=[one.pk, other.pk]).order_by("pk"))


def _record(kind: str, one: Ticket, other: Ticket, by: User) -> None:
    one.record(kind, actor=by, other=other.pk)
    other.record(kind, actor=by, other=one.pk)


def links_of(ticket: Ticket, *, seen_by: User | None = None) -> Sequence[Linked]:
    """The tickets it is linked to, the latest link first, in one query; with ``seen_by`` those that this agent may see."""
    rows = Link.objects.filter(Q(first=ticket.pk) | Q(second=ticket.pk))
    found = []
    for row in rows.select_related("first__assignee", "second__assignee").order_by("-id"):
        other = row.second if row.first_id == ticket.pk else row.first
        if seen_by is not None and not may_see(seen_by, other.team_id):
            continue
        found.append(linked(ticket, other, row.kind))
    return found


def linked(ticket: Ticket, other: Ticket, kind: str) -> Linked:
    """The other end of a link of this kind, as seen from ``ticket``."""
    split = "split off this one" if other.pk > ticket.pk else "this one was split off it"
    return Linked(other, split if kind == Link.Kind.SPLIT else "")
