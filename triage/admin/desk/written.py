"""The desk's calls to the language model: have something written, look whether it is there, refuse it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods, require_POST

from accounts.limits.spending import LimitReached, spend
from tickets.errors import TicketError
from tickets.models import Ticket
from triage.admin.desk.page import load_ticket, to_desk
from triage.admin.desk.shell import who
from triage.admin.desk.steps import Refused, Step, keep_typed
from triage.drafts import asking, limits, shown
from triage.drafts.models import Proposal

Kind = Proposal.Kind


def panel(request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
    found = shown.shown(ticket, who(request))
    html = render_to_string("triage/desk/written_panel.html", {"written": found, "ticket": ticket}, request)
    return {"html": html, "waiting": any(one.is_waiting for one in found)}


@require_http_methods(["GET", "POST"])
def written(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """GET: what there is. POST: have ``kind`` written. Without scripts what is typed is kept, and the page comes back."""
    ticket = load_ticket(who(request), str(ticket_id))
    if not limits.is_on():
        raise Http404("No language model is set up.")
    if request.method == "GET":
        return JsonResponse(panel(request, ticket))
    by_script = request.headers.get("Accept") == "application/json"
    try:
        if not by_script:
            keep_typed(Step(request, ticket))
        spend(request, "draft", person=who(request))
        _ask(request, ticket)
    except (TicketError, LimitReached, Refused) as refusal:
        if by_script:
            return JsonResponse({"message": str(refusal)}, status=409)
        messages.warning(request, str(refusal))
    return JsonResponse(panel(request, ticket), status=202) if by_script else to_desk(request, ticket)


def _ask(request: HttpRequest, ticket: Ticket) -> None:
    kind = request.POST.get("kind", "")
    if kind == Kind.SUMMARY:
        asking.ask_for_summary(ticket, who(request))
    elif kind == Kind.TRANSLATION:
        reply = request.POST.get("reply-body", "").replace("\r\n", "\n")
        asking.ask_for_translation(ticket, who(request), reply)
    else:
        asking.ask_for_reply(ticket, who(request))


@require_POST
def refuse(request: HttpRequest, ticket_id: int, proposal_id: int) -> HttpResponse:
    """The agent has no use for it: it goes from the page, and counts as refused."""
    ticket = load_ticket(who(request), str(ticket_id))
    own = Proposal.objects.filter(ticket=ticket, pk=proposal_id).first()
    if own is None:
        raise Http404("No such draft.")
    own.refuse()
    if request.headers.get("Accept") == "application/json":
        return JsonResponse(panel(request, ticket))
    return to_desk(request, ticket)
