"""Who may see what: one loader per access level, for pages and programs alike.

A stranger's ticket and an absent one look the same: 404.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from rest_framework.request import Request

from accounts.models import User
from tickets.models import Attachment, Message, Ticket, TicketQuerySet
from tickets.teams.sight import closed_to, may_see

GUEST_SESSION_KEY = "guest_tickets"
GUEST_SENT_KEY = "guest_sent"  # those of them that this browser has sent, and may list
GUEST_TICKETS_KEPT = 50


class NotTheRequester(PermissionDenied):
    """An agent may see the ticket, but only its requester does this to it."""

    code = "not_the_requester"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: a person or a guest (None), and the guests' tickets that their browser may open."""

    person: User | None
    held: tuple[str, ...] = ()

    @property
    def reads_desk(self) -> bool:
        """Sees what the team sees: agents do, and auditors."""
        return self.person is not None and self.person.reads_desk

    def owns(self, ticket: Ticket) -> bool:
        """Whether they act on it as its requester. Agents act on all others at their desk."""
        return not self.reads_desk or (self.person is not None and ticket.requester_id == self.person.pk)


def person(request: HttpRequest) -> User | None:
    """Who asks, or None for a guest."""
    user = request.user
    return user if user.is_authenticated and user.is_active else None


def in_browser(request: HttpRequest) -> Viewer:
    return Viewer(person(request), tuple(request.session.get(GUEST_SESSION_KEY, ())))


def over_api(request: Request) -> Viewer:
    """A program calls for a person, and holds no guest's tickets."""
    return Viewer(cast(User, request.user))


def open_to_guest(request: HttpRequest, ticket: Ticket, *, sent: bool = False) -> bool:
    """Let this browser session see a guest's ticket (after it was ``sent`` here, or by its signed link).

    False for a ticket that belongs to an account: only logging in opens it.
    """
    if ticket.requester_id is not None:
        return False
    held = [reference for reference in in_browser(request).held if reference != ticket.reference]
    request.session.cycle_key()  # a key that somebody else may know opens nothing new
    request.session[GUEST_SESSION_KEY] = [*held, ticket.reference][-GUEST_TICKETS_KEPT:]
    if sent:
        listed = request.session.get(GUEST_SENT_KEY, [])
        request.session[GUEST_SENT_KEY] = [*listed, ticket.reference][-GUEST_TICKETS_KEPT:]
    return True


def sent_here(request: HttpRequest) -> TicketQuerySet:
    """A guest's tickets that were sent from this browser; those that a link has opened are nobody's to list."""
    return Ticket.objects.all().held_by_guest(request.session.get(GUEST_SENT_KEY, ()))


def sends_as_guest(request: HttpRequest, follow_up_of: Ticket | None = None) -> bool:
    """Whether the address of a new ticket is only a claim; a follow-up belongs to whom the earlier one belongs to."""
    return follow_up_of.requester_id is None if follow_up_of else person(request) is None


def linked_ticket(reference: str) -> Ticket:
    """The ticket of a signed link, whose reference was checked before."""
    ticket = Ticket.objects.filter(reference=reference).first()
    if ticket is None:
        raise Http404("No such ticket.")
    return ticket


def visible_tickets(viewer: Viewer) -> TicketQuerySet:
    return Ticket.objects.all().visible_to(viewer.person, viewer.held)


def at_desk(person: User) -> TicketQuerySet:
    """The tickets that this person may see at the desk; none for whoever does not work there."""
    return Ticket.objects.all().at_desk(person)


def own_tickets(viewer: Viewer) -> TicketQuerySet:
    """A person's own, also an agent's; a guest's are those that the browser holds."""
    tickets = Ticket.objects.all()
    return tickets.for_requester(viewer.person) if viewer.person else tickets.held_by_guest(viewer.held)


def visible_ticket(viewer: Viewer, reference: str) -> Ticket:
    """The ticket if whoever asks may see it: its requester, its guest, agents of a team that sees it."""
    tickets = visible_tickets(viewer).select_related(
        "requester", "assignee", "follow_up_of", "merged_into", "team", "feedback"
    )
    ticket = tickets.named(reference).first()
    if ticket is None:
        raise Http404("No such ticket.")
    return ticket


def own_ticket(viewer: Viewer, reference: str, action: str = "does this") -> Ticket:
    """The ticket if whoever asks may act on it as its requester. Raises NotTheRequester for another agent."""
    ticket = visible_ticket(viewer, reference)
    if not viewer.owns(ticket):
        raise NotTheRequester(f"Only the requester of a ticket {action}.")
    return ticket


def team_ticket(viewer: Viewer, reference: str) -> Ticket:
    """The ticket if whoever asks may act on it as one of the team; of what they see otherwise, PermissionDenied."""
    ticket = visible_ticket(viewer, reference)
    person = viewer.person
    if person is None or not person.is_agent or not may_see(person, ticket.team_id):
        raise PermissionDenied("Only agents do that.")
    return ticket


def goes_on_in(viewer: Viewer, ticket: Ticket) -> Ticket | None:
    """The ticket that a merged one goes on in, for who may see it."""
    if ticket.merged_into_id is None:
        return None
    return visible_tickets(viewer).filter(pk=ticket.merged_into_id).first()


def readable_messages(viewer: Viewer) -> QuerySet[Message]:
    """Notes are for the team only."""
    if viewer.person is not None and viewer.reads_desk:
        return _read_at_desk(viewer.person)
    seen = visible_tickets(viewer).values("pk")
    shown = Q(ticket__in=seen) | Q(
        ticket__merged_into__in=seen
    )  # merged ones are read on the page of the other
    return Message.objects.filter(shown, kind=Message.Kind.REPLY)


def _read_at_desk(person: User) -> QuerySet[Message]:
    closed = closed_to(person)
    if not closed:
        return Message.objects.all()
    seen, mine = at_desk(person).values("pk"), own_tickets(Viewer(person)).values("pk")
    said = Q(kind=Message.Kind.REPLY) & (Q(ticket__in=mine) | Q(ticket__merged_into__in=mine))
    return Message.objects.filter(Q(ticket__in=seen) | Q(ticket__merged_into__in=seen) | said)


def readable_on(viewer: Viewer, ticket: Ticket) -> QuerySet[Message]:
    """The messages of a ticket that they may see."""
    if viewer.person is not None and may_see(viewer.person, ticket.team_id):
        return ticket.conversation
    return ticket.conversation.filter(kind=Message.Kind.REPLY)


def visible_attachment(viewer: Viewer, token: str) -> Attachment:
    """The attachment if whoever asks may read its message."""
    attachment = Attachment.objects.filter(token=token, message__in=readable_messages(viewer)).first()
    if attachment is None:
        raise Http404("No such file.")
    return attachment
