"""Assess, record, act. The engine runs without a lock; what follows is one transaction.

A human always beats the machine: if the ticket is no longer untouched when the lock is taken, the decision
is kept as a suggestion. An answer is only sent by the policy, and to the words, that stand at that moment; if
either changed meanwhile, the ticket is judged again. Whatever fails leads to an escalation, never to silence.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tickets import jobs
from tickets.models import Message, Status, Ticket
from triage import language
from triage.core import policy
from triage.core import types as core
from triage.models import Decision, Intent, PolicyRevision
from triage.runtime import EngineSlow, Snapshot, policy_config, runtime

logger = logging.getLogger(__name__)

KIND = "triage"
FIRST_RUN = 1
ATTEMPTS = 3
UNTRIAGED_AFTER = timedelta(seconds=30)
SWEEP_BATCH = 200


class Outdated(Exception):
    """The policy or the conversation changed while the ticket was judged."""


@dataclass(frozen=True)
class Verdict:
    """A core decision with what the row must say of where it came from. ``seen`` is the last message read."""

    decision: core.Decision
    language: str
    snapshot: Snapshot | None = None
    latency_ms: float = 0.0
    seen: int = 0


def perform(ticket_id: int) -> None:
    """The job: triage the ticket if it is still there."""
    ticket = Ticket.objects.filter(pk=ticket_id).first()
    if ticket is not None:
        triage_ticket(ticket)


def triage_ticket(ticket: Ticket) -> Decision:
    """The ticket's decision: the one it has, or a new one, recorded and acted upon. Safe to call twice."""
    failure: Exception = Outdated()
    for _ in range(ATTEMPTS):
        known = ticket.decisions.filter(run=FIRST_RUN).first()
        if known is not None:
            return known
        try:
            return _record_and_act(ticket, judge(ticket))
        except Outdated as error:
            failure = error
        except Exception as error:
            # Another process decided first (UNIQUE(ticket, run): the next round finds its decision), or the
            # database refuses what the engine said, and then only a person can help.
            logger.warning("A decision on ticket %s was not recorded: %s", ticket.reference, error)
            failure = error
    return _record_and_act(ticket, _failed(core.Reason.ENGINE_FAILED, failure, settings.TRIAGE_LANGUAGE))


def judge(ticket: Ticket) -> Verdict:
    """Assess what the requester wrote and put it through the gates. Fails closed whatever the engine does."""
    written = list(ticket.messages.order_by("id"))
    body = "\n\n".join(one.body for one in written if one.sender == Message.Sender.REQUESTER)
    untouched = all(one.sender == Message.Sender.REQUESTER for one in written)
    tongue = settings.TRIAGE_LANGUAGE
    try:
        tongue = language.detect(f"{ticket.subject}. {body}", default=settings.TRIAGE_LANGUAGE)
        assessed = runtime.assess(ticket.subject, body)
    except EngineSlow as error:
        return _failed(core.Reason.ENGINE_SLOW, error, tongue)
    except Exception as error:
        # The engine is the one part that meets arbitrary text and files; any fault there must end with a person.
        logger.exception("Triage of ticket %s failed", ticket.reference)
        return _failed(core.Reason.ENGINE_FAILED, error, tongue)
    decision = policy.decide(
        assessed.assessment,
        intents=assessed.snapshot.policies,
        language=tongue,
        config=policy_config(),
        is_open=untouched and (ticket.may_be_automated or ticket.human_requested),
    )
    if ticket.human_requested:
        decision = _asked_for_person(decision)
    seen = written[-1].pk if written else 0
    return Verdict(decision, tongue, assessed.snapshot, assessed.latency_ms, seen)


def _asked_for_person(decision: core.Decision) -> core.Decision:
    """The form's "I want a person" weighs as much as the words would."""
    return core.Decision(
        assessment=decision.assessment,
        action=core.Action.ESCALATE,
        reason=core.Reason.ASKED_FOR_PERSON,
        threshold=decision.threshold,
        detail="The requester ticked that a person should answer.",
    )


