"""What a new ticket with some text would get from what is installed: champion, rules, guards, modes, answers, stop.

Writes nothing. The simulator shows one, ``evaluate_triage --installed`` measures many.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from triage.answers import language
from triage.core import types as core
from triage.core.deciding import policy
from triage.oversight import switch
from triage.running.runtime import policy_config, runtime

_SUBJECT = "subject:"


@dataclass(frozen=True)
class DryRun:
    decision: core.Decision
    language: str
    latency_ms: float


def decide_new(subject: str, body: str) -> DryRun:
    """Assess and decide as triage would for a new ticket with this text.

    Raises what the engine raises; a real ticket would be escalated with that failure as its reason.
    """
    language_tag = language.detect(f"{subject}. {body}", default=settings.TRIAGE_LANGUAGE)
    assessed = runtime.assess(subject, body)
    decision = policy.decide(
        assessed.assessment,
        intents=assessed.snapshot.policies,
        language=language_tag,
        config=policy_config(),
        stopped=switch.is_stopped(),
    )
    return DryRun(decision, language_tag, assessed.latency_ms)


def split_subject(text: str) -> tuple[str, str]:
    """Take a first line ``Subject: …`` off a text: (subject, body)."""
    first, _, rest = text.lstrip().partition("\n")
    if first.lower().startswith(_SUBJECT):
        return first[len(_SUBJECT) :].strip(), rest
    return "", text
