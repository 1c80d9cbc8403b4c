"""A question gets what a new ticket with the same text by the same person would get: an approved answer, or a refusal.

No ticket is made and nobody is told. Who wants a person after a refusal sends a ticket.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace

from django.conf import settings

from accounts.models import User
from tickets.background.faults import describe
from tickets.models import Ticket
from tickets.querysets import mailbox_of
from triage.answers import facts, language
from triage.core import types as core
from triage.core.deciding import gates
from triage.machines.models import Asking
from triage.models import Answer, Intent
from triage.oversight import ladder, switch
from triage.running import memory
from triage.running.basis import Basis
from triage.running.runtime import Assessed, policy_config, runtime

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Said:
    """What the asker gets. ``bound`` is the upper limit of the intent's error at 90 % confidence, where it is known."""

    answer: str | None
    intent: str | None
    confidence: float
    threshold: float
    bound: float | None
    reason: str
    decision: int


def ask(user: User, question: str) -> Said:
    """Judge and keep what was decided. Fails closed: whatever goes wrong is a refusal with that reason."""
    spoken = settings.TRIAGE_LANGUAGE
    try:
        spoken = language.detect(question, default=settings.TRIAGE_LANGUAGE)
        assessed = runtime.assess("", question)
    except Exception as error:
        # As in the pipeline: any fault with arbitrary text must end with a refusal, never with silence.
        logger.warning("A machine’s question could not be judged: %s", describe(error))
        return _refused(user, spoken)
    slug = assessed.assessment.intent
    intent = Intent.objects.filter(slug=slug).first() if slug else None
    ticket = as_ticket(user)
    basis = Basis(
        seen=0,
        text=hashlib.sha256(question.encode(errors="surrogatepass")).hexdigest(),
        is_open=True,
        human_requested=False,
        language=spoken,
        policy=assessed.snapshot.policies.get(slug or ""),
        config=policy_config(),
        sent_before=memory.look(ticket, slug).sent_before,
        stopped=switch.is_stopped(),
        machine_sent=False,
    )
    decision = basis.decide(assessed.assessment)
    answer, text = _answer(intent, ticket, spoken, question)
    if text is None and decision.action is core.Action.AUTO_RESOLVE:
        decision = replace(basis, withdrawn=True).decide(assessed.assessment)
    return _kept(user, decision, assessed, intent, answer, text, spoken)


def as_ticket(user: User) -> Ticket:
    """A ticket of this person that is in no table: what answers are written to, and memory goes by."""
    own = (
        User.objects.filter(pk=user.pk)
        .annotate(reached=mailbox_of("email"))
        .values_list("reached", flat=True)
    )
    ticket = Ticket(pk=0, requester=user, requester_email=user.email, requester_name=user.name)
    ticket.mailbox = own.get()
    return ticket


def _answer(
    intent: Intent | None, ticket: Ticket, spoken: str, question: str
) -> tuple[Answer | None, str | None]:
    """The approved answer in the question's language and its text; None for the text where it lacks anything."""
    answer = intent.approved_answer(spoken) if intent is not None else None
    if answer is None or not answer.is_in(spoken):
        return None, None
    known = facts.current()
    if answer.missing_facts(known):
        return answer, None
    return answer, answer.render(ticket, known, asked=question)


def _kept(
    user: User, decision: core.Decision, assessed: Assessed, intent: Intent | None, answer: Answer | None, text: str | None,
    spoken: str,
) -> Said:  # fmt: skip
    answered = decision.action is core.Action.AUTO_RESOLVE and text is not None
    row = Asking.objects.create(
        user=user,
        answered=answered,
        intent_slug=decision.assessment.intent or "",
        confidence=_probability(decision.assessment.confidence),
        threshold=decision.threshold,
        reason=decision.reason,
        language=spoken,
        answer=answer if answered else None,
        model_version=assessed.snapshot.champion,
        rules_fingerprint=assessed.snapshot.rules_fingerprint,
    )
    known = ladder.evidence(intent) if intent is not None else None
    return Said(
        answer=text if answered else None,
        intent=decision.assessment.intent,
        confidence=row.confidence,
        threshold=decision.threshold,
        bound=known.bound if known is not None and known.seen else None,
        reason=decision.reason,
        decision=row.pk,
    )


def _refused(user: User, spoken: str) -> Said:
    reason = gates.ENGINE_FAILED.reason
    row = Asking.objects.create(
        user=user,
        answered=False,
        confidence=0.0,
        threshold=settings.TRIAGE_THRESHOLD,
        reason=reason,
        language=spoken,
    )
    return Said(None, None, 0.0, row.threshold, None, reason, row.pk)


def _probability(value: float) -> float:
    return value if 0.0 <= value <= 1.0 else 0.0
