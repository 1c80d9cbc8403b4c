"""What the channel tells the house when it starts: where replies go, and what must be forgotten in time."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from tickets.background import jobs
from tickets.channels.email.models import InboundMail, Mailbox, RawMail
from tickets.mail import threads
from tickets.models import Ticket

BATCH = 500


def where_replies_go(ticket: Ticket | None) -> threads.Incoming | None:
    """The mailbox that a ticket came through, else the first that is in use; None where no mail is read."""
    mails = list(ticket.mails.select_related("mailbox").order_by("-id")[:5]) if ticket is not None else []
    boxes = [mail.mailbox for mail in mails if mail.mailbox is not None and mail.mailbox.active]
    mailbox = boxes[0] if boxes else Mailbox.objects.in_use().first()
    if mailbox is None:
        return None
    ids = tuple(
        f"<{mail.internet_id}>" for mail in reversed(mails) if mail.internet_id.isascii() and mail.internet_id
    )
    return threads.Incoming(mailbox.address, mailbox.name, ids)


def forget_raw_mails() -> None:
    """Delete the bytes of mails that are older than MAIL_KEEP_DAYS; what became of them stays."""
    limit = timezone.now() - timedelta(days=settings.MAIL_KEEP_DAYS)
    old = InboundMail.objects.filter(received_at__lt=limit, raw__isnull=False).order_by("id")
    RawMail.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).delete()


threads.use_mailbox(where_replies_go)
jobs.register_sweep(forget_raw_mails)
