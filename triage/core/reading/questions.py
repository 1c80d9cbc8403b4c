"""Splits a text into the separate things it asks, so that two questions are not answered as one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain, pairwise
from typing import Final

from triage.core.reading.focus import focus, has_topic, is_courtesy, names_topic, sentences

#: No more parts than this are looked at; whoever asks that much needs a person anyway.
MAX_QUESTIONS: Final = 8
#: A part with fewer words carries no question of its own ("Any ideas?").
MIN_WORDS: Final = 3
#: Only so much of a text is split.
_READ_CHARS: Final = 6_000
_READ_SENTENCES: Final = 200
#: Two questions of three words each are no shorter.
_SHORTEST_PAIR: Final = 11
#: So far a joint looks to both sides.
_NEAR: Final = 200


class _Link(IntEnum):
    """How a part follows the one before it."""

    NONE = 0
    ALSO = 1
    ANNOUNCED = 2


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    link: _Link


_ENOUGH_WORDS: Final = re.compile(rf"[\W_]*+(?:[^\W_]++(?:['’][^\W_]++)*+[\W_]*+){{{MIN_WORDS}}}")
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
    + r"|\b(?:i\s+(?:need|want|would\s+like)|i['’]?d\s+like|(?<!not )(?<!n['’]t )want\s+to|tell\s+me|how\s+(?:do|can|to))\b",
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
_ALSO: Final = re.compile(r"(?:^|[,;.]?\s+)(?:and\s+)?(?:then\s+)?(?:also|plus)\b[\s,:\-–—]*", re.IGNORECASE)
_ANNOUNCEMENT: Final = re.compile(
    r"(?:^\W*|[,;.]?\s+)(?:and\s+)?(?:also,?\s+)?(?:and\s+also|(?:one|another|a\s+(?:second|further|different))\s+(?:more\s+)?"
    r"(?:thing|question|issue|problem|matter|note|topic)|additionally|furthermore|moreover|in\s+addition|besides(?:\s+that)?|"
    r"(?:on\s+top\s+of|apart\s+from|aside\s+from|separate\s+from)\s+(?:that|this)|secondly|second|thirdly|next|unrelated|"
    r"separately|by\s+the\s+way|btw|oh\s+and|on\s+(?:a|an)\s+\w+\s+(?:note|topic|subject)|"
    r"while\s+(?:i['’]?m\s+(?:here|at\s+it)|i\s+have\s+you))\b(?:\s+(?:is|but|too|as\s+well))?[\s,:;.\-–—]+",
    re.IGNORECASE,
)
_BULLET: Final = re.compile(r"^[ \t]*(?:[-*•–]|\(?\d{1,2}[.)]|\(?[a-e]\))[ \t]+", re.MULTILINE)
_MARK: Final = "\u2022 "
_AUXILIARIES: Final = (
    r"(?:do|does|did|is|are|was|were|can|could|will|would|should|has|have|am|much|many|long|often|soon|come)"
)
#: A clause that a run-on can start. "when I pay" only goes on, "when do I pay" asks.
_CLAUSE: Final = (
    rf"(?:how|what|when|where|why|who|which|whats|hows|wheres)(?:['’]?s|\s+{_AUXILIARIES})|(?:can|could|do|does|did|will|"
    r"would|should|may|is|are)\s+(?:i|you|u|we|they|it|my|there|someone)|(?:please|help)\s+\w+"
)
_STATEMENT: Final = r"(?:i|i['’]m|i['’]ve|i['’]d|my|there|the|someone|somebody|we|a)\s+\w+"
_AND_OPENER: Final = re.compile(
    rf"[,;]?\s+(?:and|&|or|but|/)\s+(?=(?:{_CLAUSE}|{_OPENERS})\b)", re.IGNORECASE
)
_AND_STATEMENT: Final = re.compile(
    rf"[,;]?\s+(?:and|&)\s+(?={_STATEMENT}\b)|\s*;\s+|\s+[-–—/]+\s+", re.IGNORECASE
)
_RUN_ON: Final = re.compile(rf"\s+(?=(?:{_CLAUSE})\b)", re.IGNORECASE)
#: "how many cards can I …": the verb belongs to the question word before it.
_OPEN_QUESTION: Final = re.compile(
    r"\b(?:how|what|which|when|where|why|who)\b(?:(?!\b(?:do|does|did|can|could|will|would|should|is|are|am|was|were|has|"
    r"have|to)\b|['’]s\b).){0,60}$",
    re.IGNORECASE,
)
#: Goes on about what was just said: "It is still pending", "That never came".
_GOES_ON: Final = re.compile(
    r"^\W*(?:(?:and|but|so|also|now|then|because|since|as|or|still|yet)\W+)*"
    r"(?:it|its|it['’]s|this|that|thats|that['’]s|these|those|they|he|she|which)\b",
    re.IGNORECASE,
)
#: Asks on about what was just said: "When will it arrive?" ("Is it possible to …" asks something of its own.)
_ASKS_ON: Final = re.compile(
    r"^\W*(?:(?:and|but|so|then|or)\W+)*(?:(?:how|what|when|where|why)\s+(?:(?:long|much|soon|far|come)\s+)?)?"
    r"(?:do|does|did|is|are|was|were|can|could|will|would|should|has|have)\s+(?:it|they|that|this|these|those)\s+"
    r"(?!(?:possible|ok|okay|allowed|true|normal|fine|cost|costs|take|safe|easy|free)\b)\w+",
    re.IGNORECASE,
)
_POINTS_BACK: Final = re.compile(
    r"\b(?:it|its|this|that|them|these|those|so|one|do|help|here|on|happen\w*|why)\b", re.IGNORECASE
)
#: A statement that starts in mid-sentence without any sign ("… in my app I want to …").
_RUN_ON_STATEMENT: Final = re.compile(
    r"[,.]?\s+(?=(?:i\s+(?:need|want|would\s+like|noticed|think|tried|can['’]?t|cannot|am|attempted|lost|just|requested|recently|see|"
    r"refuse)|i['’]?m|i['’]d\s+like|my\s+(?:\w+\s+){1,3}?(?:is|was|has|isn['’]?t|hasn['’]?t|wasn['’]?t|won['’]?t|got|keeps)|"
    r"there(?:\s+(?:is|was|are|were)|['’]s))\b)",
    re.IGNORECASE,
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

#: In the order in which they are tried: the surest first.
_JOINTS: Final = (
    (_ANNOUNCEMENT, _Link.ANNOUNCED),
    (_ALSO, _Link.ALSO),
    (_AND_OPENER, _Link.NONE),
    (_AND_STATEMENT, _Link.NONE),
    (_RUN_ON, _Link.NONE),
    (_RUN_ON_STATEMENT, _Link.NONE),
)
#: Those that may also open a sentence: "Also, …".
_LEADING_JOINTS: Final = _JOINTS[:2]


def split_questions(text: str) -> tuple[str, ...]:
    """Return the parts of a text that ask or complain of something, each on its own.

    What points back ("Why is that?") or only leads up to a question stays with it. A text without
    any such part is one question. The parts keep the order and the words of the text. It is for
    the classifier to say whether two parts ask for different things.
    """
    parts = (part for sentence in _sentences(text)[:_READ_SENTENCES] for part in _split_sentence(sentence))
    asking = _join_what_belongs(part for part in parts if _asks(part.text) and not is_courtesy(part.text))
    if not asking:
        whole = " ".join(text.split())
        return (whole,) if whole else ()
    return tuple(dict.fromkeys(asking))[:MAX_QUESTIONS]


def reads_whole(text: str) -> bool:
    """Say whether :func:`split_questions` reads a text to its end, however many questions are in it."""
    return len(text) <= _READ_CHARS and len(_sentences(text)) <= _READ_SENTENCES


def _sentences(text: str) -> list[str]:
    return sentences(_BULLET.sub(_MARK, text[:_READ_CHARS]))


def find_matter(text: str) -> str:
    """Return the sentences of a story that bear on its question; a short text as it is."""
    return focus(text, _REQUESTS)


def _split_sentence(sentence: str) -> list[_Part]:
    link = _Link.ANNOUNCED if sentence.startswith(_MARK.strip()) else _Link.NONE
    parts = [_Part(sentence.removeprefix(_MARK.strip()), link)]
    for joint, link in _JOINTS if len(sentence) >= _SHORTEST_PAIR else _LEADING_JOINTS:
        parts = [piece for part in parts for piece in _cut(part, joint, link)]
    return [_Part(" ".join(part.text.split()), part.link) for part in parts if part.text.strip()]


def _cut(part: _Part, joint: re.Pattern[str], link: _Link) -> list[_Part]:
    """Cut at each joint that has enough words on both sides to be two questions."""
    joints = list(joint.finditer(part.text))
    if not joints:
        return [part]
    pieces: list[_Part] = []
    text, start, current = part.text, 0, part.link
    for found in joints:
        before, after = text[start : found.start()], text[found.end() : found.end() + _NEAR]
        leads = not before.strip() and link is not _Link.NONE
        if not leads and not _may_cut(joint, before, after):
            continue
        if not leads:
            pieces.append(_Part(before, current))
        start, current = found.end(), link
    return [*pieces, _Part(text[start:], current)]


def _may_cut(joint: re.Pattern[str], before: str, after: str) -> bool:
    near = before[-_NEAR:]
    if not (_enough_words(near) and _enough_words(after)):
        return False
    if joint in (_RUN_ON, _RUN_ON_STATEMENT) and _EMBEDDING.search(near[-40:]):
        return False
    if joint is _RUN_ON:
        return _OPEN_QUESTION.search(near[-80:]) is None
    if joint in (_AND_STATEMENT, _RUN_ON_STATEMENT):
        return has_topic(near) and has_topic(after)
    return True


def _join_what_belongs(parts: Iterable[_Part]) -> list[str]:
    """Join a part that points back to the one before, and what led up to a question to the question.

    Reads no more parts than :data:`MAX_QUESTIONS` different questions need.
    """
    joined: list[str] = []
    complete: set[str] = set()
    leads_on = False
    for part, following in pairwise(chain(parts, (None,))):
        if part is None:
            break
        led_on, leads_on = leads_on, _only_leads_on(part.text)
        ends_in_telling = following is None and part.link is _Link.NONE and leads_on
        follows = (led_on and part.link is _Link.NONE) or ends_in_telling or _belongs_to_previous(part.text)
        if joined and follows and part.link is not _Link.ANNOUNCED:
            joined[-1] = f"{joined[-1]} {part.text}"
            continue
        complete.update(joined[-1:])
        if len(complete) >= MAX_QUESTIONS:
            break
        joined.append(part.text)
    return joined


def _belongs_to_previous(part: str) -> bool:
    if not _enough_words(part) or _GOES_ON.match(part) or _ASKS_ON.match(part):
        return True
    return _POINTS_BACK.search(part) is not None and not names_topic(part)


def _only_leads_on(part: str) -> bool:
    if part.endswith(("?", "？")) or _ASKS.search(part) or _TROUBLE.search(part):
        return False
    return _NARRATES.match(part) is not None


def _asks(part: str) -> bool:
    if part.rstrip("\"'”’)] ").endswith(("?", "？")):
        return True
    return bool(_ASKS.search(part) or _TROUBLE.search(part) or has_topic(part))


def _enough_words(part: str) -> bool:
    return _ENOUGH_WORDS.match(part[:_NEAR]) is not None
