"""Two tickets and one matter, or one ticket and two matters: the pages that merge and split."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.admin import ROW_ID
from accounts.models import User
from tickets.access import at_desk
from tickets.errors import TicketError
from tickets.links import linking, splitting
from tickets.merging import merge_refusal
from tickets.models import Message, Status, Ticket
from triage.admin.desk.page import load_ticket, to_desk
from triage.admin.desk.shell import show, who

OFFERED = 8
get_or_post = require_http_methods(["GET", "POST"])


# --- merging -----------------------------------------------------------------------------------------------


@get_or_post
def merge(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """What merging would do, then doing it. Without a second ticket: which ones there are."""
    ticket = load_ticket(who(request), str(ticket_id))
    named = (request.POST.get("into") or request.GET.get("into") or "").strip()[:40]
    target, refusal = None, ""
    if named:
        try:
            target = linking.find(named, by=who(request))
            refusal = merge_refusal(ticket, target)
            if request.method == "POST":
                ticket.merge_into(target, actor=who(request))
                messages.success(request, f"{ticket.reference} is merged into this ticket.")
                return to_desk(request, target)
        except TicketError as error:
            refusal = str(error)
    return show(
        request,
        "triage/desk/merge.html",
        f"Merge {ticket.reference}",
        status=409 if refusal and request.method == "POST" else 200,
        ticket=ticket,
        target=target,
        named=named,
        refusal=refusal,
        count=ticket.conversation.filter(kind=Message.Kind.REPLY).count() if target else 0,
        offered=[] if target else _offered(ticket, who(request)),
    )


def _offered(ticket: Ticket, agent: User) -> list[Ticket]:
    """The same person's tickets that it may go on in, the newest first."""
    others = at_desk(agent).of_same_person(ticket).wanted().exclude(status=Status.CLOSED)
    found = others.exclude(pk=ticket.pk).select_related("requester").order_by("-id")[: OFFERED * 2]
    return [other for other in found if not merge_refusal(ticket, other)][:OFFERED]


# --- splitting ---------------------------------------------------------------------------------------------


@get_or_post
def split(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """Choose messages, give the new ticket a subject."""
    ticket = load_ticket(who(request), str(ticket_id))
    chosen = [int(pk) for pk in request.POST.getlist("message") if ROW_ID.fullmatch(pk)]
    subject, refusal = request.POST.get("subject", "").strip()[:200], ""
    if request.method == "POST":
        try:
            new = splitting.split(ticket, chosen, subject=subject, by=who(request))
        except TicketError as error:
            refusal = str(error)
        else:
            messages.success(request, f"This ticket is split off {ticket.reference}, and yours.")
            return redirect("admin:tickets_ticket_change", new.pk)
    shown = (
        ticket.conversation.select_related("author")
        .prefetch_related("attachments__recording")
        .order_by("-id")
    )
    return show(
        request,
        "triage/desk/split.html",
        f"Split {ticket.reference}",
        status=409 if refusal else 200,
        ticket=ticket,
        subject=subject,
        chosen=chosen,
        refusal=refusal,
        listed=list(shown[: splitting.MOST])[::-1],
    )
