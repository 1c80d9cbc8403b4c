"""The terms of the similar-ticket index: words, lower-cased and without accents, cut to their stem."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

_WORD = re.compile(r"\w+")
#: No real word is longer; cutting keeps pasted base64 from filling the vocabulary with giants.
LONGEST_TERM = 40
#: Characters of a text that are read. What comes after some 3,000 words is a pasted log.
LONGEST_TEXT = 20_000


def words(text: str) -> list[str]:
    """Split a text into lower-case words.

    Parameters
    ----------
    text : str
        Any text, also empty or hostile. Its first `LONGEST_TEXT` characters are read.

    Returns
    -------
    list of str
        Letters, digits and underscores in runs, in their order, accents removed.
    """
    return _WORD.findall(without_accents(text[:LONGEST_TEXT]).lower())


def without_accents(text: str) -> str:
    """Take the marks off the letters, and signs of other shapes back to the usual ones (NFKD)."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    marks = {ord(sign): None for sign in set(decomposed) if unicodedata.combining(sign)}
    return decomposed.translate(marks) if marks else decomposed


#: Words that say how an English sentence is built, not what it is about. In a collection of tickets whose
#: quoted mails lost such words, they would rank a ticket by its grammar.
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a an the and or of to in on at for with is are was were be been am i me my you your it its this
        that these those as by from do does did have has had can could would should will if so not no there their
        they them he she his her we our us""",
    )
)

_VOWEL = re.compile(r"[aeiouy]")


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


def count_terms(text: str) -> dict[str, int]:
    """Count the terms of a text that the index ranks by.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    dict of str to int
        The stems of its words without `STOP_WORDS`, with how often each occurs.
    """
    counts: dict[str, int] = {}
    for word, repeats in Counter(words(text)).items():
        if word not in STOP_WORDS:
            term = stem(word)
            counts[term] = counts.get(term, 0) + repeats
    return counts
