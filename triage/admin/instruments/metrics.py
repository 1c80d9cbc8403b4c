"""The metrics page, the tickets behind each of its numbers, and both as CSV."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date

from accounts.admin import ROW_ID
from accounts.signin.powers import always, power
from triage.admin.access import house_readers, page, supervisors_only
from triage.instruments import charts, plots, tickets_behind
from triage.instruments.figures import counting, definitions
from triage.instruments.metrics import Span
from triage.instruments.report import report
from triage.instruments.tickets_behind import Behind

PERIODS: Final = (7, 30, 90)
LONGEST: Final = timedelta(days=3 * 366)
SHOWN: Final = 50
BARS: Final = 400  # days that the chart can show one by one


def asked_span(request: HttpRequest) -> Span:
    """The span that the address names: ``from`` and ``to``, else ``days``, else 30 days. What makes no sense is said."""
    first, last = (request.GET.get(name, "").strip() for name in ("from", "to"))
    if first or last:
        span = _between(first, last)
        if span is not None:
            return span
        messages.error(request, "Give two dates, the first not after the second, at most three years apart.")
    raw = request.GET.get("days", "")
    return Span.latest(next((days for days in PERIODS if str(days) == raw), 30))


def _between(first: str, last: str) -> Span | None:
    try:
        begins, ends = parse_date(first), parse_date(last) if last else timezone.localdate()
    except ValueError:
        return None
    if (
        begins is None
        or ends is None
        or begins > ends
        or ends - begins > LONGEST
        or ends.year > date.max.year - 1
    ):
        return None
    return Span(begins, ends)


@house_readers
def metrics_page(request: HttpRequest) -> HttpResponse:
    span = asked_span(request)
    found = report(span)
    known = found.metrics
    is_open = not known.by_day or len(known.by_day) > BARS
    return page(
        request, "triage/metrics.html", "Metrics", report=found, metrics=known, span=span, periods=PERIODS,
        query=urlencode({"from": span.first.isoformat(), "to": span.last.isoformat()}),
        chart=None if is_open else charts.volume_chart(known.by_day),
        figures=definitions.BY_CODE,
        risk=plots.risk_plot(found.trust.points) if found.trust.points else None,
        reliability=plots.reliability_plot(found.trust.bins) if found.trust.bins else None,
        stars=list(zip((5, 4, 3, 2, 1), reversed(known.feedback.by_rating), strict=True)),
        is_empty=not (known.created or known.triaged or known.feedback.count or known.human.answered or known.machines.asked),
    )  # fmt: skip


def asked_number(request: HttpRequest) -> Behind:
    """The number that the address names. Raises Http404 where there is no such figure."""
    figure, agent = request.GET.get("figure", ""), request.GET.get("agent", "")
    if figure not in definitions.BY_CODE:
        raise Http404("There is no such figure.")
    return Behind(
        span=asked_span(request),
        figure=figure,
        value=request.GET.get("value", "")[:64],
        begins=request.GET.get("begins") == "1",
        intent=request.GET.get("intent"),
        agent=int(agent) if ROW_ID.fullmatch(agent) else None,
    )


@house_readers
def behind_page(request: HttpRequest) -> HttpResponse:
    """The tickets behind one number."""
    counting.count_due()
    behind = asked_number(request)
    pages = Paginator(behind.facts(), SHOWN)
    shown = pages.get_page(request.GET.get("p"))
    kept = request.GET.copy()
    kept.pop("p", None)
    return page(
        request, "triage/instruments/behind.html", behind.words(), behind=behind, shown=shown, query=kept.urlencode(),
        figure=definitions.BY_CODE[behind.figure],
        rows=[(fact, definitions.value_words(fact.figure, fact.value)) for fact in shown],
    )  # fmt: skip


@supervisors_only
@power(always)
def behind_csv(request: HttpRequest) -> StreamingHttpResponse:
    counting.count_due()
    return _csv(tickets_behind.tickets_csv(asked_number(request)), "tickets")


@supervisors_only
@power(always)
def metrics_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every daily sum of the span, with the definition of its figure."""
    counting.count_due()
    return _csv(tickets_behind.figures_csv(asked_span(request)), "metrics")


def _csv(lines: Any, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{timezone.localdate().isoformat()}.csv"'
    return response
