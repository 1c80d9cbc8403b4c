"""What somebody typed into a search box, read: words, phrases, a reference, and filters by name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from django.utils.translation import gettext as _

from tickets.errors import TicketError
from tickets.search import folding

LONGEST: Final = 200  # characters of a search
MOST_TERMS: Final = 12


class SearchRefused(TicketError):
    """The search cannot be understood; says what to write instead."""

    code = "search"


class SearchTooSlow(TicketError):
    code = "search_too_slow"

    def __init__(self) -> None:
        super().__init__(
            _("This search takes too long. Add a word, a status or a date such as after:2026-11.")
        )


@dataclass(frozen=True)
class Term:
    """Words that stand together; ``open`` if the last may go on (``refun`` finds refund)."""

    words: tuple[str, ...]
    open: bool = True
    excluded: bool = False
    part: str = ""  # as typed, folded: sought inside names, addresses and references
    in_person: bool = False  # of ``from:``: only in the requester's name and address

    @property
    def code(self) -> str:
        """Its letters and digits alone, as references are compared."""
        return "".join(folding.WORD.findall(self.part))


@dataclass(frozen=True)
class Query:
    terms: tuple[Term, ...] = ()
    reference: str = ""  # of ``#K7QM``: sought in references only
    filters: tuple[tuple[str, str], ...] = field(default=())

    @property
    def sought(self) -> tuple[Term, ...]:
        return tuple(term for term in self.terms if not term.excluded)


_PART = re.compile(
    r"""(?P<minus>-)?(?:(?P<name>[a-z_]+):(?:"(?P<said>[^"]*)"?|(?P<set>[^\s"]*))|"(?P<quoted>[^"]*)"?|(?P<bare>[^\s"]+))""",
    re.IGNORECASE,
)

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")  # a whole one, which nobody goes on typing


def read(text: str, names: frozenset[str]) -> Query:
    """Understand ``text``; ``names`` are the filters that there are. What is no filter is a word."""
    if len(text) > LONGEST:
        facts = {"most": LONGEST, "number": len(text)}
        raise SearchRefused(_("A search has at most %(most)d characters; this one has %(number)d.") % facts)
    terms: list[Term] = []
    filters: list[tuple[str, str]] = []
    reference = ""
    for found in _PART.finditer(text):
        name, bare, phrase = (found["name"] or "").lower(), found["bare"], found["quoted"]
        value = found["said"] or found["set"] or ""
        if name in names and not found["minus"]:
            if name == "from" and folding.words(value) and not _ADDRESS.fullmatch(value):
                part = " ".join(folding.fold(value).split())
                terms.append(Term(tuple(folding.words(value)), part=part, in_person=True))
            else:
                filters.append((name, value.strip()))
        elif bare and bare.startswith("#") and not found["minus"] and folding.words(bare):
            reference = "".join(folding.words(bare))
        else:
            whole = f"{found['name']}:{value}" if name else bare or phrase
            term = Term(
                tuple(folding.words(whole)),
                open=phrase is None and not _ADDRESS.fullmatch(whole),
                excluded=bool(found["minus"]),
                part=" ".join(folding.fold(whole).split()),
            )
            if term.words:
                terms.append(term)
    if len(terms) > MOST_TERMS:
        raise SearchRefused(
            _("A search has at most %(most)d words. Put words that stand together into quotes.")
            % {"most": MOST_TERMS}
        )
    return Query(tuple(terms), reference, tuple(filters))
