"""How a text becomes words and terms: one tokeniser, one list of stop words and one stemmer for all of the core.

Both the model and the index of similar tickets read texts by these. What is stored was made by one version of
them, keeps its number, and is never read by another.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from triage.core.errors import ArtefactError

#: The version of all this, kept by every artefact that depends on it.
VERSION: Final = 2
#: Characters of a text that are read. What comes after some 3,000 words is a pasted log.
LONGEST_TEXT: Final = 20_000
#: No real word is longer; cutting keeps pasted base64 from filling the vocabulary with giants.
LONGEST_TERM: Final = 40

#: Words that say how an English sentence is built. In a collection of tickets whose quoted mails lost such words,
#: they would rank a ticket by its grammar; two of them make no pair.
BUILDING_WORDS: Final = frozenset(
    word
    for line in (
        "a am an and are as at be been could did do does for had has have he her his i if in is it its me my",
        "of on or our she should so that the their them there these they this those to us was we were will with",
        "would you your",
    )
    for word in line.split()
)
#: Words that are no terms of the index: these change what is asked, so the model hears them, but they do not tell
#: what a ticket is about.
STOP_WORDS: Final = BUILDING_WORDS | {"by", "can", "from", "no", "not"}

_WORD: Final = re.compile(r"\d+|[^\W\d_]+")
_APOSTROPHE: Final = re.compile(r"(?<=\w)['’`´](?=\w)")
_FORMER_WORD: Final = re.compile(r"\w+")
_VOWEL: Final = re.compile(r"[aeiouy]")

Tokeniser = Callable[[str], list[str]]


def find_words(text: str) -> Iterator[re.Match[str]]:
    """Find the runs of letters and the runs of digits in a text, one by one.

    They are lower-cased and without accents; an apostrophe joins what it stands between. The places of a match
    are those in the folded text, see :func:`placed_words` for those in ``text``.
    """
    return _WORD.finditer(_joined(text))


def placed_words(text: str) -> Iterator[tuple[int, int, str]]:
    """Find the same words, each with the place of its first character in ``text`` and the one behind its last."""
    read = [(part, place) for place, char in enumerate(text[:LONGEST_TEXT]) for part in _unmarked(char)]
    folded = "".join(part for part, _ in read).lower()
    dropped = {found.start() for found in _APOSTROPHE.finditer(folded)}
    places = [place for at, (_, place) in enumerate(read) if at not in dropped]
    for word in _WORD.finditer(_APOSTROPHE.sub("", folded)):
        yield places[word.start()], places[word.end() - 1] + 1, word.group()


def words(text: str) -> list[str]:
    """Split a text, also an empty or hostile one, into the words of :func:`find_words`."""
    return _WORD.findall(_joined(text))


def _joined(text: str) -> str:
    return _APOSTROPHE.sub("", _folded(text))


def _former_words(text: str) -> list[str]:
    """Split a text as the first release's indexes did: at apostrophes, and not between letters and digits."""
    return _FORMER_WORD.findall(_folded(text))


#: The tokenisers by version; every version has the same stop words and the same stemmer.
_TOKENISERS: Final[Mapping[int, Tokeniser]] = {1: _former_words, VERSION: words}


def tokeniser(version: int) -> Tokeniser:
    """Return the tokeniser that an artefact was made with. Raises ArtefactError for an unknown version."""
    try:
        return _TOKENISERS[version]
    except KeyError:
        raise ArtefactError(
            f"Its words were read in a way (version {version}) unknown here; train again."
        ) from None


def _folded(text: str) -> str:
    return without_accents(text[:LONGEST_TEXT]).lower()


def without_accents(text: str) -> str:
    """Take the marks off the letters, and signs of other shapes back to the usual ones (NFKD)."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    marks = {ord(sign): None for sign in set(decomposed) if unicodedata.combining(sign)}
    return decomposed.translate(marks) if marks else decomposed


@lru_cache(maxsize=4_096)
def _unmarked(char: str) -> str:
    return without_accents(char)


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Cut an English word to the part that its inflected forms share.

    Parameters
    ----------
    word : str
        A lower-case word, as `words` yields them.

    Returns
    -------
    str
        The stem. Words of three letters or fewer, and words with digits, stay as they are.
    """
    word = word[:LONGEST_TERM]
    if len(word) <= 3 or not word.isalpha():
        return word
    word = _without_plural(word)
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest is not word and len(rest) >= 3 and _VOWEL.search(rest):
            word = rest[:-1] if rest[-1] == rest[-2] and rest[-1] not in "lsz" else rest
            break
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 2 and word.endswith("y") else word


def _without_plural(word: str) -> str:
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if word.endswith("s") and word[-2] not in "su":
        return word[:-1]
    return word


def count_terms(text: str, split: Tokeniser = words) -> dict[str, int]:
    """Count the terms of a text that the index ranks by.

    Parameters
    ----------
    text : str
        Any text.
    split : callable
        The tokeniser; another than the current one only for an index that was made with it.

    Returns
    -------
    dict of str to int
        The stems of its words without `STOP_WORDS`, with how often each occurs.
    """
    counts: dict[str, int] = {}
    for word, repeats in Counter(split(text)).items():
        if word not in STOP_WORDS:
            term = stem(word)
            counts[term] = counts.get(term, 0) + repeats
    return counts
