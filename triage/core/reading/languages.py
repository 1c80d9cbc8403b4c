"""The languages whose sentences we can take apart: one file of words each, and how a text tells its own.

A file in ``languages/`` holds
* ``common``: the small words that no sentence goes without; ``tells``: others that tell the language;
* ``asks``: how a question or an order opens; ``wishes``: how a wish does, wherever it stands;
* ``also``: what announces something further;
* ``joins``: conjunctions between two clauses;
* ``points``: words that point back to what was said before;
* ``binds``: words after which a clause goes on, so that a question word there opens no question of its own;
* ``names``: words that open a question and go on with what it asks for ("how many points do I need"); ``denies``:
  words of denying, lacking, failing and wanting, without which a sentence only tells a fact; both in English alone;
* ``topics``, in English alone: how the words begin that help desks deal with.
Its ``[mail]`` tables hold what frames a mail; ``more.toml`` has them for languages without the others.
A phrase is written as words with their alternatives: ``can|could i|you`` is any of four. A new language is one file,
and has to pass tests/triage/core/reading/test_languages.py.
"""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "languages"
#: So many of the words must be in a language's tables. All of 7,456 questions of banking77 with eight words or more
#: reach it, and by the English names in them 19 % of those of xsid in Danish, Turkish and Indonesian.
LEAST_KNOWN: Final = 0.25
#: A text with fewer words need not hold any of them.
TELLING_WORDS: Final = 8

_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
#: Chinese, Japanese, Thai, Lao, Burmese and Khmer put no blanks between words.
UNSPACED: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_LETTERS_A_WORD: Final = 2


class Phrases:
    """Phrases to look for at one place of a text."""

    def __init__(self, written: Sequence[str]) -> None:
        self._by_first: dict[str, list[tuple[frozenset[str], ...]]] = defaultdict(list)
        for line in written:
            phrase = tuple(frozenset(slot.split("|")) for slot in line.split())
            for word in phrase[0]:
                self._by_first[word].append(phrase[1:])
        self.first = frozenset(self._by_first)

    def length_at(self, words: Sequence[str], place: int) -> int:
        """How many words the longest phrase that stands at a place has; 0 for none."""
        longest = 0
        if place < len(words) and words[place] in self.first:
            for rest in self._by_first[words[place]]:
                said = words[place + 1 : place + 1 + len(rest)]
                if len(said) == len(rest) and not [
                    1 for word, slot in zip(said, rest, strict=True) if word not in slot
                ]:
                    longest = max(longest, 1 + len(rest))
        return longest


@dataclass(frozen=True)
class Language:
    tag: str
    common: frozenset[str]
    tells: frozenset[str]
    joins: frozenset[str]
    points: frozenset[str]
    binds: frozenset[str]
    asks: Phrases
    wishes: Phrases
    also: Phrases
    topics: tuple[str, ...] = ()
    denies: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @cached_property
    def openings(self) -> frozenset[str]:
        """Words that a joint may stand in front of."""
        return frozenset({*self.asks.first, *self.also.first, *self.joins})

    @cached_property
    def words(self) -> frozenset[str]:
        """All that its tables hold."""
        return self.common | self.tells | self.openings | self.binds | self.points


def _language(tag: str, tables: Mapping[str, Any]) -> Language:
    words = {
        name: frozenset(tables[name].split()) for name in ("common", "tells", "joins", "points", "binds")
    }
    return Language(
        tag,
        **words,
        asks=Phrases([*tables["asks"], *tables["wishes"]]),
        wishes=Phrases(tables["wishes"]),
        also=Phrases(tables["also"]),
        topics=tuple(tables.get("topics", ())),
        denies=frozenset(tables.get("denies", "").split()),
        names=frozenset(tables.get("names", "").split()),
    )


_TABLES: Final[Mapping[str, Mapping[str, Any]]] = {
    file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.toml"))
}
#: Those whose sentences can be taken apart.
LANGUAGES: Final[Mapping[str, Language]] = {
    tag: _language(tag, tables) for tag, tables in _TABLES.items() if "asks" in tables
}


def framing(table: str) -> frozenset[str]:
    """The words of one table of the mail's frame, in all languages."""
    return frozenset(word for tables in _TABLES.values() for word in tables["mail"].get(table, ()))


def spoken(text: str) -> list[str]:
    """The words of a text as the tables write them."""
    return _WORD.findall(text.lower().replace("’", "'"))


def language_of(words: Sequence[str]) -> Language | None:
    """The language that a text is written in; None where it is none of ours, or too little is said to tell."""
    words = [word for word in words if not word.isdecimal()]
    shares = {tag: len([word for word in words if word in each.words]) for tag, each in LANGUAGES.items()}
    likeliest = max(shares, key=shares.__getitem__)
    return LANGUAGES[likeliest] if words and shares[likeliest] >= LEAST_KNOWN * len(words) else None


def count_words(text: str) -> int:
    """Count the words of a text; where no blanks part them, by its letters."""
    return len(_WORD.findall(text)) + len(UNSPACED.findall(text)) // _LETTERS_A_WORD
