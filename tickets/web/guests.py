"""Guests: the signed link that opens one ticket, and a browser that forgets."""

from __future__ import annotations

from django.contrib import messages
from django.core import signing
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tickets.access import linked_ticket, open_to_guest, person
from tickets.intake import uploads
from tickets.mail import guest_links, notices
from tickets.web.files import holder
from tickets.web.held import to_login

RENEW_PAUSE_SECONDS = 60


@require_safe
@never_cache
def guest_link(request: HttpRequest, token: str) -> HttpResponse:
    """Opens the ticket to this browser. Expired links offer a new one, forged ones do not exist."""
    try:
        reference = guest_links.reference_in(token)
    except signing.SignatureExpired:
        return render(request, "tickets/link_expired.html", {"token": token}, status=410)
    except signing.BadSignature as error:
        raise Http404("No such link.") from error
    ticket = linked_ticket(reference)
    if not open_to_guest(request, ticket) and person(request) is None:
        return to_login(request, ticket.get_absolute_url())
    return redirect(f"{ticket.get_absolute_url()}#latest")


@require_POST
def renew_guest_link(request: HttpRequest, token: str) -> HttpResponse:
    """Mails a fresh link to the ticket's own address, at most one a minute."""
    reference = guest_links.expired_reference_in(token)
    if reference is None:
        raise Http404("No such link.")
    ticket = linked_ticket(reference)
    if cache.add(f"guest-link:{ticket.pk}", True, RENEW_PAUSE_SECONDS):
        notices.access_link(ticket)
    return render(request, "tickets/link_sent.html")


@require_POST
def forget_browser(request: HttpRequest) -> HttpResponse:
    """Nothing of what was sent or opened in this browser can be seen in it any more."""
    uploads.discard(uploads.waiting(holder(request)))
    request.session.flush()
    messages.success(request, _("This browser has forgotten your tickets and drafts."), extra_tags="forget")
    return redirect("home")
