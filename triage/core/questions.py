"""Splits a text into the separate things it asks, so that two questions are not answered as one."""

from __future__ import annotations

import re
from typing import Final

from triage.core.focus import focus, has_topic, is_courtesy, names_topic, sentences

#: No more parts than this are looked at; whoever asks that much needs a person anyway.
MAX_QUESTIONS: Final = 12
#: A part with fewer words carries no question of its own ("Any ideas?").
MIN_WORDS: Final = 3

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_OPENERS: Final = (
    r"(?:how|what|when|where|why|who|which|whats|hows|wheres)"
    r"(?:['’]?s|\s+(?:do|does|did|is|are|was|were|can|could|will|would|should|much|many|long|often|soon|come|"
    r"about|if|to|has|have|am|kind|type|time|currenc\w+|countr\w+))"
    r"|(?:can|could|do|does|did|will|would|should|may|is|are|am|was|has|have)\s+"
    r"(?:i|you|u|we|they|it|my|there|the|this|your)"
)
_OPENING: Final = (
    rf"^\W*(?:(?:and|also|so|but|then|or|ok|okay|well|now|please|plus)\W+){{0,3}}(?:{_OPENERS})\b"
)
#: A bare "please" is no request: "please forgive my late reply".
_REQUESTS: Final = re.compile(
    _OPENING
    + r"|\b(?:i\s+(?:need|want|would\s+like)|i['’]?d\s+like|want\s+to|tell\s+me|how\s+(?:do|can|to))\b",
    re.IGNORECASE,
)
_ASKS: Final = re.compile(
    _OPENING
    + r"|\b(?:i\s+(?:need|want|wish|would\s+like|wanna|require)|i['’]?d\s+like|need\s+(?:to|help)|want\s+to|please|"
    r"help\s+me|tell\s+me|let\s+me\s+know|wonder(?:ing)?|explain|show\s+me|advise|any\s+way\s+to|how\s+(?:do|can|to))\b",
    re.IGNORECASE,
)
_TROUBLE: Final = re.compile(
    r"n['’]t\b|\b(?:not|cannot|cant|wont|doesnt|didnt|isnt|hasnt|havent|never|no|nothing|unable|fail\w*|declin\w*|"
    r"reject\w*|lost|stolen|missing|wrong|error|broken|stuck|still|problem|issue|unknown|twice|disappear\w*|charged)\b",
    re.IGNORECASE,
)
_JOINTS: Final = re.compile(
    r"[,;.]?\s+(?:and\s+also|and\s+then\s+also|also|and\s+another\s+(?:thing|question)|another\s+(?:thing|question)|"
    r"one\s+more\s+(?:thing|question)|additionally|furthermore|moreover|in\s+addition|besides\s+that|besides|"
    r"on\s+top\s+of\s+that|apart\s+from\s+that|secondly|second\s+question|by\s+the\s+way|btw|oh\s+and|"
    r"while\s+i['’]?m\s+(?:here|at\s+it)|plus)\b[\s,:\-–—]*",
    re.IGNORECASE,
)
_AUXILIARIES: Final = (
    r"(?:do|does|did|is|are|was|were|can|could|will|would|should|has|have|am|much|many|long|often|soon|come)"
)
#: A clause that a run-on can start. "when I pay" only goes on, "when do I pay" asks.
_CLAUSE: Final = (
    rf"(?:how|what|when|where|why|who|which|whats|hows|wheres)(?:['’]?s|\s+{_AUXILIARIES})|(?:can|could|do|does|did|will|"
    r"would|should|may|is|are)\s+(?:i|you|u|we|they|it|my|there|someone)|(?:please|help)\s+\w+"
)
_STATEMENT: Final = r"(?:i|i['’]m|i['’]ve|i['’]d|my|there|the|someone|somebody|we|a)\s+\w+"
_AND_OPENER: Final = re.compile(rf"[,;]?\s+(?:and|&|or|but)\s+(?=(?:{_CLAUSE}|{_OPENERS})\b)", re.IGNORECASE)
_AND_STATEMENT: Final = re.compile(
    rf"[,;]?\s+(?:and|&)\s+(?={_STATEMENT}\b)|\s*;\s+|\s+[-–—]+\s+", re.IGNORECASE
)
_RUN_ON: Final = re.compile(rf"\s+(?=(?:{_CLAUSE})\b)", re.IGNORECASE)
#: "how many cards can I …": the verb belongs to the question word before it.
_OPEN_QUESTION: Final = re.compile(
    r"\b(?:how|what|which|when|where|why|who)\b(?:(?!\b(?:do|does|did|can|could|will|would|should|is|are|am|was|were|has|"
    r"have|to)\b|['’]s\b).){0,60}$",
    re.IGNORECASE,
)
#: Goes on about what was just said: "Why is it still pending?", "What should I do?"
_GOES_ON: Final = re.compile(
    r"^\W*(?:(?:and|but|so|also|now|then|because|since|as|or|still|yet)\W+)*(?:it|its|it['’]s|this|that|thats|that['’]s|these|"
    r"those|they|he|she|which|who|when|where|while|if|until|after|before)\b(?!\s*(?:do|does|did|is|are|can|will|would|should)\s+"
    r"(?:i|you|we|my|the|there)\b)",
    re.IGNORECASE,
)
_POINTS_BACK: Final = re.compile(
    r"\b(?:it|its|this|that|them|these|those|so|one|do|help|here|on|happen\w*|why)\b", re.IGNORECASE
)
#: Tells what went before and complains of nothing: "I topped up an hour ago."
_NARRATES: Final = re.compile(
    r"^\W*(?:\w+\W+){0,3}?(?:i|we|my \w+|i['’]ve|i['’]d|we['’]ve)\s+(?:(?:just|recently|already|also|have|had|only|then|did|was|am|"
    r"currently)\s+)*(?:\w{2,}ed|made|took|paid|sent|got|gotten|used|bought|saw|found|went|gave|put|had|withdrew|ordered|see|"
    r"placed|trying|looking|using|making|lost sight|noticed|received|came|moved)\b",
    re.IGNORECASE,
)
_EMBEDDING: Final = re.compile(
    r"\b(?:know|knows|tell|me|us|understand|explain|sure|see|check|wondering|wonder|if|whether|about|and|or|that|"
    r"on|of|to|ask|asking|out|is|was|but|so|how|what|when|where|why|who|which|as|because|since|for|in|at|by|"
    r"with|than|then|just|only|there|the|a|my|your|also|please|confirm|idea|explanation|question|help|"
    r"like|say|says|said|show|remember|forgot|learn|find|figure|clear|clarify|advise)\W*$",
    re.IGNORECASE,
)


