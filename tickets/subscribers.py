"""What follows from an Event: kind → functions, called in its transaction. They may only write rows."""

from __future__ import annotations

from collections.abc import Mapping

from tickets.audit import Event, EventKind, Subscriber, subscribe
from tickets.mail import notices
from tickets.models import Message
from tickets.states import Handover, Status


def tell_requester_the_answer(event: Event) -> None:
    if event.message is not None:
        notices.answered(event.ticket, event.message)


def tell_requester_of_handover(event: Event) -> None:
    """Once, when a new ticket first comes to the team; who was answered before knows that a person reads on."""
    untold = event.facts.get("step") in {Handover.QUARANTINE, Handover.SILENT}
    if event.before == Status.OPEN and event.after == Status.ESCALATED and not untold:
        notices.escalated(event.ticket)


def tell_team_of_urgency(event: Event) -> None:
    if event.facts.get("step") == Handover.URGENT:
        notices.urgent(event.ticket)


def tell_the_other_side(event: Event) -> None:
    """A reply goes to the requester by mail, theirs to the agent in charge."""
    message = event.message
    if message is None:
        return
    if message.sender == Message.Sender.REQUESTER:
        notices.requester_wrote(event.ticket, message)
    else:
        notices.answered(event.ticket, message)


SUBSCRIBERS: Mapping[str, tuple[Subscriber, ...]] = {
    EventKind.AUTO_RESOLVED: (tell_requester_the_answer,),
    EventKind.ESCALATED: (tell_requester_of_handover, tell_team_of_urgency),
    EventKind.PERSON_REQUESTED: (tell_requester_of_handover,),
    EventKind.ASSIGNED: (tell_requester_of_handover,),
    EventKind.REPLIED: (tell_the_other_side,),
}

for _kind, _functions in SUBSCRIBERS.items():
    subscribe(_kind, *_functions)
