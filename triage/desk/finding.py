"""Triage's part of the search box: tickets by what they are about."""

from __future__ import annotations

from django.db.models import Q

from tickets.access import Viewer
from tickets.models import Ticket
from tickets.search.folding import fold
from tickets.search.query import SearchRefused
from triage.models import Decision, Intent


def by_intent(value: str, viewer: Viewer) -> Q:
    """Tickets whose intent, the agent's word before the machine's, is named by ``value`` or holds its words."""
    return with_intents(None if fold(value) in {"none", "-"} else _named(value))


def with_intents(chosen: list[int] | None) -> Q:
    """Tickets last known to be about one of ``chosen``, or with None about none of ours."""
    if chosen is None:
        decided = Q(corrected_at=None, intent=None) | Q(corrected_at__isnull=False, corrected_intent=None)
    else:
        decided = Q(corrected_at=None, intent__in=chosen) | Q(corrected_intent__in=chosen)
    return Q(pk__in=Decision.objects.filter(decided).values("ticket"))


def known_intent(ticket: Ticket) -> str:
    """The code of the intent that it is last known to be about; empty for none."""
    decision: Decision | None = ticket.decisions.select_related("intent", "corrected_intent").first()
    intent = decision.final_intent if decision is not None else None
    return intent.slug if intent is not None else ""


def _named(value: str) -> list[int]:
    words = fold(value).replace("_", " ").split()
    known = [
        (pk, slug, f"{slug.replace('_', ' ')} {fold(title)}")
        for pk, slug, title in Intent.objects.values_list("pk", "slug", "title")
    ]
    exact = [pk for pk, slug, _ in known if slug == value.lower()]
    chosen = exact or [pk for pk, _, text in known if all(word in text for word in words)]
    if not chosen:
        raise SearchRefused(f"No intent is called “{value}”. Write a word of its title, as in intent:refund.")
    return chosen
