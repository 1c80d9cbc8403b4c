"""One ticket: its page, kept up to date while it is open, and what its requester does on it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Max, QuerySet
from django.forms import model_to_dict
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.limits.spending import LimitReached, spend
from tickets.access import goes_on_in, in_browser, own_ticket, person, visible_ticket
from tickets.errors import InvalidTransition
from tickets.intake.replies import send_reply
from tickets.intake.submit import one_line
from tickets.models import OPEN_TO_REQUESTER, Closure, Feedback, Message, Status, Ticket
from tickets.web import wording
from tickets.web.files import taken
from tickets.web.forms import FeedbackForm, ReplyForm
from tickets.web.held import QUERY, first_values, held, hold, login_if_unknown, release
from tickets.words import languages

ASKABLE = {Status.OPEN, Status.AUTO_RESOLVED, Status.PENDING, Status.RESOLVED}


@require_safe
@never_cache
@login_if_unknown()
def ticket(request: HttpRequest, reference: str) -> HttpResponse:
    found = visible_ticket(in_browser(request), reference)
    kept = held(request)
    form = (
        ReplyForm(initial=first_values(kept), taken=taken(request, kept.get("staged", []))) if kept else None
    )
    return ticket_page(request, found, reply_form=form)


def ticket_page(
    request: HttpRequest,
    ticket: Ticket,
    *,
    status: int = 200,
    reply_form: ReplyForm | None = None,
    feedback_form: FeedbackForm | None = None,
    is_poll: bool = False,
) -> HttpResponse:
    """The whole page. A poll leaves what is to be said of a step to the page that follows the step."""
    languages.use_for(request, ticket)
    viewer = in_browser(request)
    conversation = readable_public(ticket)
    said: Feedback | None = getattr(ticket, "feedback", None)
    for_desk = not viewer.owns(ticket)
    said_in = list(conversation.select_related("author").prefetch_related("attachments__recording"))
    if not for_desk:
        ticket.mark_seen(said_in[-1].created_at if said_in else ticket.created_at)
    context: dict[str, Any] = {
        "ticket": ticket,
        "conversation": said_in,
        "copies": list(ticket.copies.order_by("pk")) if not for_desk else [],
        "goes_on_in": goes_on_in(viewer, ticket),
        "follow_ups": ticket.follow_ups.filter(requester=ticket.requester_id),
        "for_desk": for_desk,
        "promise": wording.promise(ticket) if ticket.state is Status.ESCALATED else None,
        "reads_long": wording.reads_long(ticket),
        "may_reply": ticket.state in OPEN_TO_REQUESTER,
        "may_ask": ticket.state in ASKABLE and not ticket.human_requested and not _has_person(said_in),
        "may_settle": ticket.state in {Status.ESCALATED, Status.PENDING},
        "feedback": said,
        "closed_by_reply": ticket.closure == Closure.CONFIRMED
        and said_in[-1:]
        and _is_last_word(ticket, said_in),
        "feedback_form": feedback_form or FeedbackForm(initial=model_to_dict(said) if said else None),
        "reply_form": reply_form or ReplyForm(),
        "subject_repeats": bool(said_in) and one_line(said_in[0].body).startswith(ticket.subject.rstrip("…")),
        "version": version(ticket, said_in[-1].pk if said_in else None),
    }
    if is_poll:
        context["messages"] = []
    page = render(request, "tickets/ticket.html", context, status=status)
    if reply_form and reply_form.wait:
        page["Retry-After"] = str(reply_form.wait)
    return page


def readable_public(ticket: Ticket) -> QuerySet[Message]:
    """What the page shows: never the team's notes."""
    return ticket.conversation.filter(kind=Message.Kind.REPLY)


def _has_person(conversation: list[Message]) -> bool:
    """Whether somebody of the team has written: then nobody needs to ask for a person."""
    return any(message.sender == Message.Sender.AGENT for message in conversation)


def _is_last_word(ticket: Ticket, conversation: list[Message]) -> bool:
    """Whether the requester's last message closed the ticket, rather than a button."""
    last = conversation[-1]
    closed = ticket.closed_at
    is_theirs = last.sender == Message.Sender.REQUESTER
    return is_theirs and closed is not None and abs((closed - last.created_at).total_seconds()) < 1


# --- Keeping the page up to date ----------------------------------------------------------------------


def version(ticket: Ticket, latest: int | None) -> str:
    """A short name for all that the page shows of the ticket up to its ``latest`` message; another name, another page."""
    parts = (
        ticket.pk,
        ticket.status,
        ticket.assignee_id,
        ticket.updated_at,
        latest,
        translation.get_language(),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]


