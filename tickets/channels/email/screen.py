"""What is not let through as it comes: floods, loops, our own mail that came back, and what looks like spam."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.mailboxes import validate_address
from tickets.channels.email import spam
from tickets.channels.email.models import InboundMail, Mailbox, Outcome
from tickets.channels.email.reading.parts import Mail
from tickets.channels.email.threading import Place
from tickets.models import Message, Ticket

FLOOD_SPAN: Final = timedelta(hours=1)
SAME_SPAN: Final = timedelta(days=1)
SAME_TEXTS: Final = 3  # so often the same text from one sender is taken; then it is a loop


@dataclass(slots=True)
class Taken:
    """What became of a mail, gathered while it is handled."""

    outcome: Outcome
    reason: str = ""
    ticket: Ticket | None = None
    message: Message | None = None
    quoted: str = ""
    text: str = ""
    remarks: list[str] = field(default_factory=list)
    mailbox: str = ""  # the address of ours that it came to


def refusal(mail: Mail, place: Place) -> Taken | None:
    """Floods and loops are put aside: nothing is lost, and nobody is written to."""
    if not mail.sender.address or not is_address(mail.sender.address):
        return Taken(Outcome.QUARANTINE, "It names no sender that can be answered.")
    lately = InboundMail.objects.filter(sender=mail.sender.key).exclude(outcome=Outcome.DUPLICATE)
    now = timezone.now()
    same = lately.filter(fingerprint=mail.fingerprint, received_at__gte=now - SAME_SPAN).count()
    if same >= SAME_TEXTS:
        return Taken(Outcome.IGNORED, "The same text came again and again: a loop.", place.ticket)
    if lately.filter(received_at__gte=now - FLOOD_SPAN).count() >= settings.MAIL_SENDER_HOURLY:
        return Taken(Outcome.QUARANTINE, "Too many mails of this sender within an hour.")
    return None


def is_address(address: str) -> bool:
    try:
        validate_address(address)
    except ValidationError:
        return False
    return True


def is_ours(mail: Mail) -> bool:
    """From one of our own mailboxes: a loop through a forwarding rule, or a list that sends it back."""
    return mail.sender.key == settings.SUPPORT_EMAIL.casefold() or (
        Mailbox.objects.filter(address__iexact=mail.sender.address).exists()
    )


def suspect(taken: Taken, ticket: Ticket, mail: Mail) -> None:
    """Put what looks like spam into quarantine: nobody is written to, and an agent can take it out."""
    verdict = spam.judge(mail, ticket.subject, taken.text)
    if verdict.is_spam:
        ticket.quarantine(spam.LOOKS_LIKE_SPAM)
        taken.reason = f"{verdict.why} The ticket is in quarantine."
