"""The agents' lists: one page of rows, the views as tabs, and what can be done with several tickets at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from accounts.admin import ROW_ID, DeskReaders, is_supervisor
from accounts.models import User
from tickets.access import at_desk, in_browser
from tickets.desk import snoozing
from tickets.desk.models import SavedView
from tickets.errors import Held, TicketError
from tickets.fields.filling import sought
from tickets.models import Ticket, TicketQuerySet
from tickets.search import box
from tickets.search.find import time_limit
from tickets.search.query import SearchTooSlow
from tickets.states import Urgency
from tickets.teams.sight import teams_for
from triage.admin.desk import many, steps
from triage.admin.desk.shell import show, who
from triage.desk import bulk, queue, selection
from triage.desk.wording import reason_words

CHOSEN_AT_ONCE = 100


@admin.register(Ticket)
class TicketAdmin(DeskReaders):
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


def list_page(request: HttpRequest, **extra: Any) -> HttpResponse:
    agent, now = who(request), timezone.now()
    wanted = selection.read(request.GET.dict(), agent)
    key, searched = request.GET.get("after", ""), None
    try:
        rows, unclear = selection.rows(wanted, agent, now)
        searched = box.look(rows, wanted.words, in_browser(request)) if wanted.words else None
        page = _page(rows, wanted, searched, key)
    except TicketError as error:
        page, unclear = queue.Page([], ""), [str(error)]
    places = searched.places([ticket.pk for ticket in page.tickets]) if searched is not None else {}
    saved = list(SavedView.objects.of(agent))
    found = _counts(saved, agent, now)
    return show(
        request,
        "triage/desk/queue.html",
        wanted.view.title,
        tabs=tabs(wanted, found, saved),
        more=[
            Tab(view.name, view.title, f"?queue={view.name}", view is wanted.view)
            for view in queue.VIEWS.values()
            if not view.main
        ],
        view=wanted.view,
        asked=wanted,
        searched=searched,
        rows=queue.read_rows(page.tickets, agent, now, places),
        following=urlencode({**wanted.query, "after": page.more}) if page.more else "",
        beyond_first="after" in request.GET,
        free=found["unassigned"],
        unclear=unclear,
        reasons=reason_words(),
        moments=snoozing.moments(),
        urgencies=Urgency.choices,
        teams=teams_for(agent),
        field_words=sought(),
        query=urlencode(wanted.query),
        facts=wanted.facts,
        all_facts=selection.FACTS,
        orders={name: words for name, (words, _) in selection.ORDERS.items()},
        may_share=is_supervisor(request),
        **extra,
    )


def _page(
    rows: TicketQuerySet, wanted: selection.Asked, searched: box.Searched | None, key: str
) -> queue.Page:
    if searched is not None:
        return queue.read_found(searched.ids, int(key) if ROW_ID.fullmatch(key) else 0)
    with time_limit():
        return queue.read_page(rows, wanted.ordering, key)


def _counts(saved: Sequence[SavedView], agent: User, now: datetime) -> dict[str, int]:
    """Where a saved view's words take too long, the house's own lists are counted all the same."""
    try:
        with time_limit():
            return queue.counts(agent, now, _saved_rows(saved, agent, now))
    except SearchTooSlow:
        return queue.counts(agent, now, {})


def _saved_rows(saved: Sequence[SavedView], agent: User, now: datetime) -> dict[str, TicketQuerySet]:
    """The tickets of each saved view, to be counted; none for one whose words are not understood any more."""
    found: dict[str, TicketQuerySet] = {}
    for one in saved:
        asked = selection.read({"queue": f"{selection.SAVED}{one.pk}"}, agent, saved=one)
        try:
            found[asked.view.name] = selection.rows(asked, agent, now)[0]
        except TicketError:
            found[asked.view.name] = Ticket.objects.all().none()
    return found


def tabs(wanted: selection.Asked, found: Mapping[str, int], saved: Sequence[SavedView]) -> list[Tab]:
    views = [view for view in queue.VIEWS.values() if view.main] + [selection.shown(one) for one in saved]
    return [
        Tab(
            view.name,
            view.title,
            f"?queue={view.name}",
            view.name == wanted.view.name,
            queue.counted(found[view.name]) if view.name in found else "",
        )
        for view in views
    ]


# --- several at once -----------------------------------------------------------------------------------------


def act(request: HttpRequest) -> HttpResponse:
    """Do one step on each chosen ticket. Colleagues' tickets are left with them until the agent says yes."""
    name = request.POST.get("action", "")
    if request.POST.get("all") and name in bulk.STEPS:
        wish = many.wish_of(request.GET.dict())
        along = {one: request.POST[one] for one in bulk.NEEDS if request.POST.get(one)}
        return redirect(f"{reverse('desk-many')}?{urlencode({**wish, 'action': name, **along})}")
    chosen = [pk for pk in request.POST.getlist("_selected_action") if ROW_ID.fullmatch(pk)][:CHOSEN_AT_ONCE]
    if name not in bulk.STEPS or not chosen:
        messages.warning(request, "Choose tickets first, then what to do with them.")
        return redirect(request.get_full_path())
    does = bulk.Bulk(who(request), request.POST.dict(), from_colleagues=request.POST.get("yes") == "1")
    step: Callable[[Ticket], None] = getattr(does, name)
    done, theirs = 0, []
    for ticket in at_desk(who(request)).filter(pk__in=chosen).select_related("assignee").order_by("id"):
        try:
            step(ticket)
            done += 1
        except Held as held:
            theirs.append((ticket, held.holder))
        except TicketError as error:
            messages.warning(request, str(error))
    if done or not theirs:
        messages.success(
            request, f"{done} {'ticket is' if done == 1 else 'tickets are'} now {bulk.STEPS[name].now}."
        )
    if theirs:
        return list_page(request, theirs=theirs, action=name)
    return redirect(request.get_full_path())
