"""What people write, as it is kept: plain line ends, and nothing where there is nothing to see."""

from __future__ import annotations

import unicodedata

#: Letters and symbols by their class that have no shape: fillers of Hangul, the blank of Braille.
BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
VISIBLE_CLASSES = frozenset("LNPS")  # letters, numbers, punctuation, symbols; a mark alone marks nothing


def as_written(text: str) -> str:
    """``text`` with plain line ends; empty if nothing of it can be seen."""
    if not any(map(is_visible, text)):
        return ""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_visible(letter: str) -> bool:
    return unicodedata.category(letter)[0] in VISIBLE_CLASSES and letter not in BLANK_LETTERS