def _failed(reason: core.Reason, error: Exception, tongue: str) -> Verdict:
    nothing = core.Assessment(intent=None, confidence=0.0)
    decision = core.Decision(
        assessment=nothing,
        action=core.Action.ESCALATE,
        reason=reason,
        threshold=settings.TRIAGE_THRESHOLD,
        detail=f"{policy.REASON_TEXT[reason]}: {error}"[:400],
    )
    return Verdict(decision, tongue)


@transaction.atomic
def _record_and_act(ticket: Ticket, verdict: Verdict) -> Decision:
    ticket = Ticket.objects.select_for_update().get(pk=ticket.pk)
    decided = verdict.decision
    intent = Intent.objects.filter(slug=decided.assessment.intent or "").first()
    answer = intent.approved_answer(verdict.language) if intent else None
    action, reason = decided.action, decided.reason
    if action is core.Action.AUTO_RESOLVE and (answer is None or answer.language != verdict.language):
        # Retired between the assessment and now; what is left may be in another language.
        action, reason = core.Action.ESCALATE, core.Reason.NO_ANSWER
    applied = ticket.state is Status.OPEN and (
        ticket.may_be_automated or action is not core.Action.AUTO_RESOLVE
    )
    if applied and action is core.Action.AUTO_RESOLVE:
        _refuse_outdated(ticket, verdict)
    response = answer.render(ticket) if answer else ""
    row = _decision_row(ticket, verdict, action, reason)
    row.intent, row.answer, row.response, row.applied = intent, answer, response, applied
    row.save()
    if applied:
        _act(ticket, row)
    return row


def _refuse_outdated(ticket: Ticket, verdict: Verdict) -> None:
    newer = ticket.messages.filter(pk__gt=verdict.seen).exists()
    if newer or (verdict.snapshot and verdict.snapshot.revision != PolicyRevision.current()):
        raise Outdated("What the requester wrote, or the policy, kept changing.")


def _act(ticket: Ticket, row: Decision) -> None:
    facts = {"decision": row.pk, "confidence": row.confidence, "intent": row.intent_slug}
    if row.action == core.Action.AUTO_RESOLVE:
        ticket.auto_resolve(row.response, facts=facts)
    else:
        ticket.escalate(row.reason, facts=facts)


def _decision_row(ticket: Ticket, verdict: Verdict, action: core.Action, reason: core.Reason) -> Decision:
    decided, snapshot = verdict.decision, verdict.snapshot
    assessment = decided.assessment
    return Decision(
        ticket=ticket,
        run=FIRST_RUN,
        intent_slug=assessment.intent or "",
        confidence=storable(assessment.confidence),
        runner_up=assessment.runner_up or "",
        margin=storable(assessment.margin),
        threshold=decided.threshold,
        action=action,
        reason=reason,
        detail=decided.detail[:400],
        source=assessment.source,
        language=verdict.language,
        terms=[asdict(term) for term in assessment.terms],
        similar=[asdict(similar) for similar in assessment.similar],
        objection=asdict(assessment.objection) if assessment.objection else None,
        model_version=snapshot.champion if snapshot else None,
        rules_fingerprint=snapshot.rules_fingerprint if snapshot else "",
        latency_ms=verdict.latency_ms,
    )


def storable(probability: float) -> float:
    """What is no probability (NaN from a broken model) was refused by the gates and is kept as 0."""
    return probability if 0.0 <= probability <= 1.0 else 0.0


def sweep_untriaged() -> None:
    """Give every open ticket without a decision its job back, whatever happened to the first."""
    before = timezone.now() - UNTRIAGED_AFTER
    lost = Ticket.objects.filter(status=Status.OPEN, created_at__lt=before, decisions=None)
    for pk in lost.values_list("pk", flat=True)[:SWEEP_BATCH]:
        job = jobs.enqueue(KIND, pk, key=f"{pk}:{FIRST_RUN}")
        job.refresh_from_db()
        if job.finished_at or job.failed_at:
            job.revive()
