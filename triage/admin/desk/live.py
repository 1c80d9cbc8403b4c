"""The small calls of an open page: keep the draft, who is here, what is new, earlier messages, the list beside it."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.admin import ROW_ID
from accounts.models import Role, User
from tickets.access import at_desk
from tickets.desk import drafts, held, presence, rounds
from tickets.desk.models import HeldReply
from tickets.errors import TicketError
from tickets.following import followers
from tickets.macros import applying
from tickets.search.find import time_limit
from tickets.tags import tagging
from triage.admin.desk.page import lead_on, load_ticket, to_desk
from triage.admin.desk.shell import show, who
from triage.admin.desk.steps import Refused, Step, keep_typed
from triage.desk import intents, queue, selection
from triage.desk.conversation import earlier_messages, newer_messages
from triage.desk.desk import read_trail

FOUND = 8


# --- next, and taking a reply back -------------------------------------------------------------------------


@require_POST
def next_ticket(request: HttpRequest) -> HttpResponse:
    """Open the ticket that is this agent's turn. POST, because it may assign one."""
    if request.POST.get("again"):
        rounds.start_again(who(request))
    after = request.POST.get("after", "")
    return lead_on(request, int(after) if ROW_ID.fullmatch(after) else None)


@require_GET
def all_seen(request: HttpRequest) -> HttpResponse:
    """The end of a round."""
    own = rounds.workable(who(request)).filter(assignee=who(request)).count()
    return show(request, "triage/desk/all_seen.html", "All seen", seen=own)


@require_POST
def undo(request: HttpRequest, held_id: int) -> HttpResponse:
    try:
        row = held.undo(who(request), held_id)
    except TicketError as error:
        messages.warning(request, str(error))
        return redirect("admin:tickets_ticket_changelist")
    messages.success(request, "The reply was not sent. It is your draft again.")
    return to_desk(request, row.ticket)


# --- drafts ----------------------------------------------------------------------------------------------


