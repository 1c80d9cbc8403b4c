"""Which mails about their tickets people get: every one, one a day with what is new, or none.

The choice is the mailbox's, whatever follows a plus in the address. It is made on the page behind a signed link that every
letter carries; that a letter carries it proves that whoever opens it reads that mailbox.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core import signing
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.mailboxes import mailbox_of

if TYPE_CHECKING:
    from tickets.models import Ticket

SALT: Final = "tickets.mail_choice"
DAY: Final = timedelta(days=1)
BATCH: Final = 200  # mailboxes of one sweep


class MailChoice(models.Model):
    """What a mailbox wants, where that is not every message."""

    class Wanted(models.TextChoices):
        EVERY = "every", _("Every message, as it comes")
        DAILY = "daily", _("One email a day with what is new")
        NONE = "none", _("No emails")

    mailbox = models.CharField(max_length=254, unique=True)
    wanted = models.CharField(max_length=5, choices=Wanted.choices, default=Wanted.EVERY)
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.wanted


class DigestEntry(models.Model):
    """A ticket on which there is something new that its requester has not been told of yet."""

    ticket = models.OneToOneField("tickets.Ticket", models.CASCADE, primary_key=True, related_name="+")
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.ticket_id}"


Wanted = MailChoice.Wanted


def wanted_by(address: str) -> Wanted:
    row = MailChoice.objects.filter(mailbox=mailbox_of(address)).first()
    return Wanted(row.wanted) if row is not None else Wanted.EVERY


@transaction.atomic
def choose(address: str, wanted: Wanted) -> None:
    MailChoice.objects.update_or_create(
        mailbox=mailbox_of(address), defaults={"wanted": wanted, "changed_at": timezone.now()}
    )
    if wanted is Wanted.NONE:
        DigestEntry.objects.filter(ticket__mailbox=mailbox_of(address)).delete()


def gather(ticket: Ticket) -> None:
    """Have the next daily mail name this ticket."""
    DigestEntry.objects.bulk_create([DigestEntry(ticket=ticket)], ignore_conflicts=True)


def due() -> list[str]:
    """The mailboxes whose oldest news is a day old."""
    old = DigestEntry.objects.filter(at__lte=timezone.now() - DAY).order_by("at")
    return list(dict.fromkeys(old.values_list("ticket__mailbox", flat=True)[:BATCH]))


def take(mailbox: str) -> list[Ticket]:
    """The tickets that the daily mail names, the oldest news first; they are told of once."""
    rows = list(
        DigestEntry.objects.select_for_update(of=("self",))
        .filter(ticket__mailbox=mailbox)
        .select_related("ticket__requester")
        .order_by("at")
    )
    DigestEntry.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [row.ticket for row in rows]


def link(ticket: Ticket) -> str:
    """Where the requester of this ticket chooses. The address itself stands in no link."""
    return f"{settings.SITE_URL}{reverse('mail-choice', args=[signing.dumps(ticket.reference, salt=SALT)])}"


def reference_in(token: str) -> str:
    """The ticket's reference of a signed link; BadSignature for a forged or old one."""
    return str(signing.loads(token, salt=SALT, max_age=timedelta(days=settings.GUEST_LINK_DAYS)))
