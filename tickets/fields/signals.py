"""The fields' part of the search box, and of what is kept of a person."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.db.models import Q
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from accounts import privacy
from accounts.privacy import Person
from tickets.access import Viewer
from tickets.errors import TicketError
from tickets.fields.filling import CACHE_KEY, holding
from tickets.fields.models import Field, Value
from tickets.privacy import tickets_of
from tickets.search.filters import register_filter
from tickets.search.query import SearchRefused


def by_field(value: str, viewer: Viewer) -> Q:
    name, _, written = value.partition("=")
    try:
        return holding(name, written)
    except TicketError as error:
        raise SearchRefused(str(error)) from error


def export_values(person: Person) -> dict[str, list[dict[str, Any]]]:
    own = Value.objects.filter(ticket__in=tickets_of(person))
    return {"fields": privacy.rows(own.values("ticket__reference", "field__name", "text"))}


def erase_values(person: Person) -> dict[str, Any]:
    return {"field_values": Value.objects.filter(ticket__in=tickets_of(person).values("pk")).delete()[0]}


@receiver([post_save, post_delete], sender=Field)
def forget_sought(**kwargs: Any) -> None:
    cache.delete(CACHE_KEY)


register_filter("field", by_field, example="field:order=4711", words="what a field of the house holds")
privacy.register("fields", export_values, erase_values)
privacy.ERASERS["tickets"] = privacy.ERASERS.pop(
    "tickets"
)  # it goes last: the others find its tickets by their owner
