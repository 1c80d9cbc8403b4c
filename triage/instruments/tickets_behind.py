"""The tickets behind a number, and figures as CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet

from accounts.models import User
from triage.instruments.figures import definitions, spans
from triage.instruments.figures.models import Daily, Fact
from triage.instruments.metrics import Span
from triage.models import Intent

#: What a spreadsheet may take for the beginning of a formula.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, kw_only=True)
class Behind:
    """One number: a figure, if wanted one value of it (or those that begin so), of one intent or agent."""

    span: Span
    figure: str
    value: str = ""
    begins: bool = False
    intent: str | None = None
    agent: int | None = None

    def facts(self) -> QuerySet[Fact]:
        """One row for each ticket behind it, the newest first."""
        found = Fact.objects.filter(figure=self.figure, day__gte=self.span.first, day__lte=self.span.last)
        if self.value:
            found = (
                found.filter(value__startswith=self.value) if self.begins else found.filter(value=self.value)
            )
        if self.intent is not None:
            found = found.filter(intent=self.intent)
        if self.agent is not None:
            found = found.filter(agent=self.agent)
        return found.select_related("ticket").order_by("-day", "-ticket_id")

    def words(self) -> str:
        """What it is, for a headline."""
        parts = [definitions.BY_CODE[self.figure].title]
        if self.value:
            parts.append(definitions.value_words(self.figure, self.value))
        if self.intent is not None:
            title = Intent.objects.filter(slug=self.intent).values_list("title", flat=True).first()
            parts.append(title or self.intent or "no known intent")
        if self.agent is not None:
            parts.append(str(User.objects.filter(pk=self.agent).first() or f"account {self.agent}"))
        return ": ".join((parts[0], ", ".join(parts[1:]))) if parts[1:] else parts[0]


def tickets_csv(behind: Behind) -> Iterator[str]:
    """The tickets behind a number, row by row."""
    yield line(["ticket", "day", "figure", "value", "intent", "agent", "status"])
    for fact in behind.facts().iterator(chunk_size=1000):
        yield line(
            [
                fact.ticket.reference, fact.day.isoformat(), fact.figure, _value(fact.figure, fact.value), fact.intent,
                fact.agent or "", fact.ticket.status,
            ]
        )  # fmt: skip


def figures_csv(span: Span) -> Iterator[str]:
    """All daily sums of the span, with each figure's definition."""
    yield line(["day", "of", "name", "figure", "part", "meaning", "tickets", "definition"])
    rows = Daily.objects.filter(day__gte=span.first, day__lte=span.last).exclude(n=0)
    for row in rows.order_by("day", "scope", "key", "figure", "value").iterator(chunk_size=1000):
        figure = definitions.BY_CODE.get(row.figure)
        yield line(
            [
                row.day.isoformat(), row.get_scope_display(), row.key, row.figure, _value(row.figure, row.value),
                definitions.value_words(row.figure, row.value), row.n, figure.words if figure else "",
            ]
        )  # fmt: skip


def _value(figure: str, value: str) -> str:
    known = definitions.BY_CODE.get(figure)
    return f"{spans.seconds_of(value):.0f}" if known and known.is_span and value.isdecimal() else value


def line(cells: Sequence[Any]) -> str:
    """One line of CSV (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out).writerow([safe(cell) for cell in cells])
    return out.getvalue()


def safe(cell: Any) -> Any:
    """A text that a spreadsheet would calculate is marked as a text; numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
