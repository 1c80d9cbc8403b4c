"""One loader per access level. A stranger's ticket and an absent one look the same: 404."""

from __future__ import annotations

from django.http import Http404, HttpRequest

from accounts.models import User
from tickets.models import Attachment, Message, Ticket

GUEST_SESSION_KEY = "guest_tickets"
GUEST_TICKETS_KEPT = 50


def person(request: HttpRequest) -> User | None:
    """Who asks, or None for a guest."""
    return request.user if request.user.is_authenticated else None


def open_to_guest(request: HttpRequest, ticket: Ticket) -> None:
    """Let this browser session see the guest's ticket (after submitting it, or by its signed link)."""
    held = [
        reference for reference in request.session.get(GUEST_SESSION_KEY, []) if reference != ticket.reference
    ]
    request.session.cycle_key()  # a key that somebody else may know opens nothing new
    request.session[GUEST_SESSION_KEY] = [*held, ticket.reference][-GUEST_TICKETS_KEPT:]


def may_see(request: HttpRequest, ticket: Ticket) -> bool:
    user = person(request)
    if user is not None and user.is_active and (user.is_agent or ticket.requester_id == user.pk):
        return True
    return ticket.requester_id is None and ticket.reference in request.session.get(GUEST_SESSION_KEY, [])


def visible_ticket(request: HttpRequest, reference: str) -> Ticket:
    """The ticket if whoever asks may see it: its requester, its guest, any agent."""
    ticket = Ticket.objects.all().named(reference).select_related("requester", "assignee").first()
    if ticket is None or not may_see(request, ticket):
        raise Http404("No such ticket.")
    return ticket


def visible_attachment(request: HttpRequest, token: str) -> Attachment:
    """The attachment if whoever asks may see its message; files of internal notes are for agents only."""
    attachment = Attachment.objects.select_related("message__ticket").filter(token=token).first()
    if attachment is None or not may_see(request, attachment.message.ticket):
        raise Http404("No such file.")
    user = person(request)
    if attachment.message.kind == Message.Kind.NOTE and not (user and user.is_agent):
        raise Http404("No such file.")
    return attachment
