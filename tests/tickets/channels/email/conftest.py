"""Mails as people and machines send them, and the mailbox that they reach."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from uuid import NAMESPACE_URL, uuid5

import pytest

from tickets.channels.email.models import InboundMail, Mailbox
from tickets.channels.email.taking import take
from tickets.models import OutgoingMail

Take = Callable[..., InboundMail]

MAILBOX = "support@example.com"


@pytest.fixture
def mailbox(db: None) -> Mailbox:
    return Mailbox.objects.create(address=MAILBOX, way=Mailbox.Way.HANDED, trusted_server="mx.example.com")


def mail(
    body: str = "Where is my parcel?",
    *,
    sender: str = "Gina Guest <gina@example.org>",
    to: str = MAILBOX,
    subject: str = "My parcel",
    message_id: str = "",
    **headers: str,
) -> EmailMessage:
    """A mail; further headers by name, with _ for -."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Message-ID"] = (
        message_id or f"<{uuid5(NAMESPACE_URL, f'{body} {sender} {to} {subject}')}@example.org>"
    )
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(body)
    return made


@pytest.fixture
def hand_over(mailbox: Mailbox) -> Take:
    """Take a mail over; returns the row that says what became of it."""

    def handed(made: EmailMessage | bytes) -> InboundMail:
        return take(made if isinstance(made, bytes) else made.as_bytes(), mailbox)[0]

    return handed


def last_mail() -> OutgoingMail:
    return OutgoingMail.objects.order_by("-id")[0]
