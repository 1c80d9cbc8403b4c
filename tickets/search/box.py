"""The search box of the agents' lists: best first, with snippets, and an empty page that helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from tickets.access import Viewer
from tickets.errors import TicketError
from tickets.models import Ticket
from tickets.search import filters, find
from tickets.search.snippets import snippets


@dataclass(frozen=True)
class Searched:
    """One search of one page: what was found, best first, or why it was refused."""

    words: str
    found: find.Found | None = None
    refused: str = ""
    filters: Sequence[filters.Filter] = field(default_factory=lambda: list(filters.FILTERS.values()))

    def places(self, ids: Sequence[int]) -> Mapping[int, Any]:
        """Ticket → the places where the words stand, for the tickets that a page shows."""
        return snippets(ids, self.found.query, notes=True) if self.found is not None and ids else {}

    @property
    def ids(self) -> Sequence[int]:
        return self.found.ids if self.found is not None else ()


def look(rows: QuerySet[Ticket], words: str, viewer: Viewer) -> Searched:
    """Search ``rows``; what cannot be understood, or takes too long, is told in words."""
    try:
        return Searched(words, find.search(rows, words, viewer))
    except TicketError as error:
        return Searched(words, refused=str(error))
