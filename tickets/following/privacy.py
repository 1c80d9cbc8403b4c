"""Of which tickets a person is in copy, and how they are taken out."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from accounts import privacy
from accounts.privacy import Person
from tickets.following.models import Copy


def export_copies(person: Person) -> dict[str, list[dict[str, Any]]]:
    """The tickets are other people's: their references only."""
    own = Copy.objects.filter(address=person.address)
    return {"in_copy": privacy.rows(own.values("ticket__reference", "address", "way", "confirmed_at"))}


def erase_copies(person: Person) -> dict[str, Any]:
    """Their own, and those that they have put in copy of their tickets."""
    theirs = Q(address=person.address) | Q(ticket__requester_email=person.address)
    if person.user is not None:
        theirs |= Q(ticket__requester=person.user)
    return {"copies": Copy.objects.filter(theirs).delete()[0]}


privacy.register("following", export_copies, erase_copies)
privacy.ERASERS["tickets"] = privacy.ERASERS.pop(
    "tickets"
)  # it goes last: the others find its tickets by their owner
