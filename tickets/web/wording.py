"""What a customer reads of the way their ticket goes. No code of ours reaches them.

Reasons are kept as message ids (their English words) and translated when a page or a mail is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from tickets.models import Message, Ticket
from tickets.service.due import reply_due
from tickets.words.grave import emergency_in, is_grave

LONG_READING = timedelta(minutes=1)
DEFAULT = _("Our team will read your message and write back.")
GRAVE = _("Thank you for telling us. A person on our team will read this with care.")

#: Why a ticket waits for a person, by the reason that the ticket domain itself gives.
WHY: dict[str, str] = {
    "asked_for_person": _("You asked for a person, so we’ve passed this to our team."),
    "requester_replied": _("Thanks for your reply. Our team will read it and get back to you."),
    "not_solved": _("Sorry our answer didn’t solve it. We’ve passed this to our team."),
    "assigned": _("Someone on our team is already looking into it."),
    "merged": _("We’ve put your two tickets together and will look into both."),
    "unmerged": _("We’ve separated your tickets again and will look into this one."),
    "reopened": _("We’ve reopened your ticket and will look into it."),
}
#: Reasons whose ticket asks for nothing: no time is promised, because nothing is waited for.
ASKS_NOTHING = frozenset({"settled", "machine_written"})


def register_reasons(words: Mapping[str, str]) -> None:
    """Add reasons for which another app hands tickets to people: code → sentence for the requester."""
    WHY.update({code: sentence for code, sentence in words.items() if sentence})


@dataclass(frozen=True)
class Promise:
    """Why a person answers, and by when. ``late`` once that moment has passed; none where nothing is waited for.

    Of a ``grave`` matter nobody is told hours; ``emergency`` is what the house says about emergencies, if it does.
    """

    why: str
    due: datetime | None
    late: bool
    grave: bool = False
    emergency: str = ""
    has_said_more: bool = False


def promise(ticket: Ticket) -> Promise:
    """What to tell the requester of a ticket that waits for our team."""
    grave = is_grave(ticket)
    nothing_due = grave or ticket.escalation_reason in ASKS_NOTHING
    due = None if nothing_due else reply_due(ticket)
    return Promise(
        why=gettext(GRAVE if grave else WHY.get(ticket.escalation_reason, DEFAULT)),
        due=due,
        late=due is not None and timezone.now() > due,
        grave=grave,
        emergency=emergency_in(translation.get_language() or "") if grave else "",
        has_said_more=ticket.escalation_reason == "not_solved" and _has_said_more(ticket),
    )


def _has_said_more(ticket: Ticket) -> bool:
    """Whether the requester has written since the ticket came to the team."""
    since = ticket.escalated_at
    said = ticket.messages.filter(sender=Message.Sender.REQUESTER, kind=Message.Kind.REPLY)
    return since is not None and said.filter(created_at__gte=since).exists()


def reads_long(ticket: Ticket) -> bool:
    """Nobody should watch a page for longer than this: the answer comes by mail too."""
    return timezone.now() - ticket.created_at > LONG_READING
