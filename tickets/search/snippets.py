"""The place of a conversation that a search found, with what was found marked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models.functions import Substr

from tickets.conversation import Message
from tickets.search import folding
from tickets.search.query import Query

READ_CHARS: Final = 4_000  # of a message
READ_MESSAGES: Final = 400  # of a page of results
BEFORE, LENGTH = 50, 160  # characters


@dataclass(frozen=True)
class Piece:
    text: str
    found: bool = False


Snippet = Sequence[Piece]


def snippets(ids: Sequence[int], asked: Query, *, notes: bool) -> Mapping[int, Snippet]:
    """For each ticket the newest place where a word of the search stands; absent where there is none."""
    starts = tuple(word for term in asked.sought for word in term.words)
    if not ids or not starts:
        return {}
    rows = Message.objects.filter(ticket__in=ids).order_by("-id")
    if not notes:
        rows = rows.filter(kind=Message.Kind.REPLY)
    texts = rows.annotate(start=Substr("body", 1, READ_CHARS)).values_list("ticket_id", "start")
    waiting: dict[int, list[str]] = defaultdict(list)
    for ticket_id, text in texts[:READ_MESSAGES]:
        waiting[ticket_id].append(text)
    found = {ticket_id: _first(said, starts) for ticket_id, said in waiting.items()}
    return {ticket_id: snippet for ticket_id, snippet in found.items() if snippet}


def _first(texts: Iterable[str], starts: tuple[str, ...]) -> Snippet:
    for text in texts:
        folded = folding.fold(text)
        if any(start in folded for start in starts) and (snippet := mark(text, starts)):
            return snippet
    return ()


def mark(text: str, starts: tuple[str, ...]) -> Snippet:
    """The surroundings of the first word that begins as one of ``starts``; empty where none does."""
    words = [(word.start(), word.end()) for word in folding.WORD.finditer(text)]
    hits = [(begin, end) for begin, end in words if _begins(text[begin:end], starts)]
    if not hits:
        return ()
    first = max(0, hits[0][0] - BEFORE)
    first = next((begin for begin, _ in words if begin >= first), first) if first else 0
    last = min(len(text), first + LENGTH)
    pieces, at = [Piece("… ")] if first else [], first
    for begin, end in hits:
        if end > last:
            break
        pieces += [Piece(_plain(text[at:begin])), Piece(text[begin:end], found=True)]
        at = end
    pieces.append(Piece(_plain(text[at:last]) + (" …" if last < len(text) else "")))
    return [piece for piece in pieces if piece.text]


def _begins(word: str, starts: tuple[str, ...]) -> bool:
    return any(part.startswith(starts) for part in folding.words(word))


def _plain(text: str) -> str:
    """On one line, with the blanks at its ends."""
    kept = " ".join(text.split())
    return (" " if text[:1].isspace() else "") + kept + (" " if kept and text[-1:].isspace() else "")
