"""The short lists of a ticket's page, read in one look: a union of small queries, each on an index of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import (
    CharField,
    DateTimeField,
    F,
    JSONField,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, JSONObject, Left

from accounts.models import User
from tickets.desk.models import Draft, HeldReply, KeptFile
from tickets.fields.filling import Filled
from tickets.fields.models import Field
from tickets.fields.models import Value as Held
from tickets.following.models import Copy, Follower, Mention
from tickets.models import Ticket
from tickets.tags.models import Tagging
from tickets.teams.models import Absence, Membership
from tickets.teams.sight import who_may_see
from triage.answers import language_tags
from triage.models import Decision, Intent, LanguageMode, Mode

LEAVING_SHOWN: Final = 5
MENTION_READ: Final = 200  # characters; the page shows fewer
_COLUMNS: Final = ("what", "place", "second", "row", "moment", "facts")
_ABSENT: Final = Cast(Value(None), DateTimeField())


@dataclass(frozen=True)
class File:
    """A file that waits with the draft; ``size`` in bytes."""

    pk: int
    name: str
    size: int


@dataclass(frozen=True)
class InCopy:
    address: str
    confirmed_at: datetime | None


@dataclass(frozen=True)
class Mentioned:
    """The latest note that names the agent and waits for them."""

    message_id: int
    author: str
    body: str


@dataclass(frozen=True)
class OnItsWay:
    """A reply of the agent's, on whatever ticket, that can still be taken back."""

    pk: int
    reference: str
    send_at: datetime


def replies_leaving(agent: User) -> list[OnItsWay]:
    """The latest ones first, as every page of the desk shows them."""
    rows = HeldReply.objects.on_its_way().filter(author=agent).order_by("-id")
    return [OnItsWay(*row) for row in rows.values_list("pk", "ticket__reference", "send_at")[:LEAVING_SHOWN]]


@dataclass(frozen=True)
class Glance:
    draft: Draft | None
    files: Sequence[File]
    note_files: Sequence[File]
    tags: Sequence[str]
    filled: Sequence[Filled]
    copies: Sequence[InCopy]
    followers: Sequence[User]
    mention: Mentioned | None
    leaving: Sequence[OnItsWay]
    staff: Sequence[User]
    away: Collection[int]
    titles: Sequence[tuple[str, str]]
    mode: Mode | None  # of the decided intent, in the ticket's language


@dataclass(frozen=True)
class _Row:
    key: int
    moment: datetime | None
    facts: Mapping[str, Any]


def look(ticket: Ticket, agent: User, decision: Decision | None, codes: Collection[str]) -> Glance:
    """All short lists of ``ticket`` as ``agent`` sees them, and the titles of the intents ``codes``: one query."""
    first, *others = [*_of_ticket(ticket), *_of_agent(ticket, agent), *_of_team(ticket)]
    rows: dict[str, list[_Row]] = {}
    union = first.union(*others, *_of_decision(decision, codes), all=True)
    for what, _, _, key, moment, facts in union.order_by("what", "place", "second", "row"):
        rows.setdefault(what, []).append(_Row(key, moment, facts))

    def those(what: str) -> list[_Row]:
        return rows.get(what, [])

    draft = next((Draft(pk=one.key, agent=agent, ticket=ticket, **one.facts) for one in those("draft")), None)
    return Glance(
        draft=draft,
        files=[File(one.key, **one.facts) for one in those("file")],
        note_files=[File(one.key, **one.facts) for one in those("note file")],
        tags=[one.facts["name"] for one in those("tag")],
        filled=[_filled(one) for one in those("field")],
        copies=[InCopy(one.facts["address"], one.moment) for one in those("copy")],
        followers=[User(**one.facts) for one in those("follower")],
        mention=_mentioned(those("mention")),
        leaving=[
            OnItsWay(one.key, one.facts["reference"], one.moment)
            for one in those("leaving")[: -LEAVING_SHOWN - 1 : -1]
            if one.moment is not None
        ],
        staff=who_may_see(
            (User(pk=one.key, is_active=True, **one.facts) for one in those("staff")),
            ticket.team,
            members={one.key for one in those("member")},
        ),
        away={one.key for one in those("away")},
        titles=[(one.facts["slug"], one.facts["title"]) for one in those("intent")],
        mode=_mode(decision, those("mode")),
    )


