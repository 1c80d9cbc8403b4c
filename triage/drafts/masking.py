"""What a ticket says of a person is masked before a model reads it, and put back after.

Addresses, links, telephone, order, card and account numbers, and the requester's names. A mask says what kind of
thing it stands for: ``[NUMBER-1]``; the same thing has the same mask throughout one prompt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

#: In this order: an address holds what looks like a link, an account number what looks like a telephone number.
KINDS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    ("EMAIL", re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")),
    ("LINK", re.compile(r"(?:[a-z][a-z0-9+.-]{1,15}://|www\.)[^\s<>\"']+", re.IGNORECASE)),
    ("LINK", re.compile(r"\b(?:[a-z0-9-]{1,63}\.)+(?:[a-z]{2,12})(?:/[^\s<>\"']*)?\b", re.IGNORECASE)),
    ("ACCOUNT", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b")),
    (
        "NUMBER",
        re.compile(
            r"\b[A-Z]{0,6}[-#/]?\d(?:[\d()/.-]|[ ](?=\d)){3,24}\d\b|\b[A-Z]{1,6}-?\d{3,}\b|\b\d{4,}\b"
        ),
    ),
)
ADDRESSES: Final = tuple(pattern for kind, pattern in KINDS if kind in {"EMAIL", "LINK"})
#: The variables of an approved answer, such as ``{delivery_days}``.
VARIABLE: Final = ("VARIABLE", re.compile(r"\{[a-z_]{1,40}\}"))
MASK: Final = re.compile(r"\[(?:EMAIL|LINK|ACCOUNT|NUMBER|NAME|VARIABLE)-\d{1,4}\]")
#: What in a text looks like a mask and is none.
FORGED: Final = re.compile(r"\[((?:EMAIL|LINK|ACCOUNT|NUMBER|NAME|VARIABLE)-\d{1,4})\]")


def has_address(text: str) -> bool:
    return any(pattern.search(text) for pattern in ADDRESSES)


@dataclass
class Masks:
    """The masks of one prompt. ``names`` are words that name a person."""

    names: Iterable[str] = ()
    kept: dict[str, str] = field(default_factory=dict)
    kinds: tuple[tuple[str, re.Pattern[str]], ...] = KINDS

    def hide(self, text: str) -> str:
        text = FORGED.sub(r"(\1)", text)
        for kind, pattern in self.kinds:
            text = self._hidden(text, kind, pattern)
        names = "|".join(
            sorted(map(re.escape, {one for one in self.names if len(one) > 1}), key=len, reverse=True)
        )
        if not names:
            return text
        return self._hidden(text, "NAME", re.compile(rf"(?<!\w)(?:{names})(?!\w)", re.IGNORECASE))

    def _hidden(self, text: str, kind: str, pattern: re.Pattern[str]) -> str:
        return pattern.sub(lambda found: self._mask(kind, found[0]), text)

    def _mask(self, kind: str, value: str) -> str:
        if MASK.search(f"[{value}]"):
            return value  # part of a mask that stands already
        for mask, known in self.kept.items():
            if known == value:
                return mask
        mask = f"[{kind}-{sum(1 for one in self.kept if one.startswith(f'[{kind}-')) + 1}]"
        self.kept[mask] = value
        return mask


def put_back(text: str, kept: dict[str, str]) -> str:
    """``text`` with what its masks stand for, in one pass: what comes back is not read again."""
    return MASK.sub(lambda found: kept.get(found[0], found[0]), text)
