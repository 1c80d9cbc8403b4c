"""Who is told that an answer is due soon or late. Subscribers: they only write mail rows."""

from __future__ import annotations

from accounts.models import User
from tickets.audit import Event
from tickets.mail import notices
from tickets.service.clocks import OVERDUE
from tickets.service.models import Awaited

SUPERVISORS_TOLD = 20


def tell_agent_in_charge(event: Event) -> None:
    """Nobody in charge: the queue shows it, and once it is late the supervisors learn of it."""
    assignee = event.ticket.assignee
    if assignee is not None and assignee.is_agent:
        _tell(event, [assignee])


def tell_supervisors(event: Event) -> None:
    if event.ticket.assignee_id is None:
        team = User.objects.leading().order_by("pk")
        _tell(event, list(team[:SUPERVISORS_TOLD]))


def _tell(event: Event, people: list[User]) -> None:
    awaited = event.facts.get("awaited", "")
    what = Awaited(awaited).label if awaited in Awaited.values else "answer"
    notices.late(event.ticket, people, what, overdue=event.kind == OVERDUE)
