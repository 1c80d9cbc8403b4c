"""Intents by words, as people name them: the box at the desk and the filter of the lists read the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from triage.models import Intent

OFFERED: Final = 8
NONE_OF_OURS: Final = ("-", "none", "none of ours")


@dataclass(frozen=True)
class Named:
    """What some words name: one intent, none of ours, or several that could be meant."""

    words: str
    intent: Intent | None = None
    none_of_ours: bool = False
    candidates: Sequence[Intent] = ()

    @property
    def advice(self) -> str:
        """What to do where nothing, or more than one, is meant."""
        if not self.candidates:
            return f"No intent has “{self.words}” in its title. Try another word, or choose “None of ours”."
        titles = ", ".join(f"“{intent}”" for intent in self.candidates)
        return f"“{self.words}” could be {titles}. Choose one."


def named(words: str) -> Named:
    """Read ``words``: a code, a title, else words that stand in titles. The only match is the one meant."""
    wanted = " ".join(words.split())
    if wanted.lower() in NONE_OF_OURS:
        return Named(wanted, none_of_ours=True)
    exact = Intent.objects.filter(slug=wanted).first() or Intent.objects.filter(title__iexact=wanted).first()
    if exact is not None:
        return Named(wanted, exact)
    found = offered(wanted)
    return Named(wanted, found[0]) if len(found) == 1 else Named(wanted, candidates=found)


def offered(words: str) -> list[Intent]:
    """Up to OFFERED intents with all the words in title or code; those that begin with them come first."""
    condition = Q()
    for word in words.split():
        condition &= Q(title__icontains=word) | Q(slug__icontains=word)
    found = list(Intent.objects.filter(condition).order_by("title")[: OFFERED * 4]) if words.strip() else []
    first = words.strip().lower()
    return sorted(found, key=lambda one: not one.title.lower().startswith(first))[:OFFERED]
