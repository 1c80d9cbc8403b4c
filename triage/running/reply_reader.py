"""What a requester's reply to an answer says: only thanks, that it did not help, or anything else.

A list of phrases decides where the whole reply is made of them. Else the engine is asked, where this process has one
loaded and it has learnt to tell what a writer does. Nothing here loads the engine's libraries: ``runtime`` offers its
engine once it is loaded itself.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from triage.core.types import Assessment, Stance

PHRASES: Final = Path(__file__).with_name("thanks.json")
MAX_CHARS: Final = 200  # nobody thanks at length; a longer text says something else too
SECONDS: Final = 0.04  # for the engine, which may be busy with a ticket

Glance = Callable[[str, float], Assessment | None]
_glance: Glance | None = None
_SAD: Final = re.compile(r"[:;=]['’]?-?[(\[/\\|]")
_SHAPELESS: Final = frozenset("'’\ufe0f\u200d\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
_BREAK: Final = re.compile(r"[.!,;:…\n–—()]+")


def use_engine(glance: Glance | None) -> None:
    """Ask this for an assessment within some seconds where the phrases do not decide; None: ask nobody."""
    global _glance
    _glance = glance


def read_reply(text: str) -> str:
    """``thanks``, ``did_not_help`` or nothing of both."""
    if only_thanks(text):
        return "thanks"
    assessment = _glance(text, SECONDS) if _glance is not None else None
    stance = assessment.stance.stance if assessment is not None and assessment.stance is not None else None
    if assessment is None or assessment.guard is not None or not assessment.read_whole:
        return ""
    if stance is Stance.SETTLED and not assessment.several_questions and len(assessment.questions) <= 1:
        return "thanks"
    return "did_not_help" if stance is Stance.ALREADY_TRIED else ""


def only_thanks(text: str) -> bool:
    """Whether every part of ``text`` is a phrase of the list, and at least one says thanks or that it is settled."""
    if len(text) > MAX_CHARS or _SAD.search(text):
        return False
    parts = [plain for part in _BREAK.split(_signs_apart(text)) if (plain := _plain(part))]
    thanks, beside = _phrases()
    return any(part in thanks for part in parts) and all(part in thanks | beside for part in parts)


@cache
def _phrases() -> tuple[frozenset[str], frozenset[str]]:
    """What thanks, and what may stand beside it, of all languages: a phrase says the same in each that has it."""
    languages = json.loads(PHRASES.read_text(encoding="utf-8")).values()
    thanks, beside = (
        frozenset(_plain(phrase) for language in languages for phrase in language[kind])
        for kind in ("thanks", "beside")
    )
    return thanks, beside


def _signs_apart(text: str) -> str:
    """Each pictogram is a part of its own: a friendly one may stand beside thanks, any other may not."""
    return "".join(f"\n{sign}\n" if unicodedata.category(sign) == "So" else sign for sign in text)


def _plain(text: str) -> str:
    """Lower case, without punctuation but for the question mark, which makes a question of any phrase."""
    return " ".join("".join(map(_plain_sign, unicodedata.normalize("NFKC", text).casefold())).split())


def _plain_sign(sign: str) -> str:
    if sign in _SHAPELESS:
        return ""
    keep = sign == "?" or unicodedata.category(sign)[0] in "LMN" or unicodedata.category(sign) == "So"
    return sign if keep else " "
