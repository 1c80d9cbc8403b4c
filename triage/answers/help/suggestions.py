"""Approved answers that fit what somebody is writing; nothing of strangers, and nothing where a person must read it.

The engine reads the text as it would a ticket, with what this process has loaded and for a moment only: where it is
busy, or was not loaded, there is no suggestion.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tickets.words import languages
from triage.answers import language
from triage.answers.help import library
from triage.answers.help.library import Page
from triage.core.types import Assessment
from triage.running.runtime import runtime

SECONDS: Final = 0.08  # for the engine
READ_CHARS: Final = 2_000
FEWEST_WORDS: Final = 3
#: A suggestion is a guess that the reader judges: less belief is needed than for sending it.
LEAST_BELIEF: Final = 0.4
LEAST_OF_RUNNER_UP: Final = 0.15
MOST: Final = 3


def fitting(text: str, page_language: str) -> list[Page]:
    """The articles to offer for ``text``, best first."""
    written = text.strip()[:READ_CHARS]
    if len(written.split()) < FEWEST_WORDS:
        return []
    supported = languages.supported(page_language) or page_language
    shelf = library.exactly(language.detect(written, default=supported.partition("-")[0]))
    if not shelf.pages:
        return []
    assessment = runtime.glance(written, SECONDS)
    slugs = wanted(assessment) if assessment is not None else []
    return [shelf.pages[slug] for slug in slugs if slug in shelf.pages][:MOST]


def wanted(assessment: Assessment) -> Sequence[str]:
    """The intents that the text plainly asks for. None where a rule or the stance says that it does not just ask."""
    plain = assessment.guard is None and assessment.stance is None
    if not (plain and assessment.in_scope and assessment.read_whole) or assessment.asked_for_person:
        return []
    if assessment.several_questions:
        return list(assessment.asked)
    if assessment.intent is None or not assessment.confidence >= LEAST_BELIEF:
        return []
    second = assessment.runner_up if assessment.runner_up_confidence >= LEAST_OF_RUNNER_UP else None
    return [slug for slug in (assessment.intent, second) if slug]
