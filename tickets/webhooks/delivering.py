"""From the sealed trail to each endpoint: deliveries are made by position, and sent in rounds, one endpoint a round.

An endpoint that fails rests, longer each time, and holds up nobody: its round is over with its first failure, and
rounds of different endpoints go side by side. A delivery is tried for a day.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from tickets import feed
from tickets.background import jobs
from tickets.background.jobs import Job
from tickets.webhooks import notices
from tickets.webhooks.models import PATIENCE, TEST, Delivery, Endpoint
from tickets.webhooks.sending import Outcome, send

logger = logging.getLogger(__name__)

KIND: Final = "deliver_webhooks"
BATCH: Final = 500  # Events that one look takes for one endpoint
ROUND: Final = 30.0  # seconds after which a round begins no further attempt; its job's lease is longer
CLAIMED: Final = timedelta(seconds=60)  # longer than any attempt
KEPT: Final = timedelta(days=30)
SWEPT_AT_ONCE: Final = 2_000
#: Seconds until a delivery is tried again; a day together.
DELAYS: Final = (5, 30, 120, 600, 1_800, 3_600, 7_200, 10_800, 14_400, 21_600, 24_000)
#: Seconds that an endpoint rests after so many failures in a row.
RESTS: Final = (5, 15, 30, 60, 120, 300, 600, 900, 1_800)
LONGEST_WISH: Final = 3_600  # of a Retry-After that is honoured


def spread(seconds: float) -> timedelta:
    """With jitter, so that what failed together does not come back together."""
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311


# --- Deliveries are made ---------------------------------------------------------------------------------


def fan_out() -> None:
    """Make the deliveries of what was sealed since the last look. Cheap where nothing was."""
    waiting = list(Endpoint.objects.filter(active=True))
    if not waiting:
        return
    end = feed.end()
    for endpoint in waiting:
        if endpoint.cursor < end:
            _make_deliveries(endpoint)


def _make_deliveries(endpoint: Endpoint) -> None:
    page = feed.page(endpoint.cursor, BATCH)
    now = timezone.now()
    rows = [
        Delivery(
            endpoint=endpoint, event=event, type=feed.type_of(event), created_at=now, next_at=now, since=now
        )
        for event in page.events
        if endpoint.wants(feed.type_of(event))
    ]
    with transaction.atomic():
        # Whoever moves the cursor makes the rows; another worker that looked at the same moment makes none.
        moved = Endpoint.objects.filter(pk=endpoint.pk, cursor=endpoint.cursor).update(cursor=page.next)
        if moved:
            Delivery.objects.bulk_create(rows, ignore_conflicts=True)


def test(endpoint: Endpoint) -> Delivery:
    """A delivery that tells of nothing, to see whether the way is open. It does not wait for the endpoint's rest."""
    Endpoint.objects.filter(pk=endpoint.pk).update(rests_until=None)
    return Delivery.objects.create(endpoint=endpoint, type=TEST)


# --- and sent --------------------------------------------------------------------------------------------


def send_off() -> None:
    """A job for each endpoint that has something due, does not rest, and has no job yet."""
    now = timezone.now()
    due = Delivery.objects.filter(endpoint=OuterRef("pk"), state=Delivery.State.PENDING, next_at__lte=now)
    at_work = Job.objects.filter(kind=KIND, subject_id=OuterRef("pk"), finished_at=None, failed_at=None)
    rested = Q(rests_until=None) | Q(rests_until__lte=now)
    ready = Endpoint.objects.filter(rested, active=True).filter(Exists(due), ~Exists(at_work))
    for pk in ready.values_list("pk", flat=True):
        jobs.enqueue(KIND, pk, key=f"{pk}:{uuid.uuid4().hex}")


def deliver(endpoint_id: int) -> None:
    """One round: send what is due, oldest first, until there is nothing more, it fails, or its time is over."""
    ends = time.monotonic() + ROUND
    while time.monotonic() < ends:
        endpoint = Endpoint.objects.filter(pk=endpoint_id, active=True).first()
        if endpoint is None or (endpoint.rests_until is not None and endpoint.rests_until > timezone.now()):
            return
        delivery = _claim(endpoint)
        if delivery is None or not _attempt(endpoint, delivery):
            return


