"""A mail as its sender laid it out, in a frame that can do nothing: no script, no form, and nothing loaded from elsewhere."""

from __future__ import annotations

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tickets.access import in_browser, readable_messages
from tickets.channels.email.models import InboundMail, RawMail
from tickets.channels.email.reading.cleaning import Cleaned, TooMuch, cleaned
from tickets.channels.email.reading.parts import Unreadable, read_bytes

SANDBOX: Final = "allow-popups allow-popups-to-escape-sandbox"
POLICY: Final = (
    "default-src 'none'; img-src data:{pictures}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox {sandbox}"
)
GONE: Final = "The mail is no longer kept as it came. Its text is above."
TOO_MUCH: Final = "The layout of this mail is too large to be shown. Its text is above."


@require_safe
def as_sent(request: HttpRequest, ticket_id: int, mail_id: int) -> HttpResponse:
    """The HTML of one mail on a ticket; with ``?pictures=on`` also those that other servers hold."""
    # A merged ticket's mails are read on the page of the other: it is asked for by the message's own ticket.
    readable = readable_messages(in_browser(request))
    mails = InboundMail.objects.filter(pk=mail_id, message__ticket=ticket_id, has_html=True)
    mail = mails.filter(message__in=readable).first()
    if mail is None:
        raise Http404("No such mail.")
    with_pictures = request.GET.get("pictures") == "on"
    shown, why_not = _shown(mail, with_pictures)
    response = render(request, "triage/desk/mail.html", {"shown": shown, "why_not": why_not})
    sources = " https:" if with_pictures else ""
    response.headers["Content-Security-Policy"] = POLICY.format(pictures=sources, sandbox=SANDBOX)
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _shown(mail: InboundMail, with_pictures: bool) -> tuple[Cleaned | None, str]:
    raw = RawMail.objects.filter(pk=mail.pk).first()
    if raw is None:
        return None, GONE
    try:
        return cleaned(read_bytes(bytes(raw.content)), remote_pictures=with_pictures), ""
    except (TooMuch, Unreadable):
        return None, TOO_MUCH
