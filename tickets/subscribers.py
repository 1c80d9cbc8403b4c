"""What follows from an Event: kind → functions, called in its transaction. They may only write rows."""

from __future__ import annotations

from collections.abc import Mapping

from tickets.audit import Event, EventKind, Subscriber, subscribe
from tickets.intake.submit import Submission, submit_ticket
from tickets.mail import notices
from tickets.models import Message, Ticket
from tickets.service import alarms, clocks
from tickets.states import Channel, Handover, Status


def tell_requester_the_answer(event: Event) -> None:
    if event.message is not None:
        notices.answered(event.ticket, event.message)


def tell_requester_of_handover(event: Event) -> None:
    """Once, when a new ticket first comes to the team; who was answered before knows that a person reads on."""
    untold = event.facts.get("step") in {Handover.QUARANTINE, Handover.SILENT}
    untold = untold or event.ticket.machine_sent
    if event.before == Status.OPEN and event.after == Status.ESCALATED and not untold:
        notices.escalated(event.ticket)


def tell_requester_that_it_was_wanted(event: Event) -> None:
    """Out of quarantine for the first time, where nobody has told the requester anything since the ticket came in."""
    left_open = (
        event.ticket.events.filter(before=Status.OPEN).exclude(after=Status.OPEN).order_by("id").first()
    )
    straight = left_open is not None and (
        left_open.kind == EventKind.QUARANTINED or left_open.facts.get("step") == Handover.QUARANTINE
    )
    if (
        straight
        and not event.ticket.machine_sent
        and event.ticket.events.filter(kind=EventKind.RELEASED).count() == 1
    ):
        notices.escalated(event.ticket)


def tell_team_of_urgency(event: Event) -> None:
    if event.facts.get("step") == Handover.URGENT:
        notices.urgent(event.ticket)


def tell_who_was_given_it(event: Event) -> None:
    """Whoever takes a ticket knows; whoever is given one is told."""
    agent = event.ticket.assignee
    if agent is not None and event.facts.get("assignee") == agent.pk and event.actor_id != agent.pk:
        notices.assigned(event.ticket, agent, str(event.actor or "The house"))


def tell_the_other_side(event: Event) -> None:
    """A reply goes to the requester by mail, theirs to the agent in charge."""
    message = event.message
    if message is None:
        return
    if message.sender == Message.Sender.REQUESTER:
        notices.requester_wrote(event.ticket, message)
    else:
        notices.answered(event.ticket, message)


def tell_requester_of_merge(event: Event) -> None:
    """Where their ticket goes on, and so where our answer will come."""
    if event.ticket.merged_into is not None and not event.ticket.machine_sent:
        notices.merged(event.ticket, event.ticket.merged_into)


def hand_late_word_to_a_person(event: Event) -> None:
    """ "Not solved", said of a ticket that is closed already, goes to a person as a ticket that follows it up.

    Once while one is being worked on. It may be said in the moment in which "solved" closed it, or from a page that
    stood open since.
    """
    if event.after != Status.CLOSED or event.facts.get("solved") is not False:
        return
    closed: Ticket = event.ticket
    if closed.follow_ups.filter(status__in=[status for status in Status if status.is_active]).exists():
        return
    comment = closed.feedback.comment if hasattr(closed, "feedback") else ""
    said = f"I marked my ticket {closed.reference} as not solved after it had been closed."
    submit_ticket(
        Submission(
            subject=closed.subject,
            body=f"{said}\n\n{comment}".strip(),
            requester=closed.requester,
            guest_email=closed.requester_email,
            guest_name=closed.requester_name,
            human_requested=True,
            channel=Channel(closed.channel) if closed.channel != Channel.IMPORT else Channel.WEB,
            follow_up_of=closed,
        )
    )


SUBSCRIBERS: Mapping[str, tuple[Subscriber, ...]] = {
    EventKind.AUTO_RESOLVED: (tell_requester_the_answer,),
    EventKind.ESCALATED: (tell_requester_of_handover, tell_team_of_urgency),
    EventKind.PERSON_REQUESTED: (tell_requester_of_handover,),
    EventKind.RELEASED: (tell_requester_that_it_was_wanted,),
    EventKind.ASSIGNED: (tell_requester_of_handover, tell_who_was_given_it),
    EventKind.REPLIED: (tell_the_other_side,),
    EventKind.MERGED: (tell_requester_of_merge,),
    EventKind.FEEDBACK: (hand_late_word_to_a_person,),
    clocks.DUE_SOON: (alarms.tell_agent_in_charge,),
    clocks.OVERDUE: (alarms.tell_agent_in_charge, alarms.tell_supervisors),
}

for _followed in clocks.FOLLOWED:  # first: mails say when the answer is due
    subscribe(_followed, clocks.follow)
for _kind, _functions in SUBSCRIBERS.items():
    subscribe(_kind, *_functions)
