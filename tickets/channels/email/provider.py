"""Mail that a provider hands over by webhook, and its word on ours. Everything goes the way of any other mail.

django-anymail knows how each provider signs and lays out what it posts; here its events become bytes for ``take`` and
reports for ``reports.note``. An answer of 200 is given once the mail is taken over, so that a provider tries again
what found the database away.
"""

from __future__ import annotations

import json
import re
from email import policy
from typing import Any, Final

from anymail.signals import AnymailInboundEvent, AnymailTrackingEvent, inbound, tracking
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt

from tickets.channels.email import reports, taking
from tickets.channels.email.models import Mailbox
from tickets.channels.email.posted import read_whole
from tickets.channels.email.reading.machines import Report
from tickets.channels.email.reading.parts import MOST_BYTES

MOST_POSTED: Final = 2 * MOST_BYTES  # base64 in JSON, and the fields around it
_NAMES: Final = {
    "mailgun": "Mailgun", "mailjet": "Mailjet", "postal": "Postal", "postmark": "Postmark", "sendgrid": "SendGrid",
    "sparkpost": "SparkPost",
}  # fmt: skip
KINDS: Final = ("inbound", "tracking")
_VIEWS: Final = {"mandrill": dict.fromkeys(KINDS, "MandrillCombinedWebhookView")}  # one for both
_REPORTED: Final = {
    "delivered": "delivered", "deferred": "delayed", "bounced": "failed", "rejected": "failed", "failed": "failed",
    "complained": "complaint",
}  # fmt: skip
_CODE: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_NO_LINE: Final = re.compile(r"[\x00-\x1f\x7f]+")


def addresses_of(provider: str) -> list[URLPattern]:
    """Where the provider posts to: ``/mail/<provider>/inbound/`` and ``/mail/<provider>/tracking/``."""
    names = _VIEWS.get(provider) or {kind: f"{_NAMES[provider]}{kind.title()}WebhookView" for kind in KINDS}
    views = {kind: import_string(f"anymail.webhooks.{provider}.{name}") for kind, name in names.items()}
    return [
        path(f"mail/{provider}/{kind}/", _bounded(view.as_view()), name=f"mail-{kind}")
        for kind, view in views.items()
    ]


def _bounded(view: Any) -> Any:
    """A mail is larger than what any other page takes, and is read whole before the provider's proof is checked."""

    @csrf_exempt
    def posted(request: HttpRequest) -> HttpResponse:
        try:
            read_whole(request, MOST_POSTED)
        except RequestDataTooBig:
            return HttpResponse("The mail is too large.", status=413, content_type="text/plain")
        answer: HttpResponse = view(request)
        return answer

    return posted


@receiver(inbound)
def take_over(event: AnymailInboundEvent, **kwargs: Any) -> None:
    message = event.message
    recipient = _line(message.envelope_recipient or "")
    mailbox = Mailbox.objects.written_to(recipient) or Mailbox.objects.in_use().first()
    try:
        raw = message.as_bytes(policy=policy.compat32)
    except Exception as error:
        # What the library has read but cannot write: kept as the provider posted it, for a person.
        kept = json.dumps(event.esp_event, default=str).encode()
        taking.put_aside(kept, mailbox, f"The provider's mail cannot be read ({type(error).__name__}).")
        return
    taking.take(_envelope(message, recipient) + raw, mailbox)


def _envelope(message: Any, recipient: str) -> bytes:
    """What the provider says of the mail, as header fields of our own above its own."""
    lines = [f"Delivered-To: {recipient}"] if recipient else []
    if message.envelope_sender == "":
        lines.append("Return-Path: <>")
    if message.spam_detected:
        lines.append("X-Spam-Flag: YES")
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")


def _line(value: str) -> str:
    return _NO_LINE.sub("", value)[:254]


@receiver(tracking)
def note(event: AnymailTrackingEvent, **kwargs: Any) -> None:
    """What became of a mail of ours; that it was opened or clicked is not asked for, and not kept."""
    kind = _REPORTED.get(event.event_type or "")
    if kind is None:
        return
    given = (event.metadata or {}).get("message_id") or event.message_id or ""
    found = _CODE.search(f"{event.mta_response or ''} {event.description or ''}")
    status = found.group(1) if found and kind != "delivered" else ""
    reports.note(Report(kind, str(event.recipient or "").lower(), status, (str(given).strip("<>"),)))


urlpatterns = addresses_of(settings.MAIL_PROVIDER) if settings.MAIL_PROVIDER else []
