"""What oversight does when something happens to a ticket. Rows only, in the Event's transaction."""

from __future__ import annotations

import random
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from tickets.audit import Event, EventKind, subscribe
from tickets.background import jobs
from tickets.models import Message
from triage.models import INTENT_CORRECTED, Decision
from triage.oversight import drift, evidence, preview, recall, trail, versions, watch


def draw_for_review(event: Event) -> None:
    decision = Decision.objects.filter(pk=event.facts.get("decision")).first()
    if decision is not None:
        evidence.draw(decision, changed=changed_lately())


def draw_from_the_escalated(event: Event) -> None:
    """The lot is drawn first: few of them are ever looked at."""
    share = settings.TRIAGE_AUDIT_SHARE_ESCALATED
    if event.facts.get("decision") is None or random.random() >= share:  # noqa: S311
        return
    decision = Decision.objects.filter(pk=event.facts["decision"]).first()
    if decision is not None:
        evidence.take_escalated(decision, share)


def note_refusal(event: Event) -> None:
    if event.facts.get("solved") is False:
        evidence.refuse(event.ticket_id)


def score_first_reply(event: Event) -> None:
    message = event.message
    if message is not None and message.sender == Message.Sender.AGENT:
        evidence.score_reply(event.ticket_id, message.body)


def score_correction(event: Event) -> None:
    evidence.score_correction(event.ticket_id)


def changed_lately() -> bool:
    """Whether the policy changed within CHANGED_FOR; the stop and its end are no change of what is sent."""
    since: timedelta = evidence.CHANGED_FOR
    real = versions.PolicyVersion.objects.filter(changes__gt=0, at__gte=timezone.now() - since)
    return bool(real.exists())


SUBSCRIBERS = {
    EventKind.AUTO_RESOLVED: draw_for_review,
    EventKind.ESCALATED: draw_from_the_escalated,
    EventKind.FEEDBACK: note_refusal,
    EventKind.REPLIED: score_first_reply,
    INTENT_CORRECTED: score_correction,
}


def note_unrecorded() -> None:
    versions.note_unrecorded()


def subscribe_all() -> None:
    """Once, when the app is ready."""
    jobs.register(versions.FLIPS, preview.count_flips)
    jobs.register(recall.KIND, recall.perform)
    jobs.register_sweep(note_unrecorded)
    jobs.register_sweep(watch.sweep)
    jobs.register_sweep(drift.sweep)
    jobs.register_beat(trail.seal_versions)
    for kind, function in SUBSCRIBERS.items():
        subscribe(kind, function)