def _claim(endpoint: Endpoint) -> Delivery | None:
    """Take the delivery that is due longest. Of two workers one gets it; who dies with it loses it after a minute."""
    now = timezone.now()
    due = Delivery.objects.filter(endpoint=endpoint).due(now).order_by("next_at", "id")
    for pk, next_at in due.values_list("pk", "next_at")[:5]:
        taken = Delivery.objects.filter(pk=pk, state=Delivery.State.PENDING, next_at=next_at).update(
            next_at=now + CLAIMED, attempts=F("attempts") + 1, last_at=now
        )
        if taken:
            return Delivery.objects.select_related("event__ticket").get(pk=pk)
    return None


def _attempt(endpoint: Endpoint, delivery: Delivery) -> bool:
    """Try once and write down what came of it. True where the round may go on."""
    outcome = send(endpoint, delivery)
    now = timezone.now()
    with transaction.atomic():
        endpoint = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        given_up = _write_delivery(delivery, outcome, now)
        if outcome.ok:
            _worked(endpoint, now)
            return True
        _failed(endpoint, outcome, now)
        if outcome.is_gone:
            _switch_off(endpoint, Endpoint.Why.GONE)
        elif given_up and endpoint.failing_since is not None and endpoint.failing_since <= now - PATIENCE:
            _switch_off(endpoint, Endpoint.Why.FAILING)
    return outcome.about_this_one and not outcome.is_gone


def _write_delivery(delivery: Delivery, outcome: Outcome, now: datetime) -> bool:
    """Delivered, to be tried again, or given up; True for the last."""
    last = delivery.since + PATIENCE
    facts = {"status": outcome.status, "error": outcome.error[:200], "milliseconds": outcome.milliseconds}
    again = now + spread(DELAYS[min(delivery.attempts, len(DELAYS)) - 1])
    if outcome.retry_after:
        again = max(again, now + timedelta(seconds=min(outcome.retry_after, LONGEST_WISH)))
    state = Delivery.State.DELIVERED if outcome.ok else Delivery.State.PENDING
    if not outcome.ok and (outcome.is_gone or now >= last):
        state = Delivery.State.FAILED
    Delivery.objects.filter(pk=delivery.pk).update(state=state, next_at=min(again, max(last, now)), **facts)
    return state == Delivery.State.FAILED


def _worked(endpoint: Endpoint, now: datetime) -> None:
    endpoint.failures, endpoint.failing_since, endpoint.rests_until, endpoint.last_success_at = (
        0,
        None,
        None,
        now,
    )
    endpoint.save(update_fields=["failures", "failing_since", "rests_until", "last_success_at"])


def _failed(endpoint: Endpoint, outcome: Outcome, now: datetime) -> None:
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.last_error, endpoint.last_error_at = outcome.error[:200], now
    if not outcome.about_this_one:
        rest = spread(RESTS[min(endpoint.failures, len(RESTS)) - 1])
        wish = timedelta(seconds=min(outcome.retry_after or 0, LONGEST_WISH))
        endpoint.rests_until = now + max(rest, wish)
    endpoint.save(update_fields=["failures", "failing_since", "last_error", "last_error_at", "rests_until"])


def _switch_off(endpoint: Endpoint, why: Endpoint.Why) -> None:
    endpoint.switch_off(why)
    endpoint.save(update_fields=["active", "why_off"])
    logger.warning("Webhook %s was switched off: %s", endpoint.pk, why.label)
    notices.switched_off(endpoint)


def forget_old() -> None:
    """Deliveries that ended a month ago; a bounded number each time."""
    ended = Delivery.objects.exclude(state=Delivery.State.PENDING).filter(
        created_at__lt=timezone.now() - KEPT
    )
    Delivery.objects.filter(pk__in=list(ended.values_list("pk", flat=True)[:SWEPT_AT_ONCE])).delete()
