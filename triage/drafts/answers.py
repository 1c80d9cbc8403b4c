"""A translation of an approved answer, proposed by the model. It goes into a form: a person saves it, another approves.

What stands in curly brackets is masked, so that the model can neither lose nor invent a variable.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from accounts.models import User
from triage.answers import language_tags
from triage.drafts import asking, letters, prompts, translating
from triage.drafts.faults import NotNow
from triage.drafts.masking import KINDS, VARIABLE, Masks
from triage.drafts.models import Proposal
from triage.models import Answer


def ask_for_answer(original: Answer, tag: str, by: User) -> Proposal:
    """Have ``original`` translated into ``tag``. NotNow where it cannot be asked."""
    if original.is_in(tag):
        raise NotNow("same_language")
    masks = Masks(kinds=(VARIABLE, *KINDS))
    kept: dict[str, dict[str, Any]] = {}
    for name in Answer.TEXTS:
        text = getattr(original, name)
        lines = translating.lines_of(text, masks) if text else []
        kept |= {f"{name}-{place}": {**asdict(line), "of": name} for place, line in enumerate(lines, start=1)}
    asked = {name: line["hidden"] for name, line in kept.items() if line["hidden"]}
    if len(asked) > translating.MOST_LINES:
        raise NotNow("long")
    return asking.ask(
        {"approved": original}, by, Proposal.Kind.ANSWER, prompts.translation(asked, language_tags.base(tag)),
        {"lines": kept, "masks": masks.kept}, tag,
    )  # fmt: skip


def newest(original: Answer, tag: str) -> Proposal | None:
    """What was asked last of this text in this language, with its words still there."""
    asked = Proposal.objects.filter(approved=original, kind=Proposal.Kind.ANSWER, language=tag)
    return asked.exclude(outcome=Proposal.Outcome.REFUSED).exclude(prompt="").first()


def texts(proposal: Proposal) -> dict[str, str]:
    """Each text of the answer as it was translated; a struck line stands in the original's words."""
    return {
        name: letters.translated([part for part in proposal.parts if part.get("of") == name])
        for name in Answer.TEXTS
    }
