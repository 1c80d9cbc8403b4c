"""Supervisors hear of an endpoint that is told nothing any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User

if TYPE_CHECKING:
    from tickets.webhooks.models import Endpoint

MAILS: Final = 50


def switched_off(endpoint: Endpoint) -> None:
    page = f"{settings.SITE_URL}{reverse('admin:webhooks_endpoint_change', args=[endpoint.pk])}"
    facts = {"endpoint": endpoint, "url": page, "company": settings.COMPANY_NAME}
    body = render_to_string("tickets/mail/webhook_off.txt", facts)
    supervisors = User.objects.leading().order_by("pk")
    for address in supervisors.values_list("email", flat=True)[:MAILS]:
        EmailMessage(f"Webhook switched off: {endpoint.name}", body, None, [address]).send()
