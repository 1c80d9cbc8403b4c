"""The agents' lists: their views, true counts, and rows that are read by key, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, CharField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, NullIf, Substr
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import User
from tickets.access import at_desk
from tickets.desk.models import Draft, HeldReply, Presence
from tickets.following.models import Follower, Mention
from tickets.models import Message, Status, Ticket, TicketQuerySet
from tickets.service import due as service
from tickets.tags.models import Tagging
from triage.models import Decision

ROWS: Final = 50
COUNTED: Final = 1_000
PREVIEW: Final = 140  # characters of the last message that are read for a row
URGENT_FIRST: Final = ("-urgency", "escalated_at", "id")
NEWEST_FIRST: Final = ("-id",)
DUE_FIRST: Final = ("service_clock__due_at", "id")
SOONEST_FIRST: Final = ("snooze__until", "id")

Condition = Callable[[User, datetime], Q]


def _waits(agent: User, now: datetime) -> Q:
    return Q(status=Status.ESCALATED) & awake(now)


def awake(now: datetime) -> Q:
    return Q(snooze=None) | Q(snooze__until__lte=now)


@dataclass(frozen=True)
class View:
    """One list. ``main`` ones have a tab with a count, the others stand in the menu beside them."""

    name: str
    title: str
    where: Condition
    order: Sequence[str] = URGENT_FIRST
    main: bool = True
    quarantined: bool = False
    empty: str = "No ticket is here."

    def rows(self, agent: User, now: datetime) -> TicketQuerySet:
        tickets = at_desk(agent)
        return tickets.filter(self.where(agent, now), quarantined_at__isnull=not self.quarantined)


VIEWS: Final[Mapping[str, View]] = {
    view.name: view
    for view in (
        View("my", "My", lambda agent, now: Q(assignee=agent.pk) & _waits(agent, now),
             empty="Nothing of yours waits. “Next ticket” brings you the most urgent one that nobody has."),
        View("unassigned", "Unassigned", lambda agent, now: Q(assignee=None) & _waits(agent, now),
             empty="Every ticket that waits has somebody in charge."),
        View("due", "Due soon", lambda agent, now: _waits(agent, now) & service.due_soon(now), order=DUE_FIRST,
             empty="Nothing falls due in the next while."),
        View("overdue", "Overdue", lambda agent, now: _waits(agent, now) & service.overdue(now), order=DUE_FIRST,
             empty="Nothing is late."),
        View("waiting", "Waiting for customer", lambda agent, now: Q(status=Status.PENDING), order=NEWEST_FIRST,
             empty="No customer owes us an answer."),
        View("mentions", "Mentions", lambda agent, now: Q(pk__in=Mention.objects.filter(agent=agent.pk, done_at=None).values("ticket")),
             order=NEWEST_FIRST, empty="No note names you that you have not seen to. Colleagues write @ and your name."),
        View("snoozed", "Snoozed", lambda agent, now: Q(snooze__until__gt=now), order=SOONEST_FIRST,
             empty="No ticket is snoozed. Press s on a ticket to put it aside until a moment, or until its customer writes."),
        View("all", "All", lambda agent, now: Q(), order=NEWEST_FIRST,
             empty="There is no ticket yet. The first one that comes in shows up here."),
        View("team", "The whole team's", _waits, main=False, empty="Nothing waits for the team."),
        View("drafts", "With my draft", lambda agent, now: Q(pk__in=Draft.objects.filter(agent=agent.pk).written().values("ticket")),
             order=NEWEST_FIRST, main=False, empty="You have written nothing that is not sent."),
        View("following", "That I follow", lambda agent, now: Q(pk__in=Follower.objects.filter(agent=agent.pk).values("ticket")),
             order=NEWEST_FIRST, main=False, empty="You follow no ticket. Press f on one to be told of what is written there."),
        View("auto", "Answered automatically", lambda agent, now: Q(status=Status.AUTO_RESOLVED), order=NEWEST_FIRST,
             main=False, empty="No automatic answer stands without a word from its customer."),
        View("quarantine", "Quarantine", lambda agent, now: Q(), order=NEWEST_FIRST, main=False, quarantined=True,
             empty="Nothing is in quarantine."),
    )
}  # fmt: skip
DEFAULT: Final = "my"


def counts(agent: User, now: datetime, others: Mapping[str, TicketQuerySet]) -> dict[str, int]:
    """How many tickets each main view and each of ``others`` has, up to COUNTED + 1: one query, each part bounded."""
    parts: list[str] = []
    values: list[Any] = []
    views = {view.name: view.rows(agent, now) for view in VIEWS.values() if view.main} | {**others}
    asked = []
    for name, rows in views.items():
        try:
            sql, given = rows.order_by().values("pk")[: COUNTED + 1].query.sql_with_params()
        except EmptyResultSet:  # nothing can pass it: the ORM does not even ask
            continue
        asked.append(name)
        parts.append(f"(SELECT COUNT(*) FROM ({sql}) AS counted)")  # noqa: S608  # the ORM's own SQL, values apart
        values += given
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", values)
        found = cursor.fetchone()
    return dict.fromkeys(views, 0) | dict(zip(asked, found, strict=True))


def counted(number: int) -> str:
    """“1,000+” for what was not counted to its end."""
    return f"{COUNTED:,}+" if number > COUNTED else f"{number:,}"


# --- pages by key ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """``more`` is the key of the next page, empty on the last one."""

    tickets: Sequence[Ticket]
    more: str


def read_page(rows: QuerySet[Ticket], order: Sequence[str], key: str) -> Page:
    """ROWS tickets after ``key``, so that every ticket can be reached and each page costs the same."""
    place = _read_key(order, key)
    if place is not None:
        rows = rows.filter(_after(order, place))
    found = list(
        rows.select_related("assignee", "team", "snooze", "service_clock").order_by(*order)[: ROWS + 1]
    )
    shown = found[:ROWS]
    return Page(shown, _key(order, shown[-1]) if len(found) > ROWS else "")


def read_found(ids: Sequence[int], start: int) -> Page:
    """ROWS of the tickets that a search found, in its order, from place ``start`` on."""
    shown = ids[start : start + ROWS]
    rows = Ticket.objects.select_related("assignee", "team", "snooze", "service_clock").in_bulk(shown)
    following = start + len(shown)
    return Page([rows[pk] for pk in shown if pk in rows], str(following) if following < len(ids) else "")


def _key(order: Sequence[str], ticket: Ticket) -> str:
    return "~".join(_written(_value(ticket, field.lstrip("-"))) for field in order)


def _value(ticket: Ticket, path: str) -> Any:
    value: Any = ticket
    for name in path.split("__"):
        value = getattr(value, name)
    return value


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else "" if value is None else str(value)


def _read_key(order: Sequence[str], key: str) -> list[Any] | None:
    """The values of a key; None for one that is not of this order: the first page."""
    parts = key.split("~")
    if len(parts) != len(order):
        return None
    values = [_read(part) for part in parts]
    return None if None in values else values


def _read(part: str) -> Any:
    if part.isdecimal() and len(part) < 19:
        return int(part)
    try:
        return parse_datetime(part)
    except ValueError:
        return None


def _after(order: Sequence[str], values: Sequence[Any]) -> Q:
    wanted, equal = Q(), Q()
    for field, value in zip(order, values, strict=True):
        name, beyond = field.lstrip("-"), "lt" if field.startswith("-") else "gt"
        wanted |= equal & Q(**{f"{name}__{beyond}": value})
        equal &= Q(**{name: value})
    return wanted


# --- rows --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A ticket with all that its row says."""

    ticket: Ticket
    decision: Decision | None
    speaker: str
    words: str
    places: Sequence[Any]
    due_at: datetime | None
    is_late: bool
    is_due_soon: bool
    snoozed_until: datetime | None
    has_draft: bool
    came_back: bool
    is_sending: bool
    here: Sequence[str]
    tags: Sequence[str]


