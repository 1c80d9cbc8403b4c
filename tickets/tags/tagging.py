"""Putting tags on tickets and taking them off; each change is an Event of the ticket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from tickets.audit import register_kinds
from tickets.errors import TicketError
from tickets.models import Ticket
from tickets.tags.models import Tag, Tagging, folded

TAGGED: Final = "tagged"
UNTAGGED: Final = "untagged"
register_kinds({TAGGED: "Tag put on", UNTAGGED: "Tag taken off"})
MOST: Final = 20  # on one ticket
OFFERED: Final = 12


class NoTag(TicketError):
    """What was written is no tag, or one too many."""

    code = "no_tag"


def read_names(words: str) -> list[str]:
    """Names from “refund, vip #late”; raises NoTag."""
    try:
        return list(
            dict.fromkeys(folded(word) for word in words.replace("#", ",").split(",") if word.strip())
        )
    except ValidationError as error:
        raise NoTag(" ".join(error.messages)) from error


@transaction.atomic
def put(ticket: Ticket, names: Iterable[str], *, by: User) -> list[str]:
    """Put the tags ``names`` on ``ticket``, made where they are new; returns those that were not on it."""
    Ticket.objects.select_for_update().get(pk=ticket.pk)
    there = set(tags_of([ticket.pk]).get(ticket.pk, ()))
    wanted = [name for name in names if name not in there]
    if len(there) + len(wanted) > MOST:
        raise NoTag(f"A ticket bears {MOST} tags at most.")
    for name in wanted:
        tag, _ = Tag.objects.get_or_create(name=name)
        Tagging.objects.create(ticket=ticket, tag=tag, by=by)
        ticket.record(TAGGED, actor=by, tag=tag.pk)
    return wanted


@transaction.atomic
def take_off(ticket: Ticket, name: str, *, by: User) -> bool:
    """Take the tag off; False where it was not on it."""
    Ticket.objects.select_for_update().get(pk=ticket.pk)
    tagging = Tagging.objects.filter(ticket=ticket, tag__name=name).first()
    if tagging is None:
        return False
    tagging.delete()
    ticket.record(UNTAGGED, actor=by, tag=tagging.tag_id)
    return True


def tags_of(tickets: Sequence[int]) -> Mapping[int, list[str]]:
    """Ticket → the names of its tags, in one query."""
    found: dict[int, list[str]] = {}
    rows = Tagging.objects.filter(ticket__in=tickets).order_by("tag__name")
    for ticket, name in rows.values_list("ticket", "tag__name"):
        found.setdefault(ticket, []).append(name)
    return found


def offered(words: str) -> list[str]:
    """Names that begin as what is typed last, after commas."""
    start = "-".join(words.rpartition(",")[2].lower().strip(" #").split())
    return list(Tag.objects.filter(name__startswith=start).values_list("name", flat=True)[:OFFERED])