def _filled(row: _Row) -> Filled:
    facts = dict(row.facts)
    text = facts.pop("held") or ""
    return Filled(Field(pk=row.key, **facts), text)


def _mentioned(rows: Sequence[_Row]) -> Mentioned | None:
    if not rows:
        return None
    facts = rows[-1].facts
    return Mentioned(facts["message_id"], facts["name"] or facts["email"] or "", facts["body"])


def _mode(decision: Decision | None, rows: Sequence[_Row]) -> Mode | None:
    """As ``Intent.mode_in`` has it; None without an intent."""
    intent = decision.final_intent if decision else None
    own = rows[0].facts["mode"] if rows else ""
    return Mode(own or intent.mode) if intent else None


def _part(
    what: str,
    rows: QuerySet[Any],
    *,
    row: str = "pk",
    place: str = "",
    second: str = "",
    moment: str = "",
    **facts: str | Combinable,
) -> QuerySet[Any]:
    """``rows`` in the union's columns; they come in the order of ``place``, ``second`` and ``row``."""
    columns: dict[str, Any] = {
        "what": Value(what, CharField()),
        "place": F(place) if place else Value("", CharField()),
        "second": F(second) if second else Value("", CharField()),
        "row": F(row),
        "moment": F(moment) if moment else _ABSENT,
        "facts": JSONObject(**facts) if facts else Cast(Value("{}"), JSONField()),
    }
    return rows.order_by().annotate(**columns).values_list(*_COLUMNS)


def _of_ticket(ticket: Ticket) -> list[QuerySet[Any]]:
    held = Held.objects.filter(ticket=ticket, field=OuterRef("pk")).values("text")[:1]
    person = {name: f"agent__{name}" for name in ("id", "name", "email")}
    return [
        _part("copy", Copy.objects.filter(ticket=ticket), moment="confirmed_at", address="address"),
        _part("tag", Tagging.objects.filter(ticket=ticket), place="tag__name", name="tag__name"),
        _part("follower", Follower.objects.filter(ticket=ticket), **person),
        _part(
            "field", Field.objects.filter(is_active=True), place="name",
            name="name", kind="kind", choices="choices", held=Subquery(held),
        ),
    ]  # fmt: skip


def _of_agent(ticket: Ticket, agent: User) -> list[QuerySet[Any]]:
    written = {name: name for name in ("reply", "note", "intent", "then", "came_back", "version")}
    files = KeptFile.objects.filter(draft__agent=agent, draft__ticket=ticket)
    named = Mention.objects.filter(ticket=ticket, agent=agent, done_at=None)
    on_its_way = HeldReply.objects.on_its_way().filter(author=agent)
    return [
        _part("draft", Draft.objects.filter(agent=agent, ticket=ticket), **written),
        _part("file", files.filter(for_note=False), name="name", size="size"),
        _part("note file", files.filter(for_note=True), name="name", size="size"),
        _part(
            "mention", named, message_id="message_id", body=Left("message__body", MENTION_READ),
            name="message__author__name", email="message__author__email",
        ),
        _part("leaving", on_its_way, moment="send_at", reference="ticket__reference"),
    ]  # fmt: skip


def _of_team(ticket: Ticket) -> list[QuerySet[Any]]:
    people = {name: name for name in ("name", "email", "role")}
    members = Membership.objects.filter(team=ticket.team_id, team__is_closed=True)
    return [
        _part("staff", User.objects.staff(), place="name", second="email", **people),
        _part("away", Absence.objects.now(), row="agent_id"),
        _part("member", members, row="agent_id"),
    ]


def _of_decision(decision: Decision | None, codes: Collection[str]) -> list[QuerySet[Any]]:
    if decision is None:
        return []
    tag, intent = language_tags.base(decision.language), decision.final_intent
    modes = LanguageMode.objects.filter(intent=intent.pk if intent else 0, language=tag)
    return [
        _part("intent", Intent.objects.filter(slug__in=codes), slug="slug", title="title"),
        _part("mode", modes, mode="mode"),
    ]
