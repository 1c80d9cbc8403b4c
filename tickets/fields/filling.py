"""Filling fields in: each kind in one spelling, each change an Event of the ticket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from django.core.cache import cache
from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils.dateparse import parse_date

from accounts.models import User
from tickets.audit import register_kinds
from tickets.errors import TicketError
from tickets.fields.models import LONGEST, Field, Value
from tickets.models import Ticket

FILLED: Final = "field_filled"
CACHE_KEY: Final = "fields-sought"
CACHE_SECONDS: Final = 30  # another process learns of a change by then at the latest
SOUGHT: Final = 30  # fields, and values of one, that a filter offers
register_kinds({FILLED: "Field changed"})
_YES_NO: Final = {
    "yes": "yes",
    "y": "yes",
    "true": "yes",
    "1": "yes",
    "no": "no",
    "n": "no",
    "false": "no",
    "0": "no",
}


class NotOfItsKind(TicketError):
    """The field does not take this."""

    code = "not_of_its_kind"


@dataclass(frozen=True)
class Filled:
    """A field with what it holds on one ticket; empty where nothing."""

    field: Field
    text: str


def spelt(field: Field, written: str) -> str:
    """``written`` in the one spelling of the field's kind, empty for nothing. Raises NotOfItsKind."""
    text = " ".join(written.split())
    if not text:
        return ""
    found: str | None = text if len(text) <= LONGEST else None
    if field.kind == Field.Kind.NUMBER:
        found = _number(text)
    elif field.kind == Field.Kind.DATE:
        found = _date(text)
    elif field.kind == Field.Kind.YES_NO:
        found = _YES_NO.get(text.lower())
    elif field.kind == Field.Kind.CHOICE:
        found = next((one for one in field.offered if one.lower() == text.lower()), None)
    if found is None:
        raise NotOfItsKind(f"“{text[:60]}” is not what “{field}” takes: {_hint(field)}.")
    return found


def _number(text: str) -> str | None:
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15 or len(text) > 40:
        return None
    if not number:
        return "0"
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _date(text: str) -> str | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day.isoformat() if day is not None else None


def _hint(field: Field) -> str:
    return {
        Field.Kind.NUMBER: "a number, such as 12.5", Field.Kind.DATE: "a date, such as 2026-11-30",
        Field.Kind.YES_NO: "yes or no", Field.Kind.CHOICE: f"one of {', '.join(field.offered)}",
    }.get(Field.Kind(field.kind), f"at most {LONGEST} characters")  # fmt: skip


def filled(ticket: Ticket) -> Sequence[Filled]:
    """Every field in use, in one query."""
    held = Value.objects.filter(ticket=ticket, field=OuterRef("pk")).values("text")[:1]
    rows = Field.objects.filter(is_active=True).annotate(held=Subquery(held))
    return [Filled(row, row.held or "") for row in rows]


def held_by(ticket: Ticket) -> dict[str, str]:
    """What its fields in use hold, by their names: the filled ones alone."""
    rows = Value.objects.filter(ticket=ticket, field__is_active=True).order_by("field__name")
    return dict(rows.values_list("field__name", "text"))


@transaction.atomic
def fill(ticket: Ticket, written: Mapping[int, str], *, by: User) -> list[str]:
    """Keep what was ``written``, by field; returns the names of those that changed. All or nothing."""
    Ticket.objects.select_for_update().get(pk=ticket.pk)
    changed = []
    for one in filled(ticket):
        if one.field.pk not in written:
            continue
        text = spelt(one.field, written[one.field.pk])
        if text == one.text:
            continue
        if text:
            Value.objects.update_or_create(ticket=ticket, field=one.field, defaults={"text": text})
        else:
            Value.objects.filter(ticket=ticket, field=one.field).delete()
        ticket.record(FILLED, actor=by, field=one.field.pk)
        changed.append(one.field.name)
    return changed


def sought() -> list[str]:
    """What may stand behind ``field:`` for the fields in use: “Level=Gold”, or “Order=” to be gone on with."""
    known: list[str] | None = cache.get(CACHE_KEY)
    if known is None:
        known = _sought()
        cache.set(CACHE_KEY, known, CACHE_SECONDS)
    return known


def _sought() -> list[str]:
    words: list[str] = []
    for field in Field.objects.filter(is_active=True)[:SOUGHT]:
        values = ("yes", "no") if field.kind == Field.Kind.YES_NO else field.offered
        words += [f"{field}={value}" for value in values or ("",)][:SOUGHT]
    return words


def holding(name: str, written: str) -> Q:
    """Tickets whose field of this name holds this, or anything at all. Raises TicketError."""
    field = Field.objects.filter(name__iexact=" ".join(name.split())).first()
    if field is None:
        known = ", ".join(Field.objects.values_list("name", flat=True)[:20]) or "there is none yet"
        raise TicketError(f"There is no field “{name}”. Fields: {known}.")
    values = Value.objects.filter(field=field)
    if written:
        values = values.filter(text=spelt(field, written))
    return Q(pk__in=values.values("ticket"))
