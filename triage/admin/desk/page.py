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
from tickets.fields.filling import Filled
from tickets.models import Ticket
from tickets.service.due import owed
from tickets.teams.sight import teams_for
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
    agent, refused = who(request), forms or {}
    if agent.is_agent:
        expired.give_back(request, agent)
    desk = open_desk(ticket, agent, whole="all" in request.GET)
    context = {
        **_ticket(desk),
        **_writer(request, desk, refused),
        **_people(desk, agent),
        **_work(desk),
        **facts,
    }
    return show(
        request,
        "triage/desk/ticket.html",
        ticket.subject,
        status=status,
        on_their_way=desk.glance.leaving,
        **context,
    )


def _ticket(desk: Desk) -> dict[str, Any]:
    """The ticket, what was decided of it, what is owed, and the tickets around it."""
    ticket, around, due_at = desk.ticket, desk.around, due(desk.ticket)
    return {
        "desk": desk,
        "ticket": ticket,
        "ticket_id": ticket.pk,
        "decision": desk.decision,
        "intents": desk.glance.titles,
        "around": around,
        "linked": around.linked,
        "merged_here": around.merged,
        "together_count": len(around.linked) + ticket.merged_in,
        "due_at": due_at,
        "is_late": due_at is not None and due_at <= timezone.now(),
        "owed": owed(ticket),
    }


def _writer(request: HttpRequest, desk: Desk, refused: Mapping[str, Form]) -> dict[str, Any]:
    """What is typed, or was refused, and what can be put into it."""
    glance, agent = desk.glance, who(request)
    draft = glance.draft or Draft()
    typed, drafting = Typed(draft, request), limits.is_on()
    return {
        "draft": draft,
        "files": glance.files,
        "note_files": glance.note_files,
        "files_field": FilesForm()["files"],
        "reply": typed.reply(desk),
        "note": typed.note,
        "writing_note": "note" in refused or (bool(draft.note) and not draft.reply),
        "intent": typed.intent,
        "candidates": getattr(refused.get("correct"), "candidates", ()),
        "filled": [(one, typed.field(one)) for one in glance.filled],
        "errors": {name: form.errors for name, form in refused.items() if form.errors},
        "signature": signature_of(agent),
        "page_name": request.POST.get("reply-page") or uuid.uuid4(),
        "drafting": drafting,
        "written": shown.shown(desk.ticket, agent) if drafting else (),
    }


def _people(desk: Desk, agent: User) -> dict[str, Any]:
    """Who hears of the ticket, and who can have it."""
    glance = desk.glance
    return {
        "copies": glance.copies,
        "followers": glance.followers,
        "is_following": agent in glance.followers,
        "told_count": len(glance.followers) + len(glance.copies),
        "mention": glance.mention,
        "staff": glance.staff,
        "away": glance.away,
        "teams": teams_for(agent),
    }


def _work(desk: Desk) -> dict[str, Any]:
    """What else can be done."""
    return {
        "tags": desk.glance.tags,
        "urgency_form": UrgencyForm(initial={"urgency": desk.ticket.urgency}),
        "moments": snoozing.moments(),
    }


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
            wanted = next(
                (found.reply for found in desk.around.neighbours if str(found.ticket.pk) == chosen), ""
            )
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
