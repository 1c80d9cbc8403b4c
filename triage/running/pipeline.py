"""Assess, record, act. The engine runs without a lock; what follows is one transaction.

A human always beats the machine: if the ticket is no longer untouched when the lock is taken, the decision
is kept as a suggestion. An answer is only sent by the policy, and to the words, that stand at that moment; if
either changed meanwhile, the ticket is judged again. Whatever fails leads to an escalation, never to silence.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.conf import settings
from django.db import transaction

from tickets.background.faults import describe
from tickets.channels.voice.models import Recording
from tickets.mail import claimed
from tickets.models import Handover, Status, Ticket
from tickets.teams import routing
from triage.answers import facts, language
from triage.answers.house import House
from triage.core import types as core
from triage.core.deciding import gates
from triage.models import FIRST_RUN, Answer, Decision, Intent, PolicyRevision, RulebookVersion
from triage.oversight import switch
from triage.running import memory
from triage.running.basis import Basis, read
from triage.running.runtime import EngineSlow, Shelf, Snapshot, policy_config, runtime

logger = logging.getLogger(__name__)

ATTEMPTS = 3


class Outdated(Exception):
    """The policy, or what was said to this person, changed while the ticket was judged; or everything was stopped."""


@dataclass(frozen=True)
class Verdict:
    """A core decision with what the row must say of where it came from. No basis where the engine failed."""

    decision: core.Decision
    language: str
    snapshot: Snapshot | None = None
    latency_ms: float = 0.0
    basis: Basis | None = None


def triage_ticket(ticket: Ticket, *, is_new: bool = False) -> Decision:
    """The ticket's decision: the one it has, or a new one, recorded and acted upon. Safe to call twice.

    ``is_new``: the caller knows that it has none yet. ``ticket`` itself is brought up to date where it was acted upon.
    """
    failure: Exception = Outdated()
    for attempt in range(ATTEMPTS):
        if attempt:
            ticket.forget_opening()  # more may have been said since
        known = None if is_new and not attempt else ticket.decisions.filter(run=FIRST_RUN).first()
        if known is not None:
            return known
        try:
            return _record_and_act(ticket, judge(ticket))
        except (Outdated, claimed.Spent) as error:  # also if its mails of the day went out meanwhile
            failure = error
        except Exception as error:
            # Another process decided first (UNIQUE(ticket, run): the next round finds its decision), or the
            # database refuses what the engine said, and then only a person can help.
            logger.warning("A decision on ticket %s was not recorded: %s", ticket.reference, describe(error))
            failure = error
    return _record_and_act(ticket, _failed(gates.ENGINE_FAILED, failure, settings.TRIAGE_LANGUAGE))


def judge(ticket: Ticket) -> Verdict:
    """Assess what the requester wrote and put it through the gates. Fails closed whatever the engine does."""
    reading = read(ticket)
    language_tag = settings.TRIAGE_LANGUAGE
    try:
        language_tag = language.detect(f"{reading.subject}. {reading.body}", default=settings.TRIAGE_LANGUAGE)
        assessed = runtime.assess(reading.subject, reading.body)
    except EngineSlow as error:
        return _failed(gates.ENGINE_SLOW, error, language_tag)
    except Exception as error:
        # The engine is the one part that meets arbitrary text and files; any fault there must end with a person.
        logger.exception("Triage of ticket %s failed", ticket.reference)
        return _failed(gates.ENGINE_FAILED, error, language_tag)
    known = memory.look(ticket, assessed.assessment.intent)
    basis = Basis(
        seen=reading.seen,
        text=reading.fingerprint,
        is_open=reading.untouched and (ticket.may_be_automated or ticket.human_requested),
        human_requested=ticket.human_requested,
        language=language_tag,
        policy=assessed.snapshot.policies.get(assessed.assessment.intent or ""),
        config=policy_config(),
        sent_before=known.sent_before,
        stopped=switch.is_stopped() if assessed.snapshot.stopped is None else assessed.snapshot.stopped,
        machine_sent=ticket.machine_sent,
        mail_spent=known.mail_spent,
        spoken=Recording.objects.of_ticket(ticket.pk).least_confidence() if settings.VOICE_MODEL else None,
    )
    decision = basis.decide(assessed.assessment)
    return Verdict(decision, language_tag, assessed.snapshot, assessed.latency_ms, basis)


def _failed(reason: gates.Words, error: Exception, language_tag: str) -> Verdict:
    nothing = core.Assessment(intent=None, confidence=0.0)
    decision = core.Decision(
        assessment=nothing,
        action=core.Action.ESCALATE,
        reason=reason.reason,
        threshold=settings.TRIAGE_THRESHOLD,
        detail=f"{reason.staff}: {error}"[:400],
    )
    return Verdict(decision, language_tag)


def _record_and_act(ticket: Ticket, verdict: Verdict) -> Decision:
    """What is sent is looked at under the lock; to hand over a new ticket, it is enough that nobody was faster."""
    if ticket.opening is not None and verdict.decision.action is not core.Action.AUTO_RESOLVE:
        with ticket.as_made():
            return _record(ticket, verdict)
    ticket.forget_opening()
    with Ticket.objects.all().held(ticket.pk) as held:
        row = _record(held, verdict)
    for field in ticket._meta.concrete_fields:  # the caller's own instance shows what was done
        setattr(ticket, field.attname, getattr(held, field.attname))
    return row


def _record(ticket: Ticket, verdict: Verdict) -> Decision:
    slug = verdict.decision.assessment.intent or ""
    shelf = _shelf(verdict, slug)
    intent, answer = shelf.find(slug, verdict.language)
    if answer is None or not answer.is_in(verdict.language) or answer.missing_facts(shelf.house):
        verdict = _without_answer(verdict)
    answers = verdict.decision.action is core.Action.AUTO_RESOLVE
    applied = ticket.state is Status.OPEN and (ticket.may_be_automated or not answers)
    if applied and answers:
        _refuse_outdated(ticket, verdict)
    row = decision_row(ticket, verdict)
    row.intent, row.answer, row.applied = intent, answer, applied
    row.response = answer.render(ticket, shelf.house) if answer else ""
    row.save()
    if verdict.snapshot:
        _keep_rules(verdict.snapshot)
    routing.route(ticket, slug)
    if applied:
        _act(ticket, row, Handover(gates.next_step(verdict.decision)))
    return row


def _shelf(verdict: Verdict, slug: str) -> Shelf:
    """What there is to say: read under the lock where it would be sent, else as it stood a moment ago."""
    known = verdict.snapshot.shelf if verdict.snapshot else None
    if known is not None and verdict.decision.action is not core.Action.AUTO_RESOLVE:
        return known
    intent = Intent.objects.filter(slug=slug).first() if slug else None
    if intent is None:
        return Shelf({}, {}, House())
    approved = list(intent.answers.filter(state=Answer.State.APPROVED))
    return Shelf({slug: intent}, {slug: approved}, facts.current() if approved else House())


def _keep_rules(snapshot: Snapshot) -> None:
    """The row of these rules is written once, and known to be there from the commit on."""
    if snapshot.rules_fingerprint not in snapshot.kept:
        RulebookVersion.keep(snapshot.engine.rulebook)
        transaction.on_commit(lambda: snapshot.kept.add(snapshot.rules_fingerprint))


def _without_answer(verdict: Verdict) -> Verdict:
    """Retired, or a fact taken back, between the assessment and now; what is left may be in another language."""
    if verdict.basis is None or not verdict.decision.would_send:
        return verdict
    basis = replace(verdict.basis, withdrawn=True)
    return replace(verdict, basis=basis, decision=basis.decide(verdict.decision.assessment))


def _refuse_outdated(ticket: Ticket, verdict: Verdict) -> None:
    seen = verdict.basis.seen if verdict.basis else 0
    newer = ticket.messages.filter(pk__gt=seen).exists()
    memory.take_turn(ticket)
    newer = newer or memory.look(ticket, verdict.decision.assessment.intent).sent_before
    newer = newer or switch.is_stopped()
    if newer or (verdict.snapshot and verdict.snapshot.revision != PolicyRevision.current()):
        raise Outdated("What the requester wrote, or the policy, kept changing.")


def _act(ticket: Ticket, row: Decision, step: Handover) -> None:
    facts = {"decision": row.pk, "confidence": row.confidence, "intent": row.intent_slug}
    if row.action == core.Action.AUTO_RESOLVE:
        ticket.auto_resolve(row.response, facts=facts)
    else:
        ticket.escalate(row.reason, step=step, facts=facts)


def decision_row(ticket: Ticket, verdict: Verdict) -> Decision:
    """The decision as a row that is not saved yet, without what was sent."""
    decided, snapshot, basis = verdict.decision, verdict.snapshot, verdict.basis
    return Decision(
        ticket=ticket,
        run=FIRST_RUN,
        **assessment_columns(decided.assessment),
        **gate_columns(decided),
        language=verdict.language,
        basis=basis.as_json() | kept_facts(decided) if basis else {},
        model_version=snapshot.champion if snapshot else None,
        rules_fingerprint=snapshot.rules_fingerprint if snapshot else "",
        latency_ms=verdict.latency_ms,
    )


def assessment_columns(assessment: core.Assessment) -> dict[str, Any]:
    return {
        "intent_slug": assessment.intent or "",
        "confidence": storable(assessment.confidence),
        "runner_up": assessment.runner_up or "",
        "margin": storable(assessment.margin),
        "source": assessment.source.value,
        "terms": [asdict(term) for term in assessment.terms],
        "similar": [asdict(similar) for similar in assessment.similar],
        "objection": asdict(assessment.objection) if assessment.objection else None,
    }


def gate_columns(decided: core.Decision) -> dict[str, Any]:
    return {
        "action": decided.action.value,
        "reason": decided.reason,
        "threshold": decided.threshold,
        "detail": decided.detail[:400],
        "would_send": decided.would_send,
    }


def kept_facts(decided: core.Decision) -> dict[str, Any]:
    """What the gates looked at and no column of its own tells, and which of them failed."""
    return {**decided.facts, "failed": list(decided.failed)}


def storable(probability: float) -> float:
    """What is no probability (NaN from a broken model) was refused by the gates and is kept as 0."""
    return probability if 0.0 <= probability <= 1.0 else 0.0
