"""The customer's pages. A view guards, loads, checks a form, calls the model, and redirects or renders."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.core.cache import cache
from django.forms import model_to_dict
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.limits.spending import LimitReached, spend
from accounts.models import User
from tickets.access import (
    in_browser,
    linked_ticket,
    open_to_guest,
    own_ticket,
    own_tickets,
    person,
    visible_attachment,
    visible_ticket,
)
from tickets.errors import AttachmentRefused, InvalidTransition, TicketError
from tickets.intake.attachments import pay_for_files
from tickets.intake.once import submit_once
from tickets.intake.replies import send_reply
from tickets.intake.submit import Submission
from tickets.mail import guest_links, notices
from tickets.models import OPEN_TO_REQUESTER, Closure, Feedback, Message, Status, Ticket, TicketQuerySet
from tickets.search.find import narrow, time_limit
from tickets.web import wording
from tickets.web.downloads import as_download
from tickets.web.forms import (
    CountedForm,
    FeedbackForm,
    FollowUpForm,
    GuestTicketForm,
    NewTicketForm,
    ReplyForm,
    TicketFilterForm,
)

PAGE_SIZE = 20
RECENT = 3
RENEW_PAUSE_SECONDS = 60
ASKABLE = {Status.OPEN, Status.AUTO_RESOLVED, Status.PENDING, Status.RESOLVED}
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


# --- Home and lists ---------------------------------------------------------------------------------


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html", {"recent": recent_tickets(request)})


def recent_tickets(request: HttpRequest) -> list[Ticket]:
    """The newest of a person's own, or of those that this guest's browser may see."""
    return list(own_tickets(in_browser(request))[:RECENT])


@require_GET
@login_required
@never_cache
def tickets(request: HttpRequest) -> HttpResponse:
    own = own_tickets(in_browser(request))
    form = TicketFilterForm(request.GET)
    show, wanted = form.chosen()
    found, refused = own.matching(wanted), ""
    try:
        with time_limit():
            found = narrow(found, form.words, in_browser(request), staff=False)
            page = keyset_page(own, found, request.GET.get("before", ""), PAGE_SIZE)
    except TicketError as error:
        page, refused = keyset_page(own, own.none(), "", PAGE_SIZE), str(error)
    context = {
        "form": form,
        "show": show,
        "words": form.words,
        "refused": refused,
        "groups": [(key, label) for key, (label, _) in TicketFilterForm.SHOW.items()],
        **page,
    }
    return render(request, "tickets/list.html", context)


def keyset_page(own: TicketQuerySet, found: TicketQuerySet, before: str, size: int) -> dict[str, Any]:
    """The rows older than the ticket named ``before``, and the name to go on from if there are more."""
    start = own.filter(reference=before).values_list("pk", flat=True).first() if before else None
    if start is not None:
        found = found.filter(pk__lt=start)
    rows = list(found[: size + 1])
    return {
        "tickets": rows[:size],
        "older": rows[size - 1].reference if len(rows) > size else "",
        "is_first_page": start is None,
    }


# --- Submitting -------------------------------------------------------------------------------------


@get_or_post
def new_ticket(request: HttpRequest) -> HttpResponse:
    return submission_page(request)


@get_or_post
def follow_up(request: HttpRequest, reference: str) -> HttpResponse:
    """A closed ticket goes on as a new one that is linked to it."""
    earlier = own_ticket(in_browser(request), reference)
    if earlier.state is not Status.CLOSED:
        return redirect(earlier)
    return submission_page(request, follow_up_of=earlier)


def submission_page(request: HttpRequest, follow_up_of: Ticket | None = None) -> HttpResponse:
    form_class: Callable[..., NewTicketForm] = NewTicketForm if person(request) else GuestTicketForm
    if follow_up_of:
        form_class = partial(FollowUpForm, follow_up_of)
    sent = request.method == "POST" and "draft" not in request.POST  # a draft comes from the home page
    initial = {"body": request.POST.get("body", ""), "subject": follow_up_of.subject if follow_up_of else ""}
    form = form_class(request.POST, request.FILES) if sent else form_class(initial=initial)
    if sent and form.is_valid() and let_through(request, form, follow_up_of):
        ticket, _ = submit_once(submission(person(request), form, follow_up_of))
        open_to_guest(request, ticket)
        return redirect(f"{ticket.get_absolute_url()}#latest")
    context = {"form": form, "follow_up_of": follow_up_of}
    return refused_or_shown(request, "tickets/new.html", context, form, sent=sent)


def let_through(request: HttpRequest, form: NewTicketForm, follow_up_of: Ticket | None) -> bool:
    """Count a new ticket against the sender's limits; False, with the reason in the form, where one is reached.

    A guest's ticket sends mail to an address that anybody may write there: the mailbox has a limit of its own.
    """
    email = follow_up_of.requester_email if follow_up_of else form.cleaned_data.get("email", "")
    guests = (follow_up_of.requester if follow_up_of else person(request)) is None
    try:
        spend(request, "guest_ticket" if guests else "submit", mailbox=email if guests else "")
        pay_for_files(request, form.cleaned_data["attachments"])
    except (LimitReached, AttachmentRefused) as refusal:
        form.refuse(refusal)
        return False
    return True


def refused_or_shown(
    request: HttpRequest, template: str, context: dict[str, Any], form: CountedForm, *, sent: bool
) -> HttpResponse:
    """The page with its form: what was typed stays there, whatever it was refused for."""
    wait = form.wait
    page = render(request, template, context, status=429 if wait else 422 if sent else 200)
    if wait:
        page["Retry-After"] = str(wait)
    return page


def submission(user: User | None, form: NewTicketForm, follow_up_of: Ticket | None) -> Submission:
    """Who asks for what. A follow-up belongs to whom the earlier ticket belongs to."""
    answers = form.cleaned_data
    requester = follow_up_of.requester if follow_up_of else user
    email = follow_up_of.requester_email if follow_up_of else answers.get("email", "")
    return Submission(
        subject=answers["subject"],
        body=answers["body"],
        requester=requester,
        guest_email=email,
        guest_name=follow_up_of.requester_name if follow_up_of else answers.get("name", ""),
        human_requested=answers["human_requested"],
        files=answers["attachments"],
        follow_up_of=follow_up_of,
        external_id=form.once_key(str(requester.pk) if requester else email),
    )


# --- One ticket -------------------------------------------------------------------------------------


@require_GET
@never_cache
def ticket(request: HttpRequest, reference: str) -> HttpResponse:
    return ticket_page(request, visible_ticket(in_browser(request), reference))


def ticket_page(request: HttpRequest, ticket: Ticket, **forms: Any) -> HttpResponse:
    conversation = ticket.messages.filter(kind=Message.Kind.REPLY)
    said = Feedback.objects.filter(ticket=ticket).first()
    context = {
        "ticket": ticket,
        "conversation": conversation.select_related("author").prefetch_related("attachments"),
        "follow_ups": ticket.follow_ups.filter(requester=ticket.requester_id),
        "for_desk": not in_browser(request).owns(ticket),
        "promise": wording.promise(ticket) if ticket.state is Status.ESCALATED else None,
        "reads_long": wording.reads_long(ticket),
        "may_reply": ticket.state in OPEN_TO_REQUESTER,
        "may_ask": ticket.state in ASKABLE and not ticket.human_requested,
        "feedback": said,
        "closed_by_reply": ticket.closure == Closure.CONFIRMED and not (said and said.solved),
        "feedback_form": FeedbackForm(initial=model_to_dict(said) if said else None),
        "reply_form": ReplyForm(),
        **forms,
    }
    return refused_or_shown(request, "tickets/ticket.html", context, context["reply_form"], sent=bool(forms))


@require_POST
def reply(request: HttpRequest, reference: str) -> HttpResponse:
    ticket = own_ticket(in_browser(request), reference)
    form = ReplyForm(request.POST, request.FILES)
    if not form.is_valid():
        return ticket_page(request, ticket, reply_form=form)
    try:
        spend(request, "message")
        pay_for_files(request, form.cleaned_data["attachments"])
        send_reply(ticket, person(request), form.cleaned_data["body"], form.cleaned_data["attachments"])
    except (LimitReached, AttachmentRefused) as refusal:
        form.refuse(refusal)
        return ticket_page(request, ticket, reply_form=form)
    except InvalidTransition:
        form.add_error(None, "This ticket was closed in the meantime. Copy your text into a follow-up.")
        return ticket_page(request, ticket, reply_form=form)
    return redirect(f"{ticket.get_absolute_url()}#latest")


@require_POST
def ask_for_person(request: HttpRequest, reference: str) -> HttpResponse:
    ticket = own_ticket(in_browser(request), reference)
    try:
        ticket.request_person(actor=person(request))
    except InvalidTransition:
        messages.error(request, "This ticket is closed. Open a follow-up and a person will answer it.")
    return redirect(f"{ticket.get_absolute_url()}#outcome")


@require_POST
def feedback(request: HttpRequest, reference: str) -> HttpResponse:
    ticket = own_ticket(in_browser(request), reference)
    form = FeedbackForm(request.POST)
    if not form.is_valid():
        return ticket_page(request, ticket, feedback_form=form)
    try:
        ticket.record_feedback(actor=person(request), **form.cleaned_data)
    except InvalidTransition:
        messages.error(request, "There is no answer to rate yet.")
    else:
        if form.cleaned_data["solved"] is None:
            messages.success(request, "Thank you. We read every word of it.")
    return redirect(f"{ticket.get_absolute_url()}#outcome")


@require_GET
def attachment(request: HttpRequest, token: uuid.UUID) -> FileResponse:
    return as_download(visible_attachment(in_browser(request), str(token)))


# --- Guests' links ----------------------------------------------------------------------------------


@require_GET
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
        return redirect(f"{reverse('account_login')}?next={ticket.get_absolute_url()}")
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
