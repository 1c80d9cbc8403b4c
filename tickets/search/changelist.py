"""The admin's search box over tickets: best first, with snippets, and an empty page that helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse

from accounts.admin import BoundedAdmin
from tickets.access import in_browser
from tickets.errors import TicketError
from tickets.models import Ticket
from tickets.search import filters, find
from tickets.search.snippets import snippets


@dataclass
class Searched:
    """One search of one page: what was found, or why it was refused."""

    words: str
    found: find.Found | None = None
    refused: str = ""
    filters: Sequence[filters.Filter] = field(default_factory=lambda: list(filters.FILTERS.values()))


class SearchedTickets(BoundedAdmin):
    """Gives a list of tickets the one search. Its rows get ``snippet``, its page ``searched``."""

    search_fields = ["reference"]  # that there is a box; it is read below
    search_help_text = (
        "Words, “phrases”, names, parts of an address or reference, status: from: assignee: before: after:"
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Ticket], search_term: str
    ) -> tuple[QuerySet[Ticket], bool]:
        if not search_term.strip():
            return queryset, False
        searched = Searched(search_term.strip())
        request.searched = searched  # type: ignore[attr-defined]
        try:
            searched.found = find.search(queryset, searched.words, in_browser(request))
        except TicketError as error:
            searched.refused = str(error)
            return queryset.none(), False
        ids = searched.found.ids
        if not ids:
            return queryset.none(), False
        best_first = Case(*(When(pk=pk, then=Value(place)) for place, pk in enumerate(ids)))
        return queryset.filter(pk__in=ids).order_by(best_first), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        searched: Searched | None = getattr(request, "searched", None)
        changelist = getattr(response, "context_data", {}).get("cl")
        if searched is not None and changelist is not None:
            changelist.searched = searched
            if searched.found is not None:
                rows = list(changelist.result_list)
                shown = snippets([row.pk for row in rows], searched.found.query, notes=True)
                for row in rows:
                    row.snippet = shown.get(row.pk, ())
                changelist.result_list = rows
        return response
