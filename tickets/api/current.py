"""A ticket as it is now for who asks: told whole, with its ETag, and changed only if it is as they have read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contract import unchanged
from tickets.access import over_api, visible_ticket
from tickets.api.serializers import TicketDetailSerializer
from tickets.models import Ticket


def told(request: Request, ticket: Ticket) -> Any:
    return TicketDetailSerializer.tell(ticket, {"request": request})


def answer(request: Request, reference: str, status: int = 200) -> Response:
    """The whole ticket, read anew."""
    ticket = visible_ticket(over_api(request), reference)
    body = told(request, ticket)
    headers = {"ETag": unchanged.etag_of(body), "Location": f"/api/tickets/{ticket.reference}"}
    return Response(body, status=status, headers=headers)


@contextmanager
def if_unchanged(request: Request, ticket: Ticket) -> Iterator[None]:
    """What is done inside is done to the ticket that the caller has read; where they do not say which, to any.

    The row is locked from the look on, so that nobody can come between. Raises Changed.
    """
    if not unchanged.wants_unchanged(request):
        yield
        return
    with transaction.atomic():
        Ticket.objects.select_for_update().get(pk=ticket.pk)
        now = visible_ticket(over_api(request), ticket.reference)
        unchanged.refuse_changed(request, unchanged.etag_of(told(request, now)))
        yield
