"""From an agent's wish to a proposal: the question is made and kept, and a worker asks it.

The page never waits for the model, and nothing of a ticket's own way ever does.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from tickets.background import jobs
from tickets.background.faults import describe
from tickets.models import Message, Ticket
from triage.answers import language, language_tags
from triage.core.reading.text import clean
from triage.drafts import conversation, endpoint, grounding, limits, prompts, spans, translating
from triage.drafts.faults import Fault, NotNow
from triage.drafts.masking import Masks
from triage.drafts.models import KIND, Proposal
from triage.models import Decision

logger = logging.getLogger(__name__)

SAME_WITHIN: Final = timedelta(days=1)  # so long an answer to the same question serves again
TRANSLATED: Final = (Proposal.Kind.TRANSLATION, Proposal.Kind.ANSWER)
MOST_MESSAGES: Final = 12  # of the ticket in the question for a reply
MOST_MESSAGE_CHARS: Final = 2_000


def ask_for_reply(ticket: Ticket, agent: User) -> Proposal:
    """A draft for ``ticket``, to be ready soon. NotNow where there is nothing to ask."""
    decision = ticket.decisions.select_related("intent", "corrected_intent").order_by("-run").first()
    tag = spans.language_of(ticket, decision)
    found = spans.for_reply(ticket, decision, tag)
    if not found:
        raise NotNow("nothing")
    masks = Masks(_names(ticket))
    asked = prompts.reply(
        _messages(ticket, masks),
        {name: masks.hide(one.text) if one.kind == "ticket" else one.text for name, one in found.items()},
    )
    kept = {name: one.kept() for name, one in found.items()}
    return ask({"ticket": ticket}, agent, Proposal.Kind.REPLY, asked, kept, tag)


def ask_for_summary(ticket: Ticket, agent: User) -> Proposal:
    found = conversation.for_summary(ticket)
    if not found:
        raise NotNow("short")
    masks = Masks(_names(ticket))
    told = {name: {"by": one.source, "text": masks.hide(one.text)} for name, one in found.items()}
    kept = {name: one.kept() for name, one in found.items()}
    return ask({"ticket": ticket}, agent, Proposal.Kind.SUMMARY, prompts.summary(told), kept, "")


def ask_for_translation(ticket: Ticket, agent: User, reply: str) -> Proposal:
    """Of what the agent has written, into what the customer reads. Nothing of the ticket goes along."""
    if not reply.strip():
        raise NotNow("empty")
    if len(reply) > translating.MOST_CHARS:
        raise NotNow("long")
    decision: Decision | None = ticket.decisions.order_by("-run").first()
    tag = translating.wanted_language(ticket, decision.language if decision else "")
    if not tag:
        raise NotNow("unknown_language")
    if language.detect(reply, default=settings.TRIAGE_LANGUAGE) == tag:
        raise NotNow("same_language")
    masks = Masks([*_names(ticket), *agent.name.split()])
    lines = translating.lines_of(reply, masks)
    if len(lines) > translating.MOST_LINES:
        raise NotNow("long")
    kept = {f"L{number}": asdict(line) for number, line in enumerate(lines, start=1)}
    asked = prompts.translation({name: line["hidden"] for name, line in kept.items() if line["hidden"]}, tag)
    return ask(
        {"ticket": ticket}, agent, Proposal.Kind.TRANSLATION, asked, {"lines": kept, "masks": masks.kept}, tag
    )


def _names(ticket: Ticket) -> list[str]:
    return [word for word in ticket.requester_name.split() if len(word) > 1]


def _messages(ticket: Ticket, masks: Masks) -> list[dict[str, str]]:
    """What was said between customer and team, oldest first. No notes of the team, no files, no other ticket."""
    public = ticket.messages.filter(kind=Message.Kind.REPLY).order_by("-id")
    rows = list(public.values_list("sender", "body")[:MOST_MESSAGES])[::-1]
    told = [
        {"by": conversation.WHO[Message.Sender(sender)], "text": masks.hide(clean(body)[:MOST_MESSAGE_CHARS])}
        for sender, body in rows
    ]
    return [{"by": "Subject", "text": masks.hide(clean(ticket.subject))}, *told]


# --- asking ------------------------------------------------------------------------------------------------


def ask(
    about: Mapping[str, Any], agent: User, kind: Proposal.Kind, asked: prompts.Messages, kept: Mapping[str, Any], tag: str
) -> Proposal:  # fmt: skip
    """Keep the question and have a worker ask it; the same one, asked lately, is answered by what there is.

    ``about`` is the ticket or the approved answer that it is about, by the name of its field.
    """
    prompt = json.dumps(asked, ensure_ascii=False)
    if len(prompt) > prompts.MOST_CHARS:
        raise NotNow("long")
    told = f"{settings.LLM_URL} {settings.LLM_MODEL} {json.dumps(kept, sort_keys=True)} {prompt}"
    fingerprint = hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()
    known = _known(about, kind, fingerprint)
    if known is not None:
        return known
    cost = endpoint.guessed_tokens(prompt) + settings.LLM_MAX_TOKENS
    limits.refuse_what_cannot_be(cost)
    with transaction.atomic():
        proposal = Proposal.objects.create(
            **about, agent=agent, kind=kind, model=settings.LLM_MODEL, language=tag, fingerprint=fingerprint,
            prompt=prompt, spans=kept, tokens=cost,
        )  # fmt: skip
        jobs.enqueue(KIND, proposal.pk, key=str(proposal.pk))
    return proposal


def _known(about: Mapping[str, Any], kind: Proposal.Kind, fingerprint: str) -> Proposal | None:
    since = timezone.now() - SAME_WITHIN
    same = Proposal.objects.filter(**about, kind=kind, fingerprint=fingerprint, created_at__gte=since)
    found = same.exclude(state=Proposal.State.FAILED).exclude(outcome=Proposal.Outcome.REFUSED).first()
    return None if found is not None and found.is_overdue else found


# --- writing -------------------------------------------------------------------------------------------------


def write(proposal_id: int) -> None:
    """The worker's part: ask the model, and keep what of its answer is ours. Twice is once."""
    proposal = Proposal.objects.filter(pk=proposal_id).waiting().first()
    if proposal is None:
        return
    if not limits.is_on() or proposal.is_overdue:
        proposal.fail("late" if limits.is_on() else "off", tokens=0)
        return
    began = time.monotonic()
    written = None
    try:
        written = endpoint.complete(json.loads(proposal.prompt), _schema(proposal))
        made = _grounded(proposal, written.text)
    except Fault as fault:
        tokens = written.tokens if written else fault.tokens
        said = written.text if written else fault.answer
        proposal.fail(fault.code, answer=said, tokens=tokens, milliseconds=_since(began))
        return
    except Exception as error:
        # Arbitrary text of a machine must end in a sentence to the agent, never in silence.
        logger.warning("A draft could not be made: %s", describe(error))
        proposal.fail("failed", milliseconds=_since(began))
        return
    proposal.finish(
        answer=written.text, parts=made.parts, struck=made.struck, tokens=written.tokens, milliseconds=_since(began)
    )  # fmt: skip


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _schema(proposal: Proposal) -> dict[str, Any]:
    if proposal.kind in TRANSLATED:
        return prompts.lines_schema(
            [name for name, line in proposal.spans["lines"].items() if line["hidden"]]
        )
    most = prompts.MOST_CHOSEN if proposal.kind == Proposal.Kind.REPLY else prompts.MOST_SUMMED
    return prompts.choice_schema(list(proposal.spans), most)


def _grounded(proposal: Proposal, answer: str) -> grounding.Grounded:
    if proposal.kind in TRANSLATED:
        return grounding.translation(answer, proposal.spans, language_tags.base(proposal.language))
    made = grounding.reply if proposal.kind == Proposal.Kind.REPLY else grounding.summary
    return made(answer, proposal.spans)
