"""Who has a ticket open, and who is writing on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from accounts.models import User
from tickets.desk.models import Presence
from tickets.models import Ticket

#: A poll that changes nothing renews the row only when it is this old.
RENEWED_AFTER: Final = timedelta(seconds=4)


def be_here(agent: User, ticket: Ticket, *, writing: bool) -> None:
    now = timezone.now()
    known = Presence.objects.filter(agent=agent, ticket=ticket).first()
    if known is not None and known.writing is writing and now - known.seen_at < RENEWED_AFTER:
        return
    Presence.objects.update_or_create(
        agent=agent, ticket=ticket, defaults={"writing": writing, "seen_at": now}
    )


def others_here(agent: User, ticket: Ticket) -> list[Presence]:
    """Colleagues at this ticket now, those who write first."""
    here = Presence.objects.now().filter(ticket=ticket).exclude(agent=agent)
    return list(here.select_related("agent").order_by("-writing", "agent_id"))


def forget_old() -> None:
    """Rows of pages that were closed. A sweep."""
    Presence.objects.filter(seen_at__lt=timezone.now() - timedelta(hours=1)).delete()
