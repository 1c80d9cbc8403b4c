"""The agents' lists: one page of rows, the views as tabs, and what can be done with several tickets at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import urlencode

from accounts.admin import ROW_ID, AgentsOnly
from accounts.models import User
from tickets.access import in_browser
from tickets.desk import snoozing
from tickets.errors import Held, TicketError
from tickets.models import Ticket
from tickets.search import box
from triage.admin.desk import steps
from triage.admin.desk.shell import show, who
from triage.desk import intents, queue
from triage.desk.wording import MARKED_SPAM, reason_words

FILTERS = ("intent", "reason", "agent")
CHOSEN_AT_ONCE = 100


@admin.register(Ticket)
class TicketAdmin(AgentsOnly):
    """Django's addresses of tickets, our own pages: nothing of a ticket is edited by a model form."""

    search_fields = ["reference"]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return act(request) if request.method == "POST" else list_page(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return steps.desk_view(request, object_id)


# --- the list --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tab:
    name: str
    title: str
    url: str
    active: bool
    count: str = ""


@dataclass(frozen=True)
class Asked:
    """What the address asks for: a view, words to search for, and what narrows the list."""

    view: queue.View
    words: str
    filters: Mapping[str, str]

    @property
    def query(self) -> dict[str, str]:
        """The same as the parts of an address."""
        given = {"queue": self.view.name, "q": self.words, **self.filters}
        return {name: value for name, value in given.items() if value}


def asked(request: HttpRequest) -> Asked:
    """A search without a view looks everywhere; an unknown view is the agent's own."""
    words = request.GET.get("q", "").strip()[:200]
    fallback = "all" if words else queue.DEFAULT
    name = request.GET.get("queue", fallback)
    filters = {one: request.GET.get(one, "").strip()[:120] for one in FILTERS}
    view = queue.VIEWS.get(name, queue.VIEWS[fallback])
    return Asked(view, words, {one: value for one, value in filters.items() if value})


def list_page(request: HttpRequest, **extra: Any) -> HttpResponse:
    agent, now, wanted = who(request), timezone.now(), asked(request)
    everywhere = bool(wanted.words) and "queue" not in request.GET
    condition, unclear = narrowed(wanted, agent)
    rows = (Ticket.objects.all() if everywhere else wanted.view.rows(agent, now)).filter(condition)
    key = request.GET.get("after", "")
    searched = box.look(rows, wanted.words, in_browser(request)) if wanted.words else None
    page = (
        queue.read_page(rows, wanted.view.order, key)
        if searched is None
        else queue.read_found(searched.ids, int(key) if ROW_ID.fullmatch(key) else 0)
    )
    places = searched.places([ticket.pk for ticket in page.tickets]) if searched is not None else {}
    found = queue.counts(agent, now)
    query = {name: value for name, value in wanted.query.items() if name != "queue" or not everywhere}
    return show(
        request,
        "triage/desk/queue.html",
        wanted.view.title,
        tabs=tabs(wanted, found),
        more=[
            Tab(view.name, view.title, f"?queue={view.name}", view is wanted.view)
            for view in queue.VIEWS.values()
            if not view.main
        ],
        view=wanted.view,
        asked=wanted,
        searched=searched,
        rows=queue.read_rows(page.tickets, agent, now, places),
        following=urlencode({**query, "after": page.more}) if page.more else "",
        beyond_first="after" in request.GET,
        free=found["unassigned"],
        unclear=unclear,
        reasons=reason_words(),
        moments=snoozing.moments(),
        **extra,
    )


def tabs(wanted: Asked, found: Mapping[str, int]) -> list[Tab]:
    return [
        Tab(
            view.name, view.title, f"?queue={view.name}", view is wanted.view, queue.counted(found[view.name])
        )
        for view in queue.VIEWS.values()
        if view.main
    ]


def narrowed(wanted: Asked, agent: User) -> tuple[Q, list[str]]:
    """The filters of the list as one condition, and a sentence for each that names nothing we know."""
    condition, unclear = Q(), []
    if named := wanted.filters.get("intent"):
        found = intents.named(named)
        if found.none_of_ours or found.intent is not None:
            condition &= queue.with_intent(found.intent.pk if found.intent else None)
        else:
            unclear.append(found.advice)
    if code := wanted.filters.get("reason"):
        condition &= Q(escalation_reason=code)
    if person := wanted.filters.get("agent"):
        condition &= queue.in_charge(person, agent)
    return condition, unclear


# --- several at once -----------------------------------------------------------------------------------------


class Bulk:
    """What may be done with the chosen tickets: name → (step, where they are then)."""

    def __init__(self, request: HttpRequest) -> None:
        self.agent, self.post = who(request), request.POST
        self.from_colleagues = request.POST.get("yes") == "1"

    def take(self, ticket: Ticket) -> None:
        own: Collection[int | None] | None = None if self.from_colleagues else {None, self.agent.pk}
        ticket.assign(self.agent, actor=self.agent, held_by=own)

    def give_back(self, ticket: Ticket) -> None:
        own: Collection[int | None] | None = None if self.from_colleagues else {None, self.agent.pk}
        ticket.assign(None, actor=self.agent, held_by=own)

    def snooze(self, ticket: Ticket) -> None:
        until = snoozing.moments().get(self.post.get("until", ""))
        if until is None:
            raise TicketError("Choose until when.")
        snoozing.snooze(ticket, by=self.agent, until=until[1])

    def spam(self, ticket: Ticket) -> None:
        ticket.quarantine(MARKED_SPAM, self.agent)

    def not_spam(self, ticket: Ticket) -> None:
        ticket.release(self.agent)


NOW = {
    "take": "assigned to you", "give_back": "assigned to nobody", "snooze": "snoozed", "spam": "in quarantine",
    "not_spam": "in the queue",
}  # fmt: skip


def act(request: HttpRequest) -> HttpResponse:
    """Do one step on each chosen ticket. Colleagues' tickets are left with them until the agent says yes."""
    name = request.POST.get("action", "")
    chosen = [pk for pk in request.POST.getlist("_selected_action") if ROW_ID.fullmatch(pk)][:CHOSEN_AT_ONCE]
    if name not in NOW or not chosen:
        messages.warning(request, "Choose tickets first, then what to do with them.")
        return redirect(request.get_full_path())
    step: Callable[[Ticket], None] = getattr(Bulk(request), name)
    done, theirs = 0, []
    for ticket in Ticket.objects.filter(pk__in=chosen).select_related("assignee").order_by("id"):
        try:
            step(ticket)
            done += 1
        except Held as held:
            theirs.append((ticket, held.holder))
        except TicketError as error:
            messages.warning(request, str(error))
    if done or not theirs:
        messages.success(request, f"{done} {'ticket is' if done == 1 else 'tickets are'} now {NOW[name]}.")
    if theirs:
        return list_page(request, theirs=theirs, action=name)
    return redirect(request.get_full_path())
