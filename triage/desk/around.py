"""The tickets that a ticket's page names: similar ones, others of the person, linked and merged ones. One query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, When

from accounts.models import User
from tickets.access import at_desk
from tickets.links.linking import Linked, linked
from tickets.links.models import Link
from tickets.models import Message, Status, Ticket, TicketQuerySet
from tickets.teams.sight import may_see
from triage.desk.suggestion import LEAST_SIMILARITY
from triage.models import Decision

OTHERS_SHOWN: Final = 5
OTHERS_COUNTED: Final = 100
ACTIVE: Final = [status for status in Status if status.is_active]


@dataclass(frozen=True)
class Neighbour:
    """A similar resolved ticket with the human reply that settled it.

    ``intent`` is what it was known to be about when this ticket was judged; confirmed if a person said so
    after the model was trained.
    """

    ticket: Ticket
    similarity: float
    reply: str
    intent: str = ""
    confirmed: bool = False


@dataclass(frozen=True)
class Other:
    """Another ticket of the same person; ``same_matter`` if it is about the same, or follows up the other."""

    ticket: Ticket
    same_matter: bool


@dataclass(frozen=True)
class Around:
    """``merged`` are those that go on in the ticket, whoever may see them otherwise: their messages are its own."""

    neighbours: Sequence[Neighbour]
    open_others: Sequence[Other]
    others: Sequence[Other]
    others_count: int
    linked: Sequence[Linked]
    merged: Sequence[Ticket]


def look_around(ticket: Ticket, agent: User, decision: Decision | None) -> Around:
    """Each list as far as ``agent`` may see its tickets, in one query however many there are."""
    similar = _similar(decision)
    rows: list[Any] = list(_rows(ticket, agent, [found["id"] for found in similar]))
    seen = [row for row in rows if may_see(agent, row.team_id)]
    others = [row for row in seen if row.is_of_person][:OTHERS_COUNTED]
    open_now = [other for other in others if other.state in ACTIVE and not other.is_quarantined]
    open_now = open_now[:OTHERS_SHOWN]
    rest = [other for other in others if other not in open_now]
    links = sorted((row for row in seen if row.link), key=lambda row: -row.link)
    return Around(
        neighbours=_neighbours(similar, {row.pk: row for row in seen if row.is_settled}),
        open_others=_compared(ticket, decision, open_now),
        others=_compared(ticket, decision, rest[:OTHERS_SHOWN]),
        others_count=len(others),
        linked=[linked(ticket, row, row.link_kind) for row in links],
        merged=[row for row in rows if row.merged_into_id == ticket.pk],
    )


def _rows(ticket: Ticket, agent: User, similar: Sequence[int]) -> TicketQuerySet:
    """Newest first, each with what tells to which list it belongs; every list is found by an index of its own."""
    person = at_desk(agent).of_same_person(ticket).exclude(pk=ticket.pk).order_by("-id").values("pk")
    latest = Ticket.objects.filter(pk__in=person[:OTHERS_COUNTED])
    links = Link.objects.filter(
        Q(first=ticket.pk, second=OuterRef("pk")) | Q(second=ticket.pk, first=OuterRef("pk"))
    )
    decisions = Decision.objects.filter(ticket=OuterRef("pk")).order_by("-run")
    final = Case(When(corrected_at__isnull=False, then=F("corrected_intent")), default=F("intent"))
    human = Message.objects.filter(
        ticket=OuterRef("pk"), kind=Message.Kind.REPLY, sender=Message.Sender.AGENT
    ).order_by("-id")
    named = (
        latest.order_by()
        .values_list("pk")
        .union(
            Ticket.objects.filter(pk__in=similar).order_by().values_list("pk"),
            Ticket.objects.filter(merged_into=ticket.pk).order_by().values_list("pk"),
            Link.objects.filter(first=ticket.pk).values_list("second"),
            Link.objects.filter(second=ticket.pk).values_list("first"),
        )
    )
    return (
        Ticket.objects.filter(pk__in=named)
        .exclude(pk=ticket.pk)
        .select_related("assignee")
        .annotate(
            is_of_person=Exists(Ticket.objects.all().of_same_person(ticket).filter(pk=OuterRef("pk"))),
            is_settled=Exists(Ticket.objects.all().settled().filter(pk=OuterRef("pk"), pk__in=similar)),
            human_reply=Case(When(pk__in=similar, then=Subquery(human.values("body")[:1]))),
            matter=Subquery(decisions.values(matter=final)[:1]),
            link=Subquery(links.values("pk")[:1]),
            link_kind=Subquery(links.values("kind")[:1]),
        )
        .order_by("-id")
    )


def _similar(decision: Decision | None) -> list[dict[str, Any]]:
    known: list[dict[str, Any]] = decision.similar if decision else []
    return [found for found in known if found["similarity"] >= LEAST_SIMILARITY]


def _neighbours(similar: Sequence[dict[str, Any]], settled: dict[int, Any]) -> list[Neighbour]:
    """Similar tickets that are settled still: one that came back, or was erased, is no model any more."""
    return [
        Neighbour(
            ticket=settled[found["id"]],
            similarity=found["similarity"],
            reply=settled[found["id"]].human_reply or "",
            intent=found.get("intent") or "",
            confirmed=found.get("confirmed", False),
        )
        for found in similar
        if found["id"] in settled
    ]


def _compared(ticket: Ticket, decision: Decision | None, others: Iterable[Any]) -> list[Other]:
    """Each of ``others`` with whether it is on the ticket's matter."""
    matter = decision.final_intent.pk if decision and decision.final_intent else None
    return [
        Other(
            other,
            same_matter=(matter is not None and other.matter == matter)
            or ticket.pk == other.follow_up_of_id
            or other.pk == ticket.follow_up_of_id,
        )
        for other in others
    ]
