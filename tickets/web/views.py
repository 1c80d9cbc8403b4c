"""The customer's pages. A view guards, loads, checks a form, calls the model, and redirects or renders."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.limits.spending import LimitReached, spend
from accounts.models import User
from tickets.access import (
    in_browser,
    open_to_guest,
    own_ticket,
    own_tickets,
    person,
    sends_as_guest,
    sent_here,
)
from tickets.errors import TicketError
from tickets.intake.once import submit_once
from tickets.intake.submit import Submission
from tickets.models import Status, Ticket, TicketQuerySet
from tickets.search.find import narrow, time_limit
from tickets.web.files import Taken, taken
from tickets.web.forms import UNREAD, FollowUpForm, GuestTicketForm, NewTicketForm, TicketFilterForm
from tickets.web.held import first_values, held, login_if_unknown, release, shown_again, to_login

PAGE_SIZE = 20
RECENT = 3
QUESTION_CHARS = 500  # of a search that is carried into the form
#: Sent with the request and the ticket when a form was taken; what else stood on its page may want to know.
form_sent = Signal()
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


# --- Home and lists ---------------------------------------------------------------------------------


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    context = {"recent": recent_tickets(request), "form": NewTicketForm() if person(request) else None}
    return render(request, "home.html", context)


def recent_tickets(request: HttpRequest) -> list[Ticket]:
    """The latest of a person's own, or of those that a guest has sent from this browser."""
    own = own_tickets(in_browser(request)) if person(request) else sent_here(request)
    return list(own.with_unread().latest_first()[:RECENT])


@require_safe
@login_required
@never_cache
def tickets(request: HttpRequest) -> HttpResponse:
    own = own_tickets(in_browser(request))
    form = TicketFilterForm(request.GET)
    show, wanted = form.chosen()
    found, refused = own.matching(wanted), ""
    if show == UNREAD:
        found = found.unread()
    try:
        with time_limit() if form.words else nullcontext():
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
    """The rows that moved before the ticket named ``before`` did, and the name to go on from if there are more."""
    start = own.filter(reference=before).values_list("updated_at", "pk").first() if before else None
    if start is not None:
        at, pk = start
        found = found.moved_before(at, pk)
    rows = list(found.with_unread().latest_first()[: size + 1])
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
@login_if_unknown()
def follow_up(request: HttpRequest, reference: str) -> HttpResponse:
    """A closed ticket goes on as a new one that is linked to it."""
    earlier = own_ticket(in_browser(request), reference)
    if earlier.state is not Status.CLOSED or earlier.merged_into_id is not None:
        return redirect(earlier)
    return submission_page(request, follow_up_of=earlier)


def submission_page(request: HttpRequest, follow_up_of: Ticket | None = None) -> HttpResponse:
    """The form, empty, with what waited behind a login, or with what is wrong; or on to the new ticket."""
    if request.method == "POST" and (
        "login" in request.POST or ("signed_in" in request.POST and not person(request))
    ):
        return to_login(request, request.path)
    form_class: Callable[..., NewTicketForm] = NewTicketForm if person(request) else GuestTicketForm
    if follow_up_of:
        form_class = partial(FollowUpForm, follow_up_of)
    sent = request.method == "POST" and "draft" not in request.POST  # a draft comes from the home page
    if sent:
        form = form_class(request.POST, taken=taken(request))
    else:
        form = form_class(**waiting(request, follow_up_of))
    if sent and form.is_valid() and let_through(request, form, follow_up_of):
        wish = submission(person(request), form, follow_up_of)
        ticket, is_new = submit_once(wish)
        if is_new or ticket.external_id == wish.external_id:  # the same words alone prove nothing
            open_to_guest(request, ticket, sent=True)
        release(request)
        form_sent.send(sender=None, request=request, ticket=ticket)
        messages.success(request, _("Your message has been sent."), extra_tags="sent new")
        return redirect(f"{ticket.get_absolute_url()}#latest")
    context = {"form": form, "follow_up_of": follow_up_of}
    return shown_again(request, "tickets/new.html", context, form, sent=sent)


def let_through(request: HttpRequest, form: NewTicketForm, follow_up_of: Ticket | None) -> bool:
    """Count a new ticket against the sender's limits; False, with the reason in the form, where one is reached.

    A guest's ticket sends mail to an address that anybody may write there: the mailbox has a limit of its own.
    """
    email = follow_up_of.requester_email if follow_up_of else form.cleaned_data.get("email", "")
    guests = sends_as_guest(request, follow_up_of)
    try:
        spend(request, "guest_ticket" if guests else "submit", mailbox=email if guests else "")
    except LimitReached as refusal:
        form.refuse(refusal)
        return False
    return True


def waiting(request: HttpRequest, follow_up_of: Ticket | None) -> dict[str, Any]:
    """What a form that was not sent begins with: what waited for its writer, what the home page or a search brings."""
    kept = held(request)
    brought = {"body": request.POST.get("body", "") or request.GET.get("question", "")[:QUESTION_CHARS]}
    subject = {"subject": follow_up_of.subject} if follow_up_of else {}
    tokens = kept.get("staged", [])
    came = taken(request, tokens) if tokens else Taken()
    return {"initial": {**brought, **subject, **first_values(kept)}, "taken": came}


def submission(user: User | None, form: NewTicketForm, follow_up_of: Ticket | None) -> Submission:
    """Who asks for what. A follow-up belongs to whom the earlier ticket belongs to."""
    answers = form.cleaned_data
    requester = follow_up_of.requester if follow_up_of else user
    email = follow_up_of.requester_email if follow_up_of else answers.get("email", "")
    return Submission(
        subject=answers.get("subject", ""),
        body=answers["body"],
        requester=requester,
        guest_email=email,
        guest_name=follow_up_of.requester_name if follow_up_of else answers.get("name", ""),
        human_requested=answers["human_requested"],
        uploaded=answers["attachments"],
        follow_up_of=follow_up_of,
        external_id=form.once_key(str(requester.pk) if requester else email),
        language=translation.get_language() or "",
    )
