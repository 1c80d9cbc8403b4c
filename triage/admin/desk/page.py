"""The page of one ticket, as it is shown."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.signatures import signature_of
from tickets.access import at_desk
from tickets.desk import rounds, snoozing
from tickets.desk.models import Draft
from tickets.fields.filling import Filled, filled
from tickets.following.followers import mention_of
from tickets.links.linking import links_of
from tickets.models import Ticket
from tickets.service.due import owed
from tickets.tags.tagging import tags_of
from tickets.teams.attendance import away_now
from tickets.teams.sight import teams_for, who_may_see
from triage.admin.desk import expired
from triage.admin.desk.shell import show, who
from triage.desk.desk import Desk, open_desk
from triage.desk.forms import FilesForm, UrgencyForm
from triage.desk.queue import due
from triage.drafts import limits, shown


def load_ticket(agent: User, object_id: str) -> Ticket:
    """The ticket, if this agent may see it at the desk."""
    people = ("requester", "assignee", "follow_up_of", "snooze__by", "service_clock", "merged_into", "team")
    ticket = at_desk(agent).select_related(*people)
    found = ticket.filter(pk=object_id).first() if object_id.isdecimal() and len(object_id) < 19 else None
    if found is None:
        raise Http404("No such ticket.")
    return found


def to_desk(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:tickets_ticket_change", args=[ticket.pk]))


def lead_on(request: HttpRequest, after: int | None) -> HttpResponse:
    """To the next ticket of the agent's round, or to its end."""
    turn = rounds.next_turn(who(request), after=after)
    return to_desk(request, turn.ticket) if turn.ticket is not None else redirect("desk-all-seen")


def show_desk(
    request: HttpRequest,
    ticket: Ticket,
    forms: Mapping[str, Form] | None = None,
    *,
    status: int = 200,
    **facts: Any,
) -> HttpResponse:
    """The page, with the forms that were refused; all others show what the draft keeps."""
    if who(request).is_agent:
        expired.give_back(request, who(request))
    desk = open_desk(ticket, who(request), whole="all" in request.GET)
    refused = forms or {}
    draft = desk.draft or Draft()
    due_at = due(ticket)
    typed = Typed(draft, request)
    files = list(draft.files.all()) if draft.pk else []
    context = {
        "desk": desk,
        "ticket": ticket,
        "decision": desk.decision,
        "intents": desk.titles,
        "draft": draft,
        "files": [one for one in files if not one.for_note],
        "note_files": [one for one in files if one.for_note],
        "copies": (copies := list(ticket.copies.order_by("pk"))),
        "followers": (
            following := [row.agent for row in ticket.followers.select_related("agent").order_by("pk")]
        ),
        "is_following": who(request) in following,
        "told_count": len(following) + len(copies),
        "mention": mention_of(ticket, who(request)),
        "ticket_id": ticket.pk,
        "reply": typed.reply(desk),
        "note": typed.note,
        "signature": signature_of(who(request)),
        "intent": typed.intent,
        "page_name": request.POST.get("reply-page") or uuid.uuid4(),
        "errors": {name: form.errors for name, form in refused.items() if form.errors},
        "candidates": getattr(refused.get("correct"), "candidates", ()),
        "staff": who_may_see(User.objects.staff().order_by("name", "email"), ticket.team),
        "away": away_now(),
        "teams": teams_for(who(request)),
        "files_field": FilesForm()["files"],
        "urgency_form": UrgencyForm(initial={"urgency": ticket.urgency}),
        "moments": snoozing.moments(),
        "linked": (linked := links_of(ticket, seen_by=who(request))),
        "merged_here": list(ticket.merged.order_by("-id")) if ticket.merged_in else [],
        "together_count": len(linked) + ticket.merged_in,
        "filled": [(one, typed.field(one)) for one in filled(ticket)],
        "tags": tags_of([ticket.pk]).get(ticket.pk, ()),
        "writing_note": "note" in refused or (bool(draft.note) and not draft.reply),
        "drafting": (drafting := limits.is_on()),
        "written": shown.shown(ticket, who(request)) if drafting else (),
        "due_at": due_at,
        "owed": owed(ticket),
        "is_late": due_at is not None and due_at <= timezone.now(),
        **facts,
    }
    return show(request, "triage/desk/ticket.html", ticket.subject, status=status, **context)


class Typed:
    """What stands in the page's fields: what was just sent, else the draft."""

    def __init__(self, draft: Draft, request: HttpRequest) -> None:
        self._draft, self._request = draft, request

    def reply(self, desk: Desk) -> str:
        """With the text that a link without JavaScript puts into the box, once."""
        text = self._sent("reply-body", self._draft.reply)
        wanted, insert = "", self._request.GET.get("insert", "")
        if insert == "suggestion" and desk.suggestion is not None:
            wanted = desk.suggestion.text
        elif insert == "translation":
            return shown.text_of(desk.ticket, who(self._request), insert) or text
        elif insert == "reply":
            wanted = shown.text_of(desk.ticket, who(self._request), insert)
        elif chosen := self._request.GET.get("use", ""):
            wanted = next((found.reply for found in desk.neighbours if str(found.ticket.pk) == chosen), "")
        if not wanted or wanted in text:
            return text
        return f"{text.rstrip()}\n\n{wanted}" if text.strip() else wanted

    @property
    def note(self) -> str:
        return self._sent("note-body", self._draft.note)

    @property
    def intent(self) -> str:
        return self._sent("intent", self._draft.intent)

    def field(self, one: Filled) -> str:
        """After a refusal what was typed, so that it can be mended."""
        return self._sent(f"field-{one.field.pk}", one.text)

    def _sent(self, name: str, kept: str) -> str:
        """After a refusal the post is what the agent has before them; a step that went through redirects."""
        return self._request.POST.get(name, kept)