def split_questions(text: str) -> tuple[str, ...]:
    """Return the parts of a text that ask or complain of something, each on its own.

    A text without any such part is one question. The parts keep the order and the words of the
    text. It is for the classifier to say whether two parts ask for different things.
    """
    parts = [part for sentence in sentences(text) for part in _split_sentence(sentence)]
    asking = _join_what_belongs([part for part in parts if _asks(part) and not is_courtesy(part)])
    if not asking:
        whole = " ".join(text.split())
        return (whole,) if whole else ()
    return tuple(dict.fromkeys(asking))[:MAX_QUESTIONS]


def _join_what_belongs(parts: list[str]) -> list[str]:
    """Join a part that points back to the one before, and what led up to a question to the question."""
    joined: list[str] = []
    leads_on = False
    for part in parts:
        if joined and (leads_on or _belongs_to_previous(part)):
            joined[-1] = f"{joined[-1]} {part}"
        else:
            joined.append(part)
        leads_on = _only_leads_on(part)
    return joined


def _belongs_to_previous(part: str) -> bool:
    if _word_count(part) < MIN_WORDS or _GOES_ON.match(part):
        return True
    return _POINTS_BACK.search(part) is not None and not names_topic(part)


def _only_leads_on(part: str) -> bool:
    return (
        _NARRATES.match(part) is not None
        and not part.endswith(("?", "？"))
        and not _ASKS.search(part)
        and not _TROUBLE.search(part)
    )


def find_matter(text: str) -> str:
    """Return the sentences of a story that bear on its question; a short text as it is."""
    return focus(text, _REQUESTS)


def _asks(part: str) -> bool:
    return part.rstrip("\"'”’)] ").endswith(("?", "？")) or bool(
        _ASKS.search(part) or _TROUBLE.search(part) or has_topic(part)
    )


def _word_count(part: str) -> int:
    return len(_WORD.findall(part))


def _split_sentence(sentence: str) -> list[str]:
    parts = [sentence]
    for joint in (_JOINTS, _AND_OPENER, _AND_STATEMENT, _RUN_ON):
        parts = [piece for part in parts for piece in _cut(part, joint)]
    return [" ".join(part.split()) for part in parts if part.strip()]


def _cut(text: str, joint: re.Pattern[str]) -> list[str]:
    """Cut at each joint that has enough words on both sides to be two questions."""
    pieces: list[str] = []
    start = 0
    for found in joint.finditer(text):
        before, after = text[start : found.start()], text[found.end() :]
        if _word_count(before) < MIN_WORDS or _word_count(after[:200]) < MIN_WORDS:
            continue
        if joint is _RUN_ON and (_EMBEDDING.search(before[-40:]) or _OPEN_QUESTION.search(before[-80:])):
            continue
        if joint is _AND_STATEMENT and not (has_topic(before) and has_topic(after[:200])):
            continue
        pieces.append(before)
        start = found.end()
    return [*pieces, text[start:]]
