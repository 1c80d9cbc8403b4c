"""The agent's queue and the page of one ticket."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from accounts.admin import AgentsOnly, is_agent
from accounts.models import User
from tickets.errors import TicketError
from tickets.models import Status, Ticket
from tickets.search.changelist import SearchedTickets
from triage.admin.desk import desk_view
from triage.admin.filters import AssigneeFilter, QueueFilter, ReasonFilter, TicketIntentFilter, chosen_view
from triage.desk.desk import queue_rank
from triage.desk.wording import MARKED_SPAM, reason_text
from triage.models import Decision
from triage.templatetags.desk_words import percent, staff_status, waited

BADGE_LIMIT = 99
WIDE = ("terms", "similar", "response", "detail")


@admin.register(Ticket)
class TicketAdmin(SearchedTickets, AgentsOnly):
    """The queue: what waits for this agent first. A ticket's row opens its desk."""

    list_display = ["ticket", "requester_shown", "intent", "reason", "waiting", "owner"]
    list_display_links = ["ticket"]
    list_filter = [QueueFilter, TicketIntentFilter, ReasonFilter, AssigneeFilter]
    list_select_related = ["requester", "assignee"]
    list_before_template = "triage/queue_tabs.html"
    sortable_by = ()
    actions = ["take", "give_back", "spam", "not_spam"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ticket]:
        decisions = Decision.objects.select_related("intent", "corrected_intent").defer(*WIDE)
        return (
            super()
            .get_queryset(request)
            .prefetch_related(Prefetch("decisions", decisions, to_attr="triaged"))
        )

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        """The urgent, own tickets, then nobody's, the longest waiting first; what no longer waits: newest first."""
        view = chosen_view(request)
        if view.quarantined:
            return ["-quarantined_at", "-id"]
        if view.newest_first:
            return ["-id"]
        rank = [queue_rank(cast(User, request.user))] if view.ranked else []
        return ["-urgency", *rank, "escalated_at", "id"]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": "Tickets", "tabs": queue_tabs(request), **(extra_context or {})}
        return super().changelist_view(request, context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Django's address of a row, our own page: nothing of a ticket is edited by a model form."""
        return desk_view(self, request, object_id)

    # --- columns -------------------------------------------------------------------------------------

    @admin.display(description="Ticket")
    def ticket(self, ticket: Ticket) -> SafeString:
        return render_cell("ticket", ticket=ticket)

    @admin.display(description="Requester")
    def requester_shown(self, ticket: Ticket) -> SafeString:
        return render_cell("requester", ticket=ticket)

    @admin.display(description="Intent")
    def intent(self, ticket: Ticket) -> SafeString:
        decision = _decision(ticket)
        return render_cell(
            "intent", decision=decision, percent=percent(decision.confidence) if decision else ""
        )

    @admin.display(description="Why it is here")
    def reason(self, ticket: Ticket) -> str:
        return reason_text(ticket.escalation_reason) if ticket.escalation_reason else "–"

    @admin.display(description="Waiting")
    def waiting(self, ticket: Ticket) -> SafeString:
        """How long the team owes an answer; late once the promised time is over."""
        since = ticket.escalated_at if ticket.state is Status.ESCALATED else None
        late = since is not None and timezone.now() - since > timedelta(hours=settings.RESPONSE_TARGET_HOURS)
        return render_cell(
            "waiting", status=staff_status(ticket), since=since, waited=waited(since), late=late
        )

    @admin.display(description="Assigned to")
    def owner(self, ticket: Ticket) -> str | SafeString:
        return (
            str(ticket.assignee) if ticket.assignee else mark_safe('<span class="desk-muted">Nobody</span>')
        )

    # --- actions -------------------------------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """What is in quarantine can only be released; nothing else can be."""
        released = {"not_spam"}
        offered = super().get_actions(request)
        inside = chosen_view(request).quarantined
        return {name: act for name, act in offered.items() if (name in released) is inside}

    def has_work_permission(self, request: HttpRequest) -> bool:
        return is_agent(request)

    @admin.action(description="Assign to me", permissions=["work"])
    def take(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        self._assign(request, queryset, cast(User, request.user))

    @admin.action(description="Back to the queue", permissions=["work"])
    def give_back(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        self._assign(request, queryset, None)

    @admin.action(description="Spam: put into quarantine", permissions=["work"])
    def spam(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        agent = cast(User, request.user)
        self._each(request, queryset, lambda ticket: ticket.quarantine(MARKED_SPAM, agent), "in quarantine")

    @admin.action(description="Not spam: into the queue", permissions=["work"])
    def not_spam(self, request: HttpRequest, queryset: QuerySet[Ticket]) -> None:
        agent = cast(User, request.user)
        self._each(request, queryset, lambda ticket: ticket.release(agent), "in the queue")

    def _assign(self, request: HttpRequest, queryset: QuerySet[Ticket], assignee: User | None) -> None:
        agent, where = cast(User, request.user), "to you" if assignee else "to nobody"
        self._each(
            request, queryset, lambda ticket: ticket.assign(assignee, actor=agent), f"assigned {where}"
        )

    def _each(
        self, request: HttpRequest, chosen: QuerySet[Ticket], step: Callable[[Ticket], None], now: str
    ) -> None:
        """Do one step on each ticket; say how many are ``now`` where they should be, and which refused."""
        done = 0
        for ticket in chosen:
            try:
                step(ticket)
                done += 1
            except TicketError as error:
                self.message_user(request, str(error), messages.WARNING)
        self.message_user(request, f"{done} {'ticket is' if done == 1 else 'tickets are'} now {now}.")


def render_cell(name: str, **context: Any) -> SafeString:
    return render_to_string(f"triage/cells/{name}.html", context)


def _decision(ticket: Ticket) -> Decision | None:
    triaged: list[Decision] = ticket.triaged  # type: ignore[attr-defined]
    return triaged[0] if triaged else None


def queue_tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """The views of the queue as tabs; those that call for work carry a count up to BADGE_LIMIT."""
    current = None if request.GET.get("q") and "queue" not in request.GET else chosen_view(request)
    tabs = []
    for view in QueueFilter.VIEWS:
        rows = view.rows(Ticket.objects.all(), cast(User, request.user))
        count = rows.order_by()[: BADGE_LIMIT + 1].count() if view.counted else None
        tabs.append(
            {
                "title": view.title,
                "url": f"?queue={view.name}",
                "active": view is current,
                "count": f"{BADGE_LIMIT}+" if count and count > BADGE_LIMIT else count,
            }
        )
    return tabs
