"""An approved letter as an article: what speaks to one person about one ticket is left out."""

from __future__ import annotations

import re
from typing import Final

from django.conf import settings
from django.urls import reverse

from triage.answers import house, language_tags, variables
from triage.answers.letter import Letter

#: Where a letter says how to answer it, an article leads to the form.
ASK: Final = {
    "en": "write to us",
    "de": "schreiben Sie uns",
    "fr": "écrivez-nous",
    "es": "escríbanos",
}
#: A sentence with one of these is about one ticket.
OF_ONE_TICKET: Final = re.compile(r"\{(?:ticket_reference|ticket_url|subject|requester_name)\}")
_SENTENCE: Final = re.compile(r"(?<=[.!?])[ \t]+(?=[^\s])")
_FRAME_CHARS: Final = 80  # a greeting or a signature is no longer


def stripped(letter: str) -> str:
    """``letter`` without greeting, signature and sentences about one ticket; its variables stay."""
    _, parts, _ = framed(letter)
    lines = ("\n".join(map(_public_sentences, part.split("\n"))) for part in parts)
    return "\n\n".join(part for part in lines if part.strip())


def framed(letter: str) -> tuple[str, list[str], str]:
    """Greeting, paragraphs and closing of ``letter``; empty where it has no such frame."""
    parts = [part for part in letter.strip().split("\n\n") if part.strip()]
    greeting = closing = ""
    if parts and _is_frame(parts[0], "{requester_name}", "{greeting}"):
        greeting, *parts = parts
    if len(parts) > 1 and _is_frame(parts[-1], "{company}"):
        *parts, closing = parts
    return greeting, parts, closing


def _is_frame(part: str, *marks: str) -> bool:
    return len(part) <= _FRAME_CHARS and "\n" not in part.strip() and any(mark in part for mark in marks)


def _public_sentences(line: str) -> str:
    return " ".join(part for part in _SENTENCE.split(line) if not OF_ONE_TICKET.search(part))


def public_text(own: str, letter: Letter | None, known: house.House, language: str) -> str | None:
    """The article's text, filled; None where it cannot be shown.

    That is where there is neither a text of its ``own`` nor an approved letter, where the house has not said a fact
    in it, and where it is for people with an account and the house has none.
    """
    if own:
        text = own
    elif letter is None or (letter.guest and known.has_accounts is not True):
        return None
    else:
        text = stripped(letter.body)
    if any(known.value(key, language) is None for key in variables.facts_in(text)):
        return None
    tag = language_tags.base(language)
    if f"{{{variables.REPLY_HINT}}}" in text and tag not in ASK:
        return None
    link = f"[{ASK.get(tag, '')}]({settings.SITE_URL}{reverse('ticket-new')})"
    text = text.replace(f"{{{variables.REPLY_HINT}}}", link)
    return variables.fill(text, variables.sample_ticket(), known, language)