def read_rows(
    tickets: Sequence[Ticket], agent: User, now: datetime, places: Mapping[int, Any] | None = None
) -> list[Row]:
    """Three queries, however many tickets. ``places`` are where a search found its words."""
    ids = [ticket.pk for ticket in tickets]
    decisions = _decisions(ids)
    said = _last_words(ids, agent)
    tags, here = _marks(ids, agent)
    rows = []
    for ticket in tickets:
        due_at = due(ticket)
        snooze = getattr(ticket, "snooze", None)
        message = said.get(ticket.pk)
        came_back = message["draft"] if message else None
        rows.append(
            Row(
                ticket=ticket,
                decision=decisions.get(ticket.pk),
                speaker=_speaker(message, agent),
                places=(places or {}).get(ticket.pk, ()),
                words=" ".join(message["start"].split()) if message else "",
                due_at=due_at,
                is_late=due_at is not None and due_at <= now,
                is_due_soon=service.is_soon(ticket, now),
                snoozed_until=snooze.until if snooze is not None and not snooze.is_over else None,
                has_draft=came_back is not None,
                came_back=bool(came_back),
                is_sending=message is not None and message["sending"],
                here=here.get(ticket.pk, ()),
                tags=tags.get(ticket.pk, ()),
            )
        )
    return rows


