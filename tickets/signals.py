"""What the ticket domain does when something else happens: jobs, sweeps, logins, agents who leave."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.contrib.auth import user_logged_in
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import retention
from accounts.contract import once
from accounts.limits import spending
from accounts.models import User
from tickets import privacy  # noqa: F401  # its exporter and eraser register
from tickets.background import jobs, lifecycle, sealer
from tickets.background.lanes import LANES, MAIL
from tickets.intake import claims, uploads
from tickets.mail import bundling, notices, outbox
from tickets.models import Message, Status, Ticket
from tickets.search import catch_up, index
from tickets.service import clocks, holiday_sources, targets
from tickets.service.models import Calendar, Holiday, Opening, Target

jobs.register(outbox.KIND, outbox.deliver, lane=MAIL, patience=outbox.PATIENCE)
LANES[MAIL].idle = outbox.carrier.hang_up
jobs.register(bundling.KIND, bundling.tell)
jobs.register_sweep(bundling.sweep)
jobs.register_sweep(notices.digests)
jobs.register_sweep(lifecycle.close_silent_tickets)
jobs.register_sweep(retention.sweep)
jobs.register_sweep(catch_up.backfill)
jobs.register_sweep(spending.forget_unused)
jobs.register_sweep(once.forget_old)
jobs.register_sweep(uploads.discard_stale)
jobs.register_beat(sealer.seal_events)
jobs.register_beat(clocks.tell_due)
jobs.register_sweep(holiday_sources.keep_up)
jobs.register(clocks.SET_ANEW, clocks.set_all_anew)


@receiver(email_confirmed)
def join_guest_tickets(request: HttpRequest, email_address: EmailAddress, **kwargs: Any) -> None:
    """Whoever proves to own an address sees what was sent from it as a guest."""
    claims.claim_guest_tickets(email_address.user)


@receiver(user_logged_in)
def join_later_guest_tickets(user: User, **kwargs: Any) -> None:
    """What was sent as a guest from an address that had an account already."""
    claims.claim_guest_tickets(user)


@receiver(post_save, sender=User)
def give_back_tickets(instance: User, update_fields: frozenset[str] | None, **kwargs: Any) -> None:
    """The tickets of somebody who is no longer an agent return to the queue: nobody else would see them."""
    if not instance.is_agent and (
        update_fields is None or update_fields & {"role", "is_active", "is_superuser"}
    ):
        for ticket in Ticket.objects.filter(assignee=instance).exclude(status=Status.CLOSED):
            ticket.assign(None, actor=None)


@receiver(post_save, sender=Message)
def index_message(instance: Message, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """What is said can be found at once; what was changed or taken back cannot any more."""
    if created and not raw:
        index.add_message(instance)
    elif not raw:
        index.index_tickets([instance.ticket_id])


@receiver(post_delete, sender=Message)
def forget_message(instance: Message, origin: Any = None, **kwargs: Any) -> None:
    if getattr(origin, "model", type(origin)) is not Ticket:  # else its entry goes with it
        index.index_tickets([instance.ticket_id])


INDEXED_FIELDS = {"subject", "requester_name", "requester_email"}


@receiver(post_save, sender=Ticket)
def index_ticket(
    instance: Ticket, created: bool, update_fields: frozenset[str] | None, **kwargs: Any
) -> None:
    if not created and (update_fields is None or update_fields & INDEXED_FIELDS):
        index.index_tickets([instance.pk])


def promise_anew(sender: type, raw: bool = False, **kwargs: Any) -> None:
    """What was changed of calendars and targets counts for what runs already."""
    if not raw:
        targets.forget()
        clocks.plan_anew()


for _sender in (Calendar, Holiday, Opening, Target):
    post_save.connect(promise_anew, sender=_sender)
    post_delete.connect(promise_anew, sender=_sender)
