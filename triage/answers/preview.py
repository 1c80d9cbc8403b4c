"""An answer as each of its readers will get it, with sample values."""

from __future__ import annotations

from collections.abc import Iterator

from triage.answers import house, variables
from triage.models import Answer


def readings(answer: Answer, known: house.House) -> Iterator[tuple[str, str]]:
    """Each form that somebody may get: who gets it, and the text."""
    letter = answer.letter
    if letter.guest:
        yield "With an account", _filled(answer, letter.body, known, has_account=True)
        yield "Without an account", _filled(answer, letter.guest, known)
    else:
        yield "Everybody", _filled(answer, letter.body, known)
    if letter.short:
        yield "A question of one line", _filled(answer, letter.short, known)


def _filled(answer: Answer, text: str, known: house.House, *, has_account: bool = False) -> str:
    ticket = variables.sample_ticket(answer.intent.title, has_account=has_account)
    return variables.fill(text, ticket, known, answer.language)
