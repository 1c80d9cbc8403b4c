"""The page behind a letter's link: which mails somebody gets. Mail programs use it too, by one click (RFC 8058)."""

from __future__ import annotations

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tickets.mail import choices
from tickets.mail.choices import Wanted
from tickets.models import Ticket


@csrf_exempt  # the signed link is the proof; a mail program has no cookie
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def mail_choice(request: HttpRequest, token: str) -> HttpResponse:
    """A link is only looked at; choosing is a button, or a mail program's “unsubscribe”."""
    ticket = _ticket(token)
    if ticket is None:
        return render(request, "tickets/mail_choice.html", {"wanted": None}, status=404)
    if request.POST.get("List-Unsubscribe") == "One-Click":
        choices.choose(ticket.requester_email, Wanted.NONE)
    elif request.method == "POST":
        if request.POST.get("wanted") in Wanted.values:
            choices.choose(ticket.requester_email, Wanted(request.POST["wanted"]))
            messages.success(request, _("Saved."))
        return redirect(request.path)
    facts = {"wanted": choices.wanted_by(ticket.requester_email), "choices": Wanted.choices}
    return render(request, "tickets/mail_choice.html", facts)


def _ticket(token: str) -> Ticket | None:
    try:
        return Ticket.objects.filter(reference=choices.reference_in(token)).first()
    except signing.BadSignature:
        return None
