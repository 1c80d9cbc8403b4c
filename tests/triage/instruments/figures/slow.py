"""Every figure recomputed from the raw rows, one ticket after the other, by its definition and by nothing of the product's."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.utils import timezone

from tickets.models import Event, Ticket
from tickets.service.clocks import OVERDUE

#: (figure, value, day, intent, agent); a span's value is its exact seconds.
Row = tuple[str, Any, str, str, int | None]
BACK = ("escalated", "pending")
CLOSED = {"confirmed": "confirmed", "silence": "assumed", "agent": "closed_by_agent", "": "undecided"}


def on(moment: datetime) -> str:
    return timezone.localtime(moment).date().isoformat()


def everything() -> list[Row]:
    return [row for ticket in Ticket.objects.filter(quarantined_at=None) for row in of(ticket)]


def of(ticket: Ticket) -> list[Row]:
    decision = ticket.decisions.filter(applied=True).first()
    corrections = list(ticket.decisions.filter(corrected_at__isnull=False).order_by("run"))
    decided = decision.intent_slug if decision else ""
    final = decided
    if corrections:
        final = corrections[-1].corrected_intent.slug if corrections[-1].corrected_intent else ""
    events = list(ticket.events.order_by("id"))
    agents = [one.actor_id for one in events if one.kind == "replied" and one.after == "pending"] or [None]
    replied = ticket.first_human_reply_at
    sent = decision is not None and decision.action == "auto_resolve"
    feedback = getattr(ticket, "feedback", None)
    found: list[Row] = []
    if ticket.channel != "import":
        found.append(("created", ticket.channel, on(ticket.created_at), decided, None))
    if decision is not None:
        day = on(decision.created_at)
        found.append(("decided", f"{decision.action}|{decision.reason}", day, decided, None))
        if sent:
            waited = int((decision.created_at - ticket.created_at).total_seconds())
            found.append(("first_auto", max(0, waited), day, decided, None))
            found.append(("machine", _machine(ticket, events), day, decided, None))
    for one in corrections:
        if (one.corrected_intent.slug if one.corrected_intent else "") != one.intent_slug:
            found.append(("corrected", "", on(one.created_at), one.intent_slug, None))
    if replied is not None and ticket.first_reply_seconds is not None:
        found.append(("human", _human(ticket, events), on(replied), final, agents[0]))
        found.append(("first_reply", ticket.first_reply_seconds, on(replied), final, agents[0]))
    found += _settled(ticket, events, agents, final, sent=sent)
    if ticket.channel != "import" and feedback is not None:
        of_person = replied is not None and (feedback.updated_at > replied or not sent)
        who = "human" if of_person else "machine" if sent else "nobody"
        word = "yes" if feedback.solved else "no" if feedback.solved is False else ""
        value = f"{who}|{word}|{feedback.rating or ''}"
        agent = agents[0] if of_person else None
        found.append(("feedback", value, on(feedback.updated_at), final, agent))
    late = {on(one.at) for one in events if one.kind == OVERDUE}
    return found + [("overdue", "", day, final, ticket.assignee_id) for day in late]


def _machine(ticket: Ticket, events: list[Event]) -> str:
    """Came back from "answered automatically", or "not solved" was said before a person replied."""
    for one in events:
        human = ticket.first_human_reply_at is not None and one.at > ticket.first_human_reply_at
        if one.kind == "feedback" and one.facts["solved"] is False and not human:
            return "refuted|not_solved"
        if one.before == "auto_resolved" and one.after in BACK:
            if one.kind == "replied":
                return f"refuted|{'recalled' if one.after == 'pending' else 'requester_replied'}"
            reason = "asked_for_person" if one.kind == "person_requested" else one.facts["reason"]
            return f"refuted|{reason}"
    return f"{CLOSED[ticket.closure]}|"


def _human(ticket: Ticket, events: list[Event]) -> str:
    later = [one for one in events if one.at > ticket.first_human_reply_at]
    denied = any(one.kind == "feedback" and one.facts["solved"] is False for one in later)
    returned = any(one.before == "resolved" and one.after in BACK for one in later)
    return "refuted" if denied or returned else CLOSED[ticket.closure]


def _settled(
    ticket: Ticket, events: list[Event], agents: list[int | None], intent: str, *, sent: bool
) -> list[Row]:
    ended = ticket.resolved_at or ticket.closed_at
    if ticket.status not in {"auto_resolved", "resolved", "closed"} or ended is None:
        return []
    seconds = max(0, int((ended - ticket.created_at).total_seconds()))
    came_back = any(one.before == "auto_resolved" and one.after in BACK for one in events)
    if sent and ticket.first_human_reply_at is None and not came_back:
        return [("resolved_auto", seconds, on(ended), intent, None)]
    resolvers = [one.actor_id for one in events if one.kind == "resolved"]
    settlers = resolvers[-1:] or (agents[:1] if ticket.first_human_reply_at else [])
    return [("resolved_human", seconds, on(ended), intent, settlers[0])] if any(settlers) else []


def counted(rows: list[Row], figure: str) -> Counter[tuple[Any, ...]]:
    return Counter(row[1:] for row in rows if row[0] == figure)
