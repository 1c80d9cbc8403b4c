"""The trail as others read it: sealed Events by position, ids and codes only.

Who has read up to a position has read everything there was: positions have no gaps and are given after commit. Ids say
nothing of that kind, and are not told.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from django.db.models import QuerySet

from tickets.audit import KIND_WORDS, Event, Trail

#: Before the kind of an Event in what others read; the kinds of a house are all about tickets.
TYPE: Final = "ticket."
#: What is told of an Event's facts: numbers and codes. What is not named here stays in the house.
FACTS: Final = frozenset({
    "answer", "assignee", "awaited", "channel", "closure", "confidence", "corrected", "decided", "decision", "due", "intent",
    "message", "rating", "reason", "report", "solved", "status", "step", "tag", "team", "until", "urgency",
})  # fmt: skip


@dataclass(frozen=True)
class Page:
    events: list[Event]
    after: int
    limit: int

    @property
    def next(self) -> int:
        """What to ask for next time, whether or not there is more by now."""
        return self.events[-1].position or self.after if self.events else self.after

    @property
    def more(self) -> bool:
        return len(self.events) == self.limit


def sealed() -> QuerySet[Event]:
    rows: QuerySet[Event] = Event.objects.exclude(position=None).order_by("position")
    return rows


def page(after: int, limit: int) -> Page:
    events = sealed().filter(position__gt=after).select_related("ticket").defer("ticket__subject")[:limit]
    return Page(list(events), after, limit)


def end() -> int:
    """The last position that was given."""
    trail = Trail.objects.filter(pk=1).first()
    return trail.position if trail else 0


def types() -> list[str]:
    return sorted(TYPE + kind for kind in KIND_WORDS)


def unknown(wanted: Collection[str]) -> list[str]:
    """Those of the wanted types that no Event can have."""
    return sorted(set(wanted) - set(types()))


def type_of(event: Event) -> str:
    return TYPE + event.kind


def told(event: Event) -> dict[str, Any]:
    """One Event as a reader gets it."""
    return {
        "position": event.position,
        "type": type_of(event),
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "ticket": event.ticket.reference,
        "actor": event.actor_id,
        "before": event.before or None,
        "after": event.after or None,
        "facts": {name: value for name, value in event.facts.items() if name in FACTS},
        "seal": event.seal,
    }