@require_POST
def keep_draft(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """Keep what is typed, and files that were just chosen. 409 with the other text if another window is ahead."""
    step = Step(request, load_ticket(who(request), str(ticket_id)))
    return _not_kept(step) or JsonResponse(_draft_now(step))


def _not_kept(step: Step) -> JsonResponse | None:
    """Keep what is typed; the answer where that cannot be."""
    try:
        keep_typed(step)
    except drafts.DraftChanged as changed:
        return JsonResponse(_as_json(changed.current) | {"message": str(changed)}, status=409)
    except Refused:
        refused = [text for form in step.forms.values() for errors in form.errors.values() for text in errors]
        return JsonResponse({"message": " ".join(map(str, refused))}, status=400)
    except TicketError as error:
        return JsonResponse({"message": str(error)}, status=400)
    return None


def _draft_now(step: Step) -> dict[str, Any]:
    draft = drafts.draft_of(step.agent, step.ticket)
    return _as_json(draft) if draft else {"version": 0, "files": "", "note_files": ""}


@require_POST
def drop_file(request: HttpRequest, ticket_id: int, file_id: int) -> HttpResponse:
    step = Step(request, load_ticket(who(request), str(ticket_id)))
    if request.headers.get("Accept") != "application/json":
        keep_typed(step)  # without JavaScript the whole form comes along
    drafts.drop_file(step.agent, step.ticket, file_id)
    if request.headers.get("Accept") != "application/json":
        return to_desk(request, step.ticket)
    return JsonResponse(_draft_now(step))


@require_POST
def apply_macro(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """Put a macro's texts into the open page; ``whole`` where it changed the ticket, so that the page is out of date."""
    step = Step(request, load_ticket(who(request), str(ticket_id)))
    if refusal := _not_kept(step):
        return refusal
    try:
        macro = applying.named(step.agent, request.POST.get("macro", ""))
        told = applying.apply(macro, step.ticket, agent=step.agent)
    except TicketError as error:
        return JsonResponse({"message": str(error)}, status=400)
    if macro.changes_ticket:
        messages.success(request, told)
    buttons = render_to_string("triage/desk/send.html", {"draft": drafts.draft_of(step.agent, step.ticket)})
    return JsonResponse(_draft_now(step) | {"told": told, "whole": macro.changes_ticket, "buttons": buttons})


def _as_json(draft: drafts.Draft) -> dict[str, Any]:
    return {
        "version": draft.version, "reply": draft.reply, "note": draft.note, "intent": draft.intent,
        "files": _files(draft, for_note=False),
        "note_files": _files(draft, for_note=True),
    }  # fmt: skip


def _files(draft: drafts.Draft, *, for_note: bool) -> str:
    files = [one for one in draft.files.all() if one.for_note is for_note]
    return render_to_string("triage/desk/files.html", {"files": files, "ticket_id": draft.ticket_id})


# --- what happens on the ticket meanwhile ----------------------------------------------------------------


@require_GET
def live(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """Who is here and what is new after message ``seen``; 304 where that is what the page knows already."""
    agent, ticket = who(request), load_ticket(who(request), str(ticket_id))
    if agent.is_agent:
        presence.be_here(agent, ticket, writing=request.GET.get("writing") == "1")
    seen, known = _number(request, "seen"), _number(request, "version")
    newest = ticket.conversation.order_by("-id").values_list("pk", flat=True).first() or 0
    here = presence.others_here(agent, ticket)
    draft = drafts.draft_of(agent, ticket)
    underway = (
        HeldReply.objects.on_its_way()
        .filter(ticket=ticket)
        .exclude(author=agent)
        .select_related("author")
        .first()
    )
    facts = (
        newest, seen, ticket.updated_at.isoformat(), draft.version if draft else 0, known,
        [(one.agent_id, one.writing) for one in here], underway.pk if underway else 0,
    )  # fmt: skip
    etag = f'"{hashlib.sha256(repr(facts).encode()).hexdigest()[:20]}"'
    if request.headers.get("If-None-Match") == etag:
        return _tagged(HttpResponseNotModified(), etag)
    new = newer_messages(ticket, seen) if newest > seen else []
    context = {"messages_shown": new, "ticket": ticket, "newer": [one.pk for one in new], "request": request}
    said = {
        "seen": newest,
        "messages": render_to_string("triage/desk/messages.html", context) if new else "",
        "status": render_to_string("triage/desk/status.html", {"ticket": ticket}, request),
        "here": render_to_string("triage/desk/here.html", {"here": here, "sending": underway}),
        "draft": _as_json(draft) if draft and draft.version > known else None,
    }
    return _tagged(JsonResponse(said), etag)


def _tagged(response: HttpResponse, etag: str) -> HttpResponse:
    response.headers["ETag"], response.headers["Cache-Control"] = etag, "private, no-cache"
    return response


def _number(request: HttpRequest, name: str) -> int:
    raw = request.GET.get(name, "")
    return int(raw) if ROW_ID.fullmatch(raw) else 0


@require_GET
def earlier(request: HttpRequest, ticket_id: int) -> HttpResponse:
    """The messages before ``before``, as the page shows them."""
    ticket = load_ticket(who(request), str(ticket_id))
    rows, left = earlier_messages(ticket, _number(request, "before"))
    return render(
        request, "triage/desk/earlier.html", {"ticket": ticket, "messages_shown": rows, "earlier": left}
    )


@require_GET
def trail(request: HttpRequest, ticket_id: int) -> HttpResponse:
    ticket = load_ticket(who(request), str(ticket_id))
    return render(request, "triage/desk/trail.html", {"ticket": ticket, "trail": read_trail(ticket)})


# --- beside the ticket, and what is found while typing -----------------------------------------------------


@require_GET
def beside(request: HttpRequest) -> HttpResponse:
    """The beginning of a view's list, for the column beside the ticket."""
    agent, now = who(request), timezone.now()
    wanted = selection.read({"queue": request.GET.get("queue", queue.DEFAULT)}, agent)
    try:
        with time_limit():
            page = queue.read_page(selection.rows(wanted, agent, now)[0], wanted.ordering, "")
    except TicketError:
        page = queue.Page([], "")
    rows = queue.read_rows(page.tickets, agent, now)
    return render(request, "triage/desk/beside.html", {"view": wanted.view, "rows": rows})


@require_GET
def find_intents(request: HttpRequest) -> JsonResponse:
    found = intents.offered(request.GET.get("q", "")[:120])
    return JsonResponse({"intents": [{"code": one.slug, "title": str(one)} for one in found]})


@require_GET
def find_macros(request: HttpRequest) -> HttpResponse:
    """Macros by the words of their names, as options of the writer's field."""
    found = applying.offered(who(request), request.GET.get("q", "")[:60])
    return render(request, "triage/desk/macros.html", {"macros": found})


@require_GET
def find_tags(request: HttpRequest) -> HttpResponse:
    """Tags that begin as what is typed, as options of the tags' field."""
    typed = request.GET.get("q", "")[:200]
    before = typed.rpartition(",")[0]
    offered = [f"{before}, {name}" if before else name for name in tagging.offered(typed)]
    return render(request, "triage/desk/tags.html", {"tags": offered})


@require_GET
def find_people(request: HttpRequest) -> HttpResponse:
    """Colleagues whose name begins as what stands behind an @, as options."""
    found = followers.offered(request.GET.get("q", "")[:60])
    return JsonResponse({"people": [{"name": followers.handle(one), "email": one.email} for one in found]})


@require_GET
def find_references(request: HttpRequest) -> HttpResponse:
    """Tickets by the beginning of their reference, and the same person's, as options of the link's field."""
    words = request.GET.get("q", "").strip().lstrip("#").upper()[:40]
    beginning = at_desk(who(request)).order_by("-id")
    if words:
        found = beginning.filter(reference__startswith=words)
    else:
        known = beginning.filter(pk=_number(request, "for")).first()
        found = beginning.of_same_person(known).exclude(pk=known.pk) if known else beginning.none()
    return render(request, "triage/desk/references.html", {"tickets": found[:FOUND]})


@require_GET
def find(request: HttpRequest) -> JsonResponse:
    """What the command palette finds: tickets by the beginning of their reference or address, and people."""
    words = request.GET.get("q", "").strip()[:100]
    if len(words) < 2:
        return JsonResponse({"found": []})
    seen = at_desk(who(request))
    tickets = seen.filter(reference__startswith=words.lstrip("#").upper()).order_by("-id")[:FOUND]
    found = [
        {
            "title": f"{one.reference} {one.subject}",
            "url": reverse("admin:tickets_ticket_change", args=[one.pk]),
        }
        for one in tickets
    ]
    people = User.objects.filter(email__startswith=words.lower()).order_by("email")[:FOUND]
    search = reverse("admin:tickets_ticket_changelist")
    found += [
        {"title": f"{one} ({Role(one.role).label.lower()})", "url": f"{search}?q={one.email}"}
        for one in people
    ]
    return JsonResponse({"found": found[:FOUND]})
