"""A step on all that a list shows: looked at first, then done by a worker, with a report; and the list as CSV."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.admin import is_supervisor
from accounts.signin.powers import always, power
from tickets.desk import snoozing
from tickets.desk.models import BulkRun
from tickets.errors import TicketError
from tickets.models import TicketQuerySet
from tickets.states import Urgency
from tickets.tags.tagging import tags_of
from tickets.teams.sight import teams_for
from triage.admin.access import supervisors_only
from triage.admin.desk.shell import show, who
from triage.desk import bulk, selection
from triage.instruments.tickets_behind import line

logger = logging.getLogger(__name__)
WISH = ("queue", "q", "order", *selection.FILTERS)
CHUNK = 500


def wish_of(given: Mapping[str, str]) -> dict[str, str]:
    """What of an address says which tickets are meant."""
    return {name: given[name][:200] for name in WISH if given.get(name)}


@require_http_methods(["GET", "POST"])
def many(request: HttpRequest) -> HttpResponse:
    """How many, which kinds are refused; then begin."""
    agent, given = who(request), (request.POST if request.method == "POST" else request.GET).dict()
    wish, name = wish_of(given), given.get("action", "")
    step = bulk.STEPS.get(name)
    if step is None:
        raise Http404("No such step.")
    along: dict[str, str] = {
        one: given[one][:200] for one in bulk.NEEDS if one == step.needs and given.get(one)
    }
    try:
        seen = bulk.preview(wish, name, agent)
        if request.method == "POST" and seen.total and (along or not step.needs):
            run = bulk.begin(wish, name, along, agent, yes=given.get("yes") == "1")
            return redirect("desk-many-run", run.pk)
    except TicketError as error:
        messages.warning(request, str(error))
        return redirect("admin:tickets_ticket_changelist")
    asked = selection.read(wish, agent)
    return show(
        request, "triage/desk/many.html", step.does, step=step, name=name, seen=seen, wish=wish, along=along, asked=asked,
        moments=snoozing.moments(), urgencies=Urgency.choices, teams=teams_for(agent), most=bulk.MOST, back=urlencode(wish),
    )  # fmt: skip


def _run(request: HttpRequest, bulk_id: int) -> BulkRun:
    """Of the agent who began it; supervisors see all."""
    runs = BulkRun.objects.all() if is_supervisor(request) else BulkRun.objects.filter(by=who(request))
    return get_object_or_404(runs.select_related("by"), pk=bulk_id)


@require_GET
def report(request: HttpRequest, bulk_id: int) -> HttpResponse:
    """How far it is, and at the end what was left and why."""
    run = _run(request, bulk_id)
    return show(
        request, "triage/desk/many_run.html", "Many tickets", run=run, step=bulk.STEPS.get(run.step), back=urlencode(run.wish)
    )  # fmt: skip


@require_POST
def stop(request: HttpRequest, bulk_id: int) -> HttpResponse:
    run = _run(request, bulk_id)
    run.wish_stop()
    return redirect("desk-many-run", run.pk)


# --- CSV -------------------------------------------------------------------------------------------------------


@supervisors_only
@power(always)
@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse | HttpResponse:
    """All that the list shows, row by row. It holds addresses: supervisors only, with a fresh second factor."""
    try:
        rows = bulk.meant(wish_of(request.GET.dict()), who(request))
    except TicketError as error:
        messages.warning(request, str(error))
        return redirect("admin:tickets_ticket_changelist")
    logger.info("Tickets are exported by account %s", request.user.pk)
    answer = StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="tickets-{timezone.localdate().isoformat()}.csv"'
    return answer


COLUMNS = (
    "reference", "subject", "status", "urgency", "channel", "requester_email", "requester_name", "team__name", "assignee__email",
    "escalation_reason", "closure", "created_at", "updated_at", "first_human_reply_at", "resolved_at", "closed_at",
)  # fmt: skip


def _lines(rows: TicketQuerySet) -> Iterator[str]:
    """In chunks by key, so that no statement runs long; each with its tags in one query."""
    yield line([name.replace("__", "_") for name in COLUMNS] + ["tags"])
    after = 0
    while chunk := list(rows.filter(pk__gt=after).order_by("pk").values_list("pk", *COLUMNS)[:CHUNK]):
        tags = tags_of([row[0] for row in chunk])
        for pk, *cells in chunk:
            yield line([_cell(value) for value in cells] + [" ".join(tags.get(pk, ()))])
        after = chunk[-1][0]


def _cell(value: object) -> object:
    written = getattr(value, "isoformat", None)
    return "" if value is None else written(timespec="seconds") if written is not None else value
