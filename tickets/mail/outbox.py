"""Mail as jobs: a mail backend that writes rows, and the delivery that a worker does after commit."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import models, transaction
from django.utils import timezone

from tickets.background import jobs

KIND = "deliver_mail"


def new_message_id() -> str:
    domain = settings.SUPPORT_EMAIL.rpartition("@")[2] or "localhost"
    return f"<{uuid.uuid4().hex}@{domain}>"


class OutgoingMail(models.Model):
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
        mail = EmailMultiAlternatives(self.subject, self.body, self.sender, self.recipients, headers=headers)
        if self.html_body:
            mail.attach_alternative(self.html_body, "text/html")
        return mail


class OutboxBackend(BaseEmailBackend):
    """Django's mail goes into the outbox in the caller's transaction; nothing waits for a mail server."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        with transaction.atomic():
            for mail in email_messages:
                self._keep(mail)
        return len(email_messages)

    def _keep(self, mail: EmailMessage) -> None:
        alternatives: list[Any] = list(getattr(mail, "alternatives", []))
        html = next((part[0] for part in alternatives if part[1] == "text/html"), "")
        row = OutgoingMail.objects.create(
            sender=mail.from_email or settings.DEFAULT_FROM_EMAIL,
            recipients=mail.recipients(),
            subject=" ".join(str(mail.subject).split())[:300],
            body=str(mail.body),
            html_body=str(html),
            headers=dict(mail.extra_headers),
        )
        jobs.enqueue(KIND, row.pk, key=str(row.pk))


def deliver(mail_id: int) -> None:
    """Send one mail. Sending twice after a crash is possible; its Message-ID stays the same."""
    mail = OutgoingMail.objects.filter(pk=mail_id).first()
    if mail is None:
        return
    with get_connection(settings.MAIL_DELIVERY_BACKEND) as connection:
        connection.send_messages([mail.as_email()])
    mail.delete()