def due(ticket: Ticket) -> datetime | None:
    """When the team owes an answer; None where it owes none."""
    return service.due_at(ticket)


def _decisions(ids: Sequence[int]) -> dict[int, Decision]:
    shown = ("ticket", "confidence", "corrected_at", "intent__title", "intent__slug", "corrected_intent__title", "corrected_intent__slug")  # fmt: skip
    found = Decision.objects.filter(ticket__in=ids).select_related("intent", "corrected_intent").only(*shown)
    return {decision.ticket_id: decision for decision in found.order_by("id")}


def _last_words(ids: Sequence[int], agent: User) -> dict[int, dict[str, Any]]:
    """Ticket → its last public message: who, how it begins, whether a reply to it is on its way, and why the agent's
    draft came back (None: there is no draft).
    """
    drafts = Draft.objects.filter(agent=agent, ticket=OuterRef("ticket")).written()
    underway = HeldReply.objects.on_its_way().filter(ticket=OuterRef("ticket"))
    public = Message.objects.filter(ticket=OuterRef("pk"), kind=Message.Kind.REPLY).order_by("-id")
    newest = Ticket.objects.filter(pk__in=ids).order_by().values(last=Subquery(public.values("pk")[:1]))
    messages = Message.objects.filter(pk__in=newest).order_by()
    facts = messages.values(
        "ticket", "sender", "author", name=F("author__name"), start=Substr("body", 1, PREVIEW),
        sending=Exists(underway), draft=Subquery(drafts.values("came_back")[:1]),
    )  # fmt: skip
    return {message["ticket"]: dict(message) for message in facts}


def _marks(ids: Sequence[int], agent: User) -> tuple[Mapping[int, list[str]], Mapping[int, list[str]]]:
    """Ticket → its tags, and who of the others has it open: one query for both."""
    name = Coalesce(NullIf("agent__name", Value("")), "agent__email", output_field=CharField())
    open_at = Presence.objects.now().filter(ticket__in=ids).exclude(agent=agent).order_by()
    tagged = Tagging.objects.filter(ticket__in=ids).order_by()
    rows = tagged.values_list(
        "ticket", Value("tag"), Cast("tag__name", CharField()), Value(False, output_field=BooleanField())
    ).union(open_at.values_list("ticket", Value("here"), name, "writing"), all=True)
    tags: dict[int, list[str]] = {}
    here: dict[int, list[str]] = {}
    for ticket, kind, words, writing in rows:
        found, said = (
            (tags, words) if kind == "tag" else (here, f"{words} {'writes' if writing else 'reads'}")
        )
        found.setdefault(ticket, []).append(said)
    return {ticket: sorted(names) for ticket, names in tags.items()}, here


def _speaker(message: Mapping[str, Any] | None, agent: User) -> str:
    """Who of our side spoke last; empty where it was the customer, whose turn it is not."""
    if message is None or message["sender"] == Message.Sender.REQUESTER:
        return ""
    if message["sender"] == Message.Sender.MACHINE:
        return "Automatic"
    return "You" if message["author"] == agent.pk else message["name"] or "A colleague"


# --- what narrows a list ---------------------------------------------------------------------------------------


def with_intent(intent: int | None) -> Q:
    """By the intent last known: the agent's correction where there is one. None: by having none."""
    decided = Decision.objects.filter(
        Q(corrected_at=None, intent=intent) | Q(corrected_at__isnull=False, corrected_intent=intent)
    )
    return Q(pk__in=decided.values("ticket"))


def in_charge(words: str, agent: User) -> Q:
    """By who has it: “me”, “nobody”, or a part of a colleague's name or address."""
    wanted = words.strip().lower()
    if wanted in {"me", "nobody"}:
        return Q(assignee=agent.pk if wanted == "me" else None)
    people = User.objects.staff().filter(Q(name__icontains=wanted) | Q(email__istartswith=wanted))
    return Q(assignee__in=list(people.values_list("pk", flat=True)[:50]))


def now() -> datetime:
    return timezone.now()
