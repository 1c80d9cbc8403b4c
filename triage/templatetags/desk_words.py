"""Filters that put the desk's numbers and codes into words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime

from django import template
from django.conf.locale import LANG_INFO
from django.utils import timezone

from tickets.models import Status, Ticket
from triage.desk import wording

register = template.Library()
register.filter("reason_text", wording.reason_text)
register.filter("duration", wording.duration)


@register.filter
def percent(share: float | None) -> str:
    """Rounded down, so that what falls short of a limit never reads as having reached it."""
    if share is None or math.isnan(share):
        return "–"
    return f"{math.floor(share * 1000 + 1e-9) / 10:g} %"


@register.filter
def language_name(tag: str) -> str:
    """“German” for “de”; the tag itself where it has no name."""
    return LANG_INFO.get(tag, {}).get("name", tag)


@register.filter
def needed(threshold: float) -> str:
    return "held back" if threshold > 1 else f"{percent(threshold)} needed"


@register.filter
def width(share: float) -> str:
    """For a CSS length in percent."""
    return "0" if math.isnan(share) else f"{min(1.0, max(0.0, share)) * 100:.1f}"


@register.filter
def unlocalized(number: float) -> str:
    """For coordinates: always a decimal point."""
    return f"{number:g}"


@register.filter
def waited(since: datetime | None) -> str:
    return wording.duration((timezone.now() - since).total_seconds()) if since else "–"


@register.filter
def staff_status(ticket: Ticket) -> str:
    """The state from the team's side: the model's words are the customer's."""
    if ticket.is_quarantined:
        return "In quarantine"
    own = {Status.ESCALATED: "With the team", Status.PENDING: "Waiting for the customer"}
    return str(own.get(ticket.state, ticket.get_status_display()))


@register.filter
def intent_title(slug: str, intents: Iterable[tuple[str, str]]) -> str:
    return dict(intents).get(slug, slug)


@register.filter
def with_titles(text: str, intents: Iterable[tuple[str, str]]) -> str:
    """A decision's sentence with the intents' titles in place of their codes."""
    for slug, title in intents:
        text = text.replace(f"“{slug}”", f"“{title}”")
    return text


@register.filter
def per_hundred(share: float | None) -> str:
    """Of a hundred, with a digit behind the point: 2.4."""
    return "–" if share is None else f"{share * 100:.1f}"


@register.filter
def due_words(moment: datetime | None) -> str:
    """“due in 2 h”, or how late it is."""
    if moment is None:
        return ""
    left = (moment - timezone.now()).total_seconds()
    return f"due in {wording.duration(left)}" if left > 0 else f"{wording.duration(-left)} late"
