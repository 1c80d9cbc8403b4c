"""Mail as jobs: a mail backend that writes rows, and the delivery that a worker does after commit."""

from __future__ import annotations

import json
import smtplib
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import models, transaction
from django.utils import timezone

from tickets.background import jobs
from tickets.background.faults import Permanent, Unreachable, describe
from tickets.compiled_insert import CompiledInsert
from tickets.mail import sent, threads

KIND = "deliver_mail"
PATIENCE: Final = timedelta(days=5)  # as long as mail servers try (RFC 5321, 4.5.4.1)
UNREACHABLE: Final = ".invalid"  # RFC 2606: services, and people who were erased
KEPT_OPEN: Final = (
    10.0  # seconds that one connection carries mail after mail; well below what ends a delivery
)


def new_message_id() -> str:
    domain = settings.SUPPORT_EMAIL.rpartition("@")[2] or "localhost"
    return f"<{uuid.uuid4().hex}@{domain}>"


def provider_headers(message_id: str) -> dict[str, str]:
    """What makes a provider name our own id when it tells what became of a mail; most of them make ids of their own."""
    named = message_id.strip("<>")
    as_json = json.dumps({"message_id": named})
    ways = {
        "mailjet": ("X-MJ-EventPayload", as_json),
        "mandrill": ("X-MC-Metadata", as_json),
        "postmark": ("X-PM-Metadata-message_id", named),
        "sparkpost": ("X-MSYS-API", json.dumps({"metadata": {"message_id": named}})),
    }
    return dict([ways[settings.MAIL_PROVIDER]]) if settings.MAIL_PROVIDER in ways else {}


class OutgoingMail(CompiledInsert):
    """A mail on its way. Deleted once delivered: it may hold a password-reset link."""

    message_id = models.CharField(max_length=120, unique=True, default=new_message_id)
    sender = models.CharField(max_length=200)
    recipients = models.JSONField(default=list)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    html_body = models.TextField(blank=True)
    headers = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "outgoing mail"

    def __str__(self) -> str:
        return self.subject

    def as_email(self) -> EmailMessage:
        headers = {**self.headers, "Message-ID": self.message_id, "Auto-Submitted": "auto-generated"}
        headers |= provider_headers(self.message_id)
        mail = EmailMultiAlternatives(self.subject, self.body, self.sender, self.recipients, headers=headers)
        if self.html_body:
            mail.attach_alternative(self.html_body, "text/html")
        return mail


class OutboxBackend(BaseEmailBackend):
    """Django's mail goes into the outbox in the caller's transaction; nothing waits for a mail server."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        with transaction.atomic(savepoint=False):
            for mail in email_messages:
                self._keep(mail)
        return len(email_messages)

    def _keep(self, mail: EmailMessage) -> None:
        if all(address.endswith(UNREACHABLE) for address in mail.recipients()):
            return
        alternatives: list[Any] = list(getattr(mail, "alternatives", []))
        html = next((part[0] for part in alternatives if part[1] == "text/html"), "")
        headers = dict(mail.extra_headers)
        if mail.reply_to:
            headers["Reply-To"] = ", ".join(map(str, mail.reply_to))
        row = OutgoingMail.objects.create(
            sender=mail.from_email or settings.DEFAULT_FROM_EMAIL,
            recipients=mail.recipients(),
            subject=" ".join(str(mail.subject).split())[:300],
            body=str(mail.body),
            html_body=str(html),
            headers={name: value for name, value in headers.items() if name != "Message-ID"},
            message_id=headers.get("Message-ID") or new_message_id(),
        )
        jobs.enqueue(KIND, row.pk, key=str(row.pk), is_new=True)


class Carrier:
    """The connection to the mail server, kept while there is more to send: greeting it costs more than a mail."""

    def __init__(self) -> None:
        self._connection: BaseEmailBackend | None = None
        self._opened_at = 0.0

    def send(self, mail: EmailMessage) -> None:
        if self._connection is None or time.monotonic() - self._opened_at > KEPT_OPEN:
            self.hang_up()
            self._connection = get_connection(settings.MAIL_DELIVERY_BACKEND)
            self._connection.open()
            self._opened_at = time.monotonic()
        try:
            self._connection.send_messages([mail])
        except BaseException:
            self.hang_up()
            raise

    def hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(OSError):  # smtplib's errors are such
                connection.close()


carrier = Carrier()


def deliver(mail_id: int) -> None:
    """Send one mail. Sending twice after a crash is possible; its Message-ID stays the same."""
    mail = OutgoingMail.objects.filter(pk=mail_id).first()
    if mail is None:
        return
    on_ticket = threads.reference_in_id(mail.message_id) is not None
    try:
        with told_apart():
            carrier.send(mail.as_email())
    except Permanent:
        if on_ticket:
            sent.note(mail.message_id, sent.State.FAILED)
        raise
    with transaction.atomic():
        if on_ticket:
            sent.note(mail.message_id, sent.State.SENT)
        mail.delete()


@contextmanager
def told_apart() -> Iterator[None]:
    """What will never be taken is Permanent, a server that is away or ill is Unreachable, the rest is tried again."""
    try:
        yield
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
        if refused_for_good(error):
            raise Permanent(describe(error)) from None
        raise
    except (smtplib.SMTPNotSupportedError, ValueError) as error:  # an address or a header that cannot be sent
        raise Permanent(describe(error)) from None
    except OSError as error:  # smtplib's own errors among them: greeting, log-in, a line that was cut
        raise Unreachable(describe(error)) from None


def refused_for_good(error: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException) -> bool:
    """Whether every refusal was a 5xx."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(500 <= code < 600 for code, _ in error.recipients.values())
    return 500 <= error.smtp_code < 600
