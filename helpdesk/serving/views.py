"""What those ask who watch over the house: load balancers, Prometheus. Answered by a thread of its own."""

from __future__ import annotations

import hmac
import shutil
from collections.abc import Iterator, Mapping

from django.conf import settings
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from helpdesk import pulse
from tickets.background.jobs import Job
from tickets.mail.outbox import OutgoingMail
from tickets.models import Ticket
from tickets.watch.checks import LOOKED_BACK, age
from tickets.watch.findings import look
from tickets.watch.models import Beat
from triage.models import Decision

#: Without these no ticket is served as it should be; whatever else is ill, this process can work.
NEEDED = ("disk", "model")
AWAY = {"status": "not ready", "checks": {"database": "alarm"}}


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Whether this process should get requests: 200 or 503, and each check by name. Words are for staff only."""
    if not pulse.database_answers():
        return JsonResponse(AWAY, status=503, headers={"Retry-After": "10"})
    checks = {"database": "ok", **{one.name: one.level.name.lower() for one in look()}}
    well = all(checks.get(name) != "alarm" for name in NEEDED)
    body = {"status": "ready" if well else "not ready", "checks": checks}
    return JsonResponse(body, status=200 if well else 503)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, behind METRICS_TOKEN; without one set there is no such page."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN:
        raise Http404
    if not hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        return HttpResponse("Send METRICS_TOKEN as a bearer token.\n", status=401, content_type="text/plain")
    if not pulse.database_answers():
        return HttpResponse("# the database does not answer\nhelpdesk_database_up 0\n", content_type=TEXT)
    return HttpResponse("\n".join(lines()) + "\n", content_type=TEXT)


TEXT = "text/plain; version=0.0.4; charset=utf-8"


def lines() -> Iterator[str]:
    """Gauges in Prometheus' text format. Each is one query that an index answers."""
    yield from gauge("helpdesk_database_up", "1 if the database answers at once.", {"": 1})
    checks = {f'check="{one.name}"': int(one.level) for one in look()}
    yield from gauge("helpdesk_check_level", "0 well, 1 warning, 2 alarm.", checks)
    waiting = Job.objects.filter(finished_at=None, failed_at=None)
    by_kind = waiting.order_by().values_list("kind").annotate(n=Count("pk"))
    yield from gauge(
        "helpdesk_jobs_waiting", "Jobs not done yet.", {f'kind="{kind}"': n for kind, n in by_kind}
    )
    oldest = (
        waiting.filter(run_at__lte=timezone.now()).order_by("run_at").values_list("run_at", flat=True).first()
    )
    yield from gauge(
        "helpdesk_job_overdue_seconds", "How long the oldest job has been due.", {"": age(oldest)}
    )
    given_up = Job.objects.filter(failed_at__gt=timezone.now() - LOOKED_BACK).count()
    yield from gauge("helpdesk_jobs_given_up", "Given up within a day.", {"": given_up})
    yield from gauge("helpdesk_mail_waiting", "Mail in the outbox.", {"": OutgoingMail.objects.count()})
    seen = {f'worker="{one.name}"': age(one.seen_at) for one in Beat.objects.all()}
    yield from gauge("helpdesk_worker_silent_seconds", "Since a lane of a worker was last heard of.", seen)
    unassigned = Ticket.objects.awaiting_agent().filter(assignee=None).count()
    yield from gauge(
        "helpdesk_tickets_unassigned", "Tickets that wait for a person, of nobody.", {"": unassigned}
    )
    decided = Decision.objects.filter(created_at__gt=timezone.now() - LOOKED_BACK, applied=True)
    actions = decided.order_by().values_list("action").annotate(n=Count("pk"))
    yield from gauge(
        "helpdesk_decisions", "Within a day.", {f'action="{action}"': n for action, n in actions}
    )
    room = shutil.disk_usage(settings.VAR_DIR)
    yield from gauge("helpdesk_disk_free_bytes", "Where VAR_DIR lies.", {"": room.free})


def gauge(name: str, words: str, values: Mapping[str, float]) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} gauge"
    for labels, value in values.items():
        yield f"{name}{{{labels}}} {value:g}" if labels else f"{name} {value:g}"
