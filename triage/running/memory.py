"""What a person was sent before: the same answer is never sent to them again while it is fresh, or once it failed."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from tickets.models import Ticket
from triage.models import Action, Decision


def sent_before(ticket: Ticket, intent: str | None) -> bool:
    """Whether the answer to ``intent``, in whatever version, went to the ticket's sender and should not again.

    So it is if it was sent within TRIAGE_REPEAT_DAYS, if it did not settle the matter whenever it was sent, and if
    ``ticket`` follows up the very ticket that was answered with it.
    """
    if intent is None:
        return False
    fresh = Q(created_at__gte=timezone.now() - timedelta(days=settings.TRIAGE_REPEAT_DAYS))
    failed = Q(ticket__reopen_count__gt=0) | Q(ticket__feedback__solved=False)
    same_person = Ticket.objects.all().of_same_person(ticket).exclude(pk=ticket.pk).order_by()
    told = (fresh | failed) & Q(ticket__in=same_person.values("pk"))
    if ticket.follow_up_of_id is not None:
        told |= Q(ticket=ticket.follow_up_of_id)
    sent = Decision.objects.filter(intent_slug=intent, action=Action.AUTO_RESOLVE, applied=True)
    return sent.filter(told).exists()


def take_turn(ticket: Ticket) -> None:
    """Have the tickets of one person that are answered in the same moment answered one after the other.

    Each locks the first ticket that the person ever sent, within the caller's transaction. Locks are only ever
    taken from a ticket to an earlier one, so nobody waits for each other.
    """
    everything = Ticket.objects.all().of_same_person(ticket).order_by("pk")
    everything.select_for_update().values_list("pk", flat=True).first()
