"""A translation of what the agent has written, sentence by sentence, shown beside the original.

The model reads the agent's own words and nothing of the ticket. A sentence that comes back with a figure, a link or
an address that the original has not, or in another language, is struck: the original stays in its place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tickets.models import Ticket
from triage.answers import language, language_tags
from triage.core.reading.focus import sentences
from triage.core.reading.text import clean
from triage.drafts.masking import MASK, Masks, has_address, put_back

MOST_LINES: Final = 60
MOST_CHARS: Final = 8_000
FEWEST_LETTERS: Final = 40  # in which a language can be told for certain
LENGTHS: Final = (0.4, 3.0)  # how much shorter or longer a translation may be
SHORT: Final = 10  # signs of slack beside that
DIGITS: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of the reply, or a quoted line, which nobody translates. ``ends`` a paragraph or not."""

    text: str
    hidden: str  # masked, as the model reads it; empty: not for it
    ends: bool


def lines_of(reply: str, masks: Masks) -> list[Line]:
    found: list[Line] = []
    for paragraph in clean(reply).split("\n"):
        quoted = paragraph.lstrip().startswith(">")
        pieces = [paragraph] if quoted else sentences(paragraph) or [""]  # an empty line stays one
        for number, piece in enumerate(pieces, start=1):
            found.append(Line(piece, "" if quoted else masks.hide(piece), number == len(pieces)))
    return found


def wanted_language(ticket: Ticket, found: str) -> str:
    """What the customer reads: as triage found it, else as their page was; empty where nobody knows."""
    return language_tags.base(found or ticket.language or "")


def check(line: Mapping[str, Any], said: object, masks: dict[str, str], tag: str) -> str | None:
    """The translation with what was masked put back; None where it may not stand."""
    hidden = str(line["hidden"])
    if not isinstance(said, str) or not said.strip() or "\n" in said.strip():
        return None
    told = clean(said).strip()
    least, most = (share * len(hidden) for share in LENGTHS)
    if not least - SHORT <= len(told) <= most + SHORT:
        return None
    if Counter(MASK.findall(told)) != Counter(MASK.findall(hidden)):
        return None
    bare, bare_original = MASK.sub(" ", told), MASK.sub(" ", hidden)
    if Counter(DIGITS.findall(bare)) != Counter(DIGITS.findall(bare_original)):
        return None
    if has_address(bare) or not _in(told, tag):
        return None
    return put_back(told, masks)


def _in(text: str, tag: str) -> bool:
    if sum(sign.isalpha() for sign in text) < FEWEST_LETTERS:
        return True
    return language.detect(text, default=tag) == tag