@require_safe
@never_cache
def live(request: HttpRequest, reference: str) -> HttpResponse:
    """The page if it has changed since the ``If-None-Match`` of the request, else 304 without a body; two queries.

    401 where the ticket is not to be seen (any more): the open page then offers to log in.
    """
    try:
        found = visible_ticket(in_browser(request), reference)
    except Http404:
        if person(request) is None:
            return HttpResponse(status=401)
        raise
    languages.use_for(request, found)
    latest = readable_public(found).aggregate(latest=Max("pk"))["latest"]
    tag = f'"{version(found, latest)}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    page = ticket_page(request, found, is_poll=True)
    page["ETag"] = tag
    return page


# --- What its requester does --------------------------------------------------------------------------


@require_POST
@login_if_unknown("ticket")
def reply(request: HttpRequest, reference: str) -> HttpResponse:
    ticket = own_ticket(in_browser(request), reference)
    came = taken(request)
    form = ReplyForm(request.POST, taken=came)
    if not form.is_valid():
        return ticket_page(request, ticket, reply_form=form, status=422)
    try:
        spend(request, "message")
        send_reply(
            ticket,
            person(request),
            form.cleaned_data["body"],
            uploaded=form.cleaned_data["attachments"],
            external_id=form.key(ticket),
        )
    except LimitReached as refusal:
        form.refuse(refusal)
        return ticket_page(request, ticket, reply_form=form, status=429)
    except InvalidTransition:
        return to_follow_up(request, ticket)
    release(request)
    languages.use_for(request, ticket)
    messages.success(request, _("Your message has been sent."), extra_tags=f"sent reply:{ticket.reference}")
    return redirect(f"{ticket.get_absolute_url()}#latest")


def to_follow_up(request: HttpRequest, ticket: Ticket) -> HttpResponse:
    """The ticket was closed meanwhile: what was written goes on as a follow-up, one click away."""
    messages.info(
        request, _("This ticket has been closed in the meantime. Send your message as a follow-up instead.")
    )
    return redirect(f"{reverse('ticket-follow-up', args=[ticket.reference])}?{QUERY}={hold(request)}")


def _take(
    request: HttpRequest, ticket: Ticket, step: Callable[..., object], too_late: str = ""
) -> HttpResponse:
    """Let the requester take a ``step`` of the ticket; where it refuses, that is said in the words of ``too_late``."""
    try:
        step(actor=person(request))
    except InvalidTransition:
        if too_late:
            messages.info(request, too_late)
    return redirect(f"{ticket.get_absolute_url()}#outcome")


@require_POST
@login_if_unknown("ticket")
def ask_for_person(request: HttpRequest, reference: str) -> HttpResponse:
    ticket = own_ticket(in_browser(request), reference)
    too_late = _("This ticket is closed. Write a follow-up and a person will answer it.")
    return _take(request, ticket, ticket.request_person, too_late)


@require_POST
@login_if_unknown("ticket")
def feedback(request: HttpRequest, reference: str) -> HttpResponse:
    ticket = own_ticket(in_browser(request), reference)
    form = FeedbackForm(request.POST)
    if not form.is_valid():
        return ticket_page(request, ticket, feedback_form=form, status=422)
    said = form.cleaned_data
    try:
        ticket.record_feedback(actor=person(request), **said)
    except InvalidTransition:
        messages.info(request, _("There’s no answer to rate yet."))
    else:
        if said["solved"] is None:
            thanks = (
                _("Thank you. We read every comment.") if said["comment"] else _("Thank you for your rating.")
            )
            messages.success(request, thanks, extra_tags=f"sent rating:{ticket.reference}")
    return redirect(f"{ticket.get_absolute_url()}#outcome")


@require_POST
@login_if_unknown("ticket")
def settle(request: HttpRequest, reference: str) -> HttpResponse:
    """The requester needs no answer any more. Nothing is said where it is closed already: that's what they wanted."""
    ticket = own_ticket(in_browser(request), reference)
    return _take(request, ticket, ticket.settle)


@require_POST
@login_if_unknown("ticket")
def undo(request: HttpRequest, reference: str) -> HttpResponse:
    """Takes back that it is solved, for a while."""
    ticket = own_ticket(in_browser(request), reference)
    too_late = _("This can’t be undone any more. Write a follow-up if you still need help.")
    return _take(request, ticket, ticket.undo_confirmation, too_late)
