"""Keeps the sentences of a long story that bear on the question.

A story around a question ("we moved house, it rained, …") pulls a bag-of-words classifier away.
A sentence stays if it asks, or speaks of something a help desk deals with. Short texts and texts
that are not English stay whole: the word lists could not judge them.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from triage.core.reading.joints import Joints, asks
from triage.core.reading.languages import LANGUAGES, spoken

#: A text with fewer words is no story.
STORY_WORDS: Final = 14
#: What is kept must carry this many words, else all of it is kept.
_KEPT_WORDS: Final = 4
#: A longer sentence says more than a courtesy.
_COURTESY_WORDS: Final = 12
#: So many passages are offered, of the first sentences.
MAX_PASSAGES: Final = 24
_PASSAGE_SENTENCES: Final = 14
_PASSAGE_CHARS: Final = 3_000
_LONGEST_PASSAGE: Final = 400
#: Scraps are believed too easily: a sentence needs so many words, a piece of one more.
_SENTENCE_WORDS: Final = 4
_PIECE_WORDS: Final = 5
_LONG_SENTENCE: Final = 14
_PIECE_LENGTHS: Final = (8, 14)

#: "6 p.m. on Monday" and "8. Juni" go on after the full stop.
_SENTENCE_END: Final = re.compile(
    r"(?<=[.!?…。！？])(?<!\s\d\.)(?<!\s\d\d\.)(?<!\s[ap]m\.)(?<!\s[AP]M\.)(?<!\s[ap]\.m\.)[\"'”’)\]]{0,2}(?:\s+|$)|(?<=[。！？])|\n+"
)
_ENGLISH: Final = LANGUAGES["en"]
_TOPIC: Final = re.compile("|".join(_ENGLISH.topics))
#: Two letters tell most words apart from every stem, long before the stems are tried.
_TOPIC_HEADS: Final = frozenset(stem[:2] for stem in _ENGLISH.topics)
_WORD_START: Final = re.compile(r"\b[a-z]{2}")
_AMOUNT: Final = re.compile(r"[£$€]\s?\d|\d\s?[£$€]")
_FAULT: Final = re.compile(
    r"(?:\bnot|n['’]?t|\bnever|\bstopped)\s+(?:been\s+)?"
    r"(?:work|go(?:ing|ne)?\s+(?:through|in)|show|load|respond|let\b|allow|able)",
    re.IGNORECASE,
)
#: A capital in mid-sentence on a word that opens sentences: the mark before it is missing.
_CAPITAL: Final = re.compile(
    rf"(?<=[\w,;)]) (?=(?:{'|'.join(sorted(map(str.capitalize, _ENGLISH.common | _ENGLISH.openings)))}) )"
)
_COURTESY: Final = re.compile(
    r"^\W*(?:(?:many |kind |please |and |so |very |i |i'm |i am |we |again[, ]+|just )*"
    r"(?:thank|thx|cheers|regards|sorry|apolog|appreciat|look(?:ing|s)? forward|hop(?:e|ing)\b|trust you|best wishes|advise|bear with|"
    r"forgive|excuse|pardon|it'?s me\b|greetings|have an? |warm|get back to me|"
    r"let me know(?! (?:how|what|when|where|which|who|why)\b))|any help|your help|hear(?:ing)? (?:back )?from you)",
    re.IGNORECASE,
)

_INTRODUCES: Final = re.compile(
    r"^(?:[Hh]ello|[Hh]i)?\W*(?:[Mm]y name is|[Tt]his is) [A-Z]\w+(?: [A-Z]\w+)?"
    r"(?:\W*$|,? and I\b|\W+I |,? (?:here|speaking|from) )"
)


def sentences(text: str) -> list[str]:
    """Split at sentence ends and line breaks; blank pieces are left out."""
    return [piece for part in _SENTENCE_END.split(text) if (piece := part.strip())]


def has_topic(text: str) -> bool:
    """Say whether a sentence speaks of something a help desk deals with, or of a fault."""
    lowered = text.lower()
    for start in _WORD_START.finditer(lowered):
        if start.group() in _TOPIC_HEADS and _TOPIC.match(lowered, start.start()):
            return True
    return _AMOUNT.search(text) is not None or _FAULT.search(text) is not None


def is_courtesy(sentence: str) -> bool:
    """Say whether a sentence only thanks, hopes, excuses or introduces the writer."""
    if _INTRODUCES.match(sentence) and not _FAULT.search(sentence) and not sentence.endswith("?"):
        return True
    return _COURTESY.match(sentence) is not None and not has_topic(sentence)


def focus(text: str) -> str:
    """Leave out of an English text the courtesies, and what of a story neither asks nor speaks of the matter.

    Line breaks end sentences.
    """
    if not is_english(text):
        return text
    said = sentences(text)
    matter = {s for s in said if s.endswith("?") or has_topic(s) or asks(s, _ENGLISH)}
    meant = [s for s in said if s.endswith("?") or len(s.split()) > _COURTESY_WORDS or not is_courtesy(s)]
    if matter.isdisjoint(meant):
        meant = said
    kept = [s for s in meant if s in matter]
    is_story = len(spoken(" ".join(meant))) >= STORY_WORDS
    if not is_story or len(spoken(" ".join(kept))) < _KEPT_WORDS:
        kept = meant
    return text if len(kept) == len(said) else "\n".join(kept)


def find_passages(joints: Joints) -> tuple[str, ...]:
    """Return the stretches of a text that may be its question, for a classifier to choose from.

    Sentences, neighbouring pairs of them, what stands between questions, and pieces of sentences
    that nobody punctuated. At most :data:`MAX_PASSAGES`; none if the text is one such stretch.
    """
    said = sentences(joints.text[:_PASSAGE_CHARS])[:_PASSAGE_SENTENCES]
    parts = joints.cut(joint for joint in joints.found if "asks" in joint.signs)
    pairs = [f"{first} {second}" for first, second in pairwise(said)]
    pieces = [piece for sentence in said for piece in _pieces(sentence)]
    enough = [sentence for sentence in said if _counts(sentence, _SENTENCE_WORDS)]
    enough += [piece for piece in [*pairs, *parts, *pieces] if _counts(piece, _PIECE_WORDS)]
    found = tuple(dict.fromkeys(enough))[:MAX_PASSAGES]
    return found if len(found) > 1 else ()


def _counts(text: str, words: int) -> bool:
    return len(text) <= _LONGEST_PASSAGE and len(spoken(text)) >= words


def _pieces(sentence: str) -> list[str]:
    """Cut a sentence at capitals that could open another, and a long one into overlapping pieces."""
    clauses = [clause for clause in _CAPITAL.split(sentence) if clause]
    written = sentence.split()
    pieces = [
        " ".join(written[start : start + length])
        for length in _PIECE_LENGTHS
        if len(written) > _LONG_SENTENCE
        for start in range(0, len(written) - length // 2, length // 2)
    ]
    return [piece for piece in [*clauses, *pieces] if piece != sentence and has_topic(piece)]


def is_english(text: str, share: float = 0.25) -> bool:
    """Say whether a share of the words are the small ones of English, so that word lists can judge it."""
    words = spoken(text)
    return len([word for word in words if word in _ENGLISH.common]) >= share * len(words)
