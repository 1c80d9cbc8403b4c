"""Which tickets a list shows: a view, words, filters and an order, read from an address, a saved view or a kept wish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from django.db.models import Q

from accounts.models import User
from tickets.access import Viewer, at_desk
from tickets.desk.models import SavedView
from tickets.errors import TicketError
from tickets.models import TicketQuerySet
from tickets.search import filters as search
from tickets.search.find import narrow
from triage.desk import intents, queue

FILTERS: Final = ("intent", "reason", "agent", "team", "field")
SAVED: Final = "view-"  # and the number of a saved view
ORDERS: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    "urgent": ("Most urgent first", ("-urgency", "id")),
    "newest": ("Newest first", queue.NEWEST_FIRST),
    "oldest": ("Oldest first", ("id",)),
    "moved": ("Last changed first", ("-updated_at", "-id")),
    "due": ("Due first", queue.DUE_FIRST),
}
#: What a row may leave out: name → words.
FACTS: Final[Mapping[str, str]] = {
    "preview": "First words", "tags": "Tags", "requester": "Requester", "intent": "Intent", "reason": "Why it is here",
    "team": "Team", "agent": "Agent", "age": "Age",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """``words`` are searched for and the best come first; those of the saved view only narrow it."""

    view: queue.View
    words: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    order: str = ""
    saved: SavedView | None = None
    everywhere: bool = False

    @property
    def query(self) -> dict[str, str]:
        """The same as the parts of an address."""
        given = {"queue": self.view.name, "q": self.words, **self.filters, "order": self.order}
        return {
            name: value
            for name, value in given.items()
            if value and not (name == "queue" and self.everywhere)
        }

    @property
    def ordering(self) -> Sequence[str]:
        return ORDERS[self.order][1] if self.order else self.view.order

    @property
    def base(self) -> str:
        """The list that a view saved from here narrows."""
        return str(self.saved.base) if self.saved is not None else self.view.name

    @property
    def all_words(self) -> str:
        kept = str(self.saved.words) if self.saved is not None else ""
        return " ".join(filter(None, (kept, self.words)))

    @property
    def facts(self) -> Sequence[str]:
        return self.saved.facts if self.saved is not None and self.saved.facts else list(FACTS)


def read(given: Mapping[str, str], agent: User, *, saved: SavedView | None = None) -> Asked:
    """A search without a view looks everywhere; an unknown view is the agent's own. ``saved``: where it is known."""
    words = given.get("q", "").strip()[:200]
    name = given.get("queue", "all" if words else queue.DEFAULT)
    filters = {one: given.get(one, "").strip()[:120] for one in FILTERS}
    saved = saved or find_saved(agent, name)
    order = given.get("order", "")
    if saved is not None:
        filters = {one: filters[one] or str(saved.filters.get(one, "")) for one in FILTERS}
        order = order or saved.order
    return Asked(
        view=shown(saved) if saved is not None else queue.VIEWS.get(name, queue.VIEWS[queue.DEFAULT]),
        words=words,
        filters={one: value for one, value in filters.items() if value},
        order=order if order in ORDERS else "",
        saved=saved,
        everywhere=bool(words) and "queue" not in given,
    )


def rows(asked: Asked, agent: User, now: datetime) -> tuple[TicketQuerySet, list[str]]:
    """The tickets without the words that are searched for, and a sentence for each filter that names nothing we know.

    Raises SearchRefused where the saved view's words cannot be understood any more.
    """
    condition, unclear = narrowed(asked.filters, agent)
    found: TicketQuerySet = at_desk(agent) if asked.everywhere else asked.view.rows(agent, now)
    found = found.filter(condition)
    if asked.ordering == queue.DUE_FIRST:
        found = found.filter(service_clock__due_at__isnull=False)
    if asked.saved is not None and asked.saved.words:
        found = narrow(found, asked.saved.words, Viewer(agent))
    return found, unclear


def narrowed(filters: Mapping[str, str], agent: User) -> tuple[Q, list[str]]:
    condition, unclear = Q(), []
    if named := filters.get("intent"):
        found = intents.named(named)
        if found.none_of_ours or found.intent is not None:
            condition &= queue.with_intent(found.intent.pk if found.intent else None)
        else:
            unclear.append(found.advice)
    if code := filters.get("reason"):
        condition &= Q(escalation_reason=code)
    if person := filters.get("agent"):
        condition &= queue.in_charge(person, agent)
    for name in ("team", "field"):
        if value := filters.get(name):
            try:
                condition &= search.condition(name, value, Viewer(agent))
            except TicketError as error:
                unclear.append(str(error))
    return condition, unclear


# --- saved views -----------------------------------------------------------------------------------------------


def find_saved(agent: User, name: str) -> SavedView | None:
    """The saved view of this name in addresses, if the agent may use it."""
    number = name.removeprefix(SAVED)
    if not name.startswith(SAVED) or not number.isdecimal() or len(number) > 18:
        return None
    return SavedView.objects.of(agent).filter(pk=number).first()


def shown(saved: SavedView) -> queue.View:
    base = queue.VIEWS.get(saved.base, queue.VIEWS["all"])
    return replace(
        base, name=f"{SAVED}{saved.pk}", title=saved.name, main=False, empty="No ticket passes this view's filters."
    )  # fmt: skip
