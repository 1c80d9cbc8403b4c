"""Who is in copy of a ticket: its requester adds and removes them, and they say themselves whether they want it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.limits.spending import LimitReached, spend
from tickets.access import in_browser, own_ticket, person
from tickets.following import copies
from tickets.following.models import Copy
from tickets.models import OPEN_TO_REQUESTER
from tickets.web.held import login_if_unknown


@require_POST
@login_if_unknown("ticket")
def change(request: HttpRequest, reference: str) -> HttpResponse:
    """Put somebody in copy, or take them out again."""
    ticket = own_ticket(in_browser(request), reference)
    address, gone = request.POST.get("address", "").strip()[:254], request.POST.get("remove", "")[:254]
    if gone:
        copies.remove(ticket, gone, by=person(request))
    elif ticket.state in OPEN_TO_REQUESTER:
        try:
            spend(request, "message")
            copies.add(ticket, address, way=Copy.Way.REQUESTER, by=person(request))
        except LimitReached as refusal:
            messages.error(request, str(refusal))
        except copies.AskedEnough:
            messages.error(request, _("We’ve sent this address enough emails for today. Try again tomorrow."))
        except copies.CopyRefused:
            messages.error(request, _("This address can’t be put in copy. Check it for typing errors."))
        else:
            asked = _("We’ve asked %(address)s whether they want copies.") % {"address": address}
            messages.success(request, asked)
    return redirect(f"{ticket.get_absolute_url()}#ticket-actions")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def copy(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link of whoever is in copy. A link is only looked at; saying yes or no is a button."""
    found = copies.named_by(token)
    if found is None:
        return render(request, "tickets/copy.html", {"copy": None}, status=404)
    if request.method == "POST":
        if request.POST.get("wanted") == "yes":
            copies.confirm(found)
        else:
            copies.remove(found.ticket, found.address, by=None)
        return redirect(request.path)
    return render(request, "tickets/copy.html", {"copy": found})
