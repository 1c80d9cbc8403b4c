"""The page of one ticket: every step an agent can take, each one POST that calls the domain's own method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse

from accounts.models import User
from tickets.errors import TicketError
from tickets.models import Closure, Ticket
from triage.desk.desk import Desk, Unread, open_desk, send_reply, settle
from triage.desk.forms import AssignForm, CorrectForm, NoteForm, ReplyForm, ResolveForm, UrgencyForm
from triage.desk.wording import MARKED_SPAM
from triage.models import Decision, Intent

INTENTS_OFFERED = 500


class Refused(Exception):
    """The form that was sent is not valid; it goes back to the page with its errors and what was typed."""


@dataclass
class Step:
    """One POST of an agent: who, on which ticket, and the forms that go back to the page if it is refused."""

    request: HttpRequest
    ticket: Ticket
    forms: dict[str, Form]

    @property
    def agent(self) -> User:
        return cast(User, self.request.user)

    def valid(self, name: str, form: Form) -> dict[str, Any]:
        self.forms[name] = form
        if not form.is_valid():
            raise Refused
        return form.cleaned_data


def desk_view(model_admin: admin.ModelAdmin[Ticket], request: HttpRequest, object_id: str) -> HttpResponse:
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    ticket = load_ticket(object_id)
    if request.method == "POST":
        return take_step(request, ticket)
    desk = open_desk(ticket, whole="all" in request.GET)
    return show(
        request, desk, {"reply": ReplyForm(initial={"body": prefilled(request, desk), "seen": desk.seen})}
    )


def load_ticket(object_id: str) -> Ticket:
    ticket = Ticket.objects.select_related("requester", "assignee", "follow_up_of")
    found = ticket.filter(pk=object_id).first() if object_id.isdecimal() else None
    if found is None:
        raise Http404("No such ticket.")
    return found


def prefilled(request: HttpRequest, desk: Desk) -> str:
    """The text that a link without JavaScript puts into the reply box."""
    if request.GET.get("insert") == "suggestion":
        return desk.suggestion
    chosen = request.GET.get("use", "")
    return next((found.reply for found in desk.neighbours if str(found.ticket.pk) == chosen), "")


def take_step(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    act = STEPS.get(request.POST.get("step", ""))
    if act is None:
        messages.error(request, "Choose what to do.")
        return to_desk(request, ticket)
    step = Step(request, ticket, {})
    try:
        done = act(step)
    except Refused:
        return show(request, open_desk(load_ticket(str(ticket.pk))), step.forms, status=400)
    except TicketError as error:
        return show_conflict(step, error)
    messages.success(request, done)
    return to_desk(request, ticket)


def show_conflict(step: Step, error: TicketError) -> HttpResponse:
    """Somebody was faster: say so, show the ticket as it is now and keep what was typed."""
    desk = open_desk(load_ticket(str(step.ticket.pk)))
    newer = error.newer if isinstance(error, Unread) else ()
    forms = {name: with_seen(form, desk.seen) for name, form in step.forms.items()}
    return show(step.request, desk, forms, status=409, conflict=str(error), newer=[one.pk for one in newer])


def with_seen(form: Form, seen: int) -> Form:
    """The same text in a form that knows of the messages shown now."""
    if "seen" in form.fields:
        data = cast(QueryDict, form.data).copy()
        data[form.add_prefix("seen")] = str(seen)
        form.data = data
    return form


def to_desk(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:tickets_ticket_change", args=[ticket.pk]))


def show(
    request: HttpRequest, desk: Desk, forms: dict[str, Form], *, status: int = 200, **extra: Any
) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": f"Ticket {desk.ticket.reference}",
        "desk": desk,
        "ticket": desk.ticket,
        "decision": desk.decision,
        "reply_form": forms.get("reply") or ReplyForm(initial={"seen": desk.seen}),
        "note_form": forms.get("note") or NoteForm(),
        "assign_form": forms.get("assign") or AssignForm(initial={"assignee": desk.ticket.assignee_id}),
        "urgency_form": UrgencyForm(initial={"urgency": desk.ticket.urgency}),
        "correct_form": forms.get("correct") or CorrectForm(),
        "writing_note": "note" in forms,
        "intents": list(Intent.objects.order_by("title").values_list("slug", "title")[:INTENTS_OFFERED]),
        **extra,
    }
    return render(request, "triage/desk.html", context, status=status)


# --- steps: each returns what to tell the agent ---------------------------------------------------------


def reply(step: Step, *, resolve: bool = False) -> str:
    cleaned = step.valid("reply", ReplyForm(step.request.POST, step.request.FILES))
    send_reply(
        step.ticket,
        author=step.agent,
        body=cleaned["body"],
        seen=cleaned["seen"],
        files=cleaned["files"],
        resolve=resolve,
    )
    return (
        "The reply is sent and the ticket is resolved."
        if resolve
        else "The reply is sent; the customer is asked."
    )


def reply_and_resolve(step: Step) -> str:
    return reply(step, resolve=True)


def note(step: Step) -> str:
    cleaned = step.valid("note", NoteForm(step.request.POST))
    step.ticket.note(cleaned["body"], author=step.agent)
    return "The note is saved. Only agents see it."


def take(step: Step) -> str:
    step.ticket.assign(step.agent, actor=step.agent)
    return "The ticket is yours."


def assign(step: Step) -> str:
    assignee = step.valid("assign", AssignForm(step.request.POST))["assignee"]
    step.ticket.assign(assignee, actor=step.agent)
    return f"Assigned to {assignee}." if assignee else "The ticket is back in the queue."


def prioritise(step: Step) -> str:
    urgency = step.valid("urgency", UrgencyForm(step.request.POST))["urgency"]
    step.ticket.prioritise(urgency, actor=step.agent)
    return f"The urgency is now “{urgency.label.lower()}”."


def spam(step: Step) -> str:
    step.ticket.quarantine(MARKED_SPAM, step.agent)
    return "The ticket is in quarantine."


def not_spam(step: Step) -> str:
    step.ticket.release(step.agent)
    return "The ticket is in the queue."


def correct(step: Step) -> str:
    intent = step.valid("correct", CorrectForm(step.request.POST))["intent"]
    return _correct(step, intent)


def none_of_ours(step: Step) -> str:
    return _correct(step, None)


def _correct(step: Step, intent: Intent | None) -> str:
    decision: Decision | None = step.ticket.decisions.first()
    if decision is None:
        raise TicketError("This ticket was never triaged: there is no intent to correct.")
    decision.correct(intent, by=step.agent)
    told = f"“{intent}”" if intent else "“none of ours”"
    return f"The intent is now {told}. The next training learns from it."


def resolve(step: Step) -> str:
    seen = step.valid("resolve", ResolveForm(step.request.POST))["seen"]
    settle(step.ticket, agent=step.agent, seen=seen or 0)
    return "The ticket is resolved."


def reopen(step: Step) -> str:
    step.ticket.reopen(actor=step.agent)
    return "The ticket is open again and in the queue."


def recall(step: Step) -> str:
    step.ticket.escalate("recalled", actor=step.agent)
    return "The automatic answer is taken back: a person answers now."


def close(step: Step) -> str:
    step.ticket.close(Closure.AGENT, actor=step.agent)
    return "The ticket is closed."


STEPS: dict[str, Callable[[Step], str]] = {
    step.__name__: step
    for step in (
        reply, reply_and_resolve, note, take, assign, prioritise, spam, not_spam, correct, none_of_ours, resolve, reopen,
        recall, close,
    )
}  # fmt: skip
