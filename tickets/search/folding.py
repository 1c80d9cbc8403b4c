"""Words as they are compared: without case, accents or width, the same on every database.

Both databases index what this module gives them and are asked in its words, so that they cannot differ: neither
``unaccent`` nor the database's locale has a say.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: Letters that Unicode does not take apart but people leave out the stroke of.
_STROKES: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
#: Accents of Latin, Greek and Cyrillic, points of Hebrew, vowel signs of Arabic. The vowels of Indic scripts stay.
_ACCENTS: Final = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")
#: Letters and digits, with the vowel signs of scripts that write them as marks.
WORD: Final = re.compile(
    "(?:[^\\W_]|[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0970-\u0e3a\u0e40-\u109f\u1780-\u17d3])+"
)
#: Scripts written without blanks: cut into overlapping pairs.
_UNSPACED: Final = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17d3\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+)"
)
LONGEST_WORD: Final = 32  # letters of a word that are compared
LONGEST_WORD_BYTES: Final = 64


def fold(text: str) -> str:
    """``text`` without case, accents and width: ``ÄPFEL`` and ``äpfel`` are both ``apfel``."""
    if text.isascii():
        return text.lower()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", bare.translate(_STROKES))


def words(text: str) -> list[str]:
    """The words of ``text`` in their order, folded; of scripts without blanks every two letters."""
    found = WORD.findall(fold(text))
    if text.isascii():
        return [word[:LONGEST_WORD] for word in found]
    return [_cut(part) for word in found for part in _spaced(word)]


def _spaced(word: str) -> list[str]:
    if not _UNSPACED.search(word):
        return [word]
    parts: list[str] = []
    for piece in _UNSPACED.split(word):
        if _UNSPACED.fullmatch(piece) and len(piece) > 1:
            parts += [piece[at : at + 2] for at in range(len(piece) - 1)]
        elif piece:
            parts.append(piece)
    return parts


def _cut(word: str) -> str:
    return word[:LONGEST_WORD].encode()[:LONGEST_WORD_BYTES].decode(errors="ignore")
