"""What the channel tells the house when it starts: where replies go, and what must be forgotten in time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone

from tickets.audit import EventKind, subscribe
from tickets.background import jobs
from tickets.channels.email import spam
from tickets.channels.email.models import InboundMail, Mailbox, RawMail
from tickets.mail import threads
from tickets.models import Channel, Ticket

BATCH = 500
IN_USE: Final = "mailbox-in-use"
REMEMBERED_SECONDS: Final = 30  # another process learns of a change by then at the latest


def where_replies_go(ticket: Ticket | None) -> threads.Incoming | None:
    """The mailbox that a ticket came through, else the first that is in use; None where no mail is read."""
    mails: list[tuple[str, bool, str, str]] = []
    if ticket is not None and (ticket.opening is None or ticket.channel == Channel.EMAIL):
        columns = ("internet_id", "mailbox__active", "mailbox__address", "mailbox__name")
        mails = list(ticket.mails.order_by("-id").values_list(*columns)[:5])
    boxes = [(address, name) for _, active, address, name in mails if active]
    address, name = boxes[0] if boxes else first_in_use()
    if not address:
        return None
    ids = tuple(f"<{mail[0]}>" for mail in reversed(mails) if mail[0].isascii() and mail[0])
    return threads.Incoming(address, name, ids)


def first_in_use() -> tuple[str, str]:
    """Address and name of the first mailbox that is read, remembered for a moment; empty where none is."""
    known: tuple[str, str] | None = cache.get(IN_USE)
    if known is None:
        known = Mailbox.objects.in_use().values_list("address", "name").first() or ("", "")
        cache.set(IN_USE, known, REMEMBERED_SECONDS)
    return known


@receiver([post_save, post_delete], sender=Mailbox)
def forget_first_in_use(**kwargs: Any) -> None:
    cache.delete(IN_USE)


def forget_raw_mails() -> None:
    """Delete the bytes of mails that are older than MAIL_KEEP_DAYS; what became of them stays."""
    limit = timezone.now() - timedelta(days=settings.MAIL_KEEP_DAYS)
    old = InboundMail.objects.filter(received_at__lt=limit, raw__isnull=False).order_by("id")
    RawMail.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).delete()


threads.use_mailbox(where_replies_go)
jobs.register_sweep(forget_raw_mails)
jobs.register(spam.KIND, spam.learn)
for _kind in (EventKind.QUARANTINED, EventKind.RELEASED, EventKind.REPLIED):
    subscribe(_kind, spam.learn_later)
