"""Finds what the writer of a mail says now: no greeting, signature, quoted thread or legal notice.

The work is done line by line with cheap tests, so its cost grows with the length and nothing else.
When a mail is only passed on, the passed-on text is what the writer says.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import takewhile
from typing import Final, NamedTuple

from triage.core.reading.focus import has_topic, is_english
from triage.core.reading.languages import framing
from triage.core.reading.letter import all_but_contacts, drop_notices, rejoin, signature_start, unframe

#: Longer lines are prose or rubbish, never a header, quote line, greeting or signature.
_FRAME_CHARS: Final = 300
#: A note of fewer words only covers a mail that is passed on.
_NOTE_WORDS: Final = 5
_TITLE_WORDS: Final = 6
#: How often a mail may be passed on before we stop following.
_MAX_DEPTH: Final = 4

#: The header of an older mail, and what announces it, are no longer than this.
_FRAME_LINES: Final = 10

#: So much of a mail is searched for the writer's words; what is further down is thread, a table or rubbish.
MAX_MAIL_CHARS: Final = 20_000
MAX_MAIL_LINES: Final = 1_000
#: Of so many lines below "she wrote" one is quoted, if the quote carries signs.
_QUOTE_NEAR: Final = 6
#: An older mail starts at a line only where that or one of so many below it may be part of a frame.
_LOOKED_AHEAD: Final = 5
_RULE_SIGNS: Final = ("-", "_", "=", "*", "~", "#", "—", "–")

_QUOTED: Final = re.compile(r"\s{0,4}(?:>|\|\s|｜)")
_UNQUOTE: Final = re.compile(r"^\s{0,4}(?:[>|｜]\s?)++")
_MAIL_ADDRESS: Final = re.compile(r"[^\s@<>\[\]()]{1,64}@[^\s@<>\[\]()]{1,64}")
_TIME: Final = re.compile(r"\b\d{1,2}[:.hu]\d{2}\b|上午|下午|오전|오후")
_DATE: Final = re.compile(
    r"\b(?:19|20)\d{2}(?:\b|[年년])|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\d{1,2}\s?[月월]|\b\d{1,2}\.? \w{3,9}\.? \d{2,4}\b"
)
_HEADER: Final = re.compile(
    r"[*_\s]{0,3}([^\W\d_][\w'-]{0,19}(?:\s\w{1,12})?)\s?[*_]{0,2}\s?[:：][*_]{0,2}(?:\s+|$)"
)
#: Header names of an older mail, by what they carry.
_FROM_KEYS: Final = framing("from")
_KEYS: Final = framing("headers") | _FROM_KEYS
_RULE_LINE: Final = re.compile(r"\s*(?:[-_=*~#—–]\s?){4,}\s*$")
_SEPARATOR: Final = re.compile(r"\s*[-_=*~—–]{2,}\s*+([^-_=*~—–].{2,140}?)\s*[-_=*~—–]{2,}\s*$")
_WROTE: Final = re.compile(
    r"(?:^|[\s,.>)\]:])(?:" + "|".join(map(re.escape, framing("wrote"))) + r")(?:[\s:：,.]|$)"
)
_FORWARD_LINE: Final = re.compile("|".join(map(re.escape, framing("forwarded"))))
_ORIGINAL_LINE: Final = re.compile("|".join(map(re.escape, framing("original"))))
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_POINTER: Final = re.compile(
    r"\b(?:fyi|fwd|fw|see|below|forward(?:ed|ing)?|attached|following|passing|this|mail|e-?mail|message|siehe|"
    r"unten|weiter\w*|voir|ci-dessous|abajo|sotto|zie|onder\w*|abaixo|poniżej)\b"
)


@dataclass(frozen=True, slots=True)
class Letter:
    """What the writer says, split from the mail that is passed on below it (if any).

    ``ended`` says that an older mail begins below the writer's words.
    """

    own: tuple[str, ...]
    forwarded: tuple[str, ...] = ()
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Said:
    """What the writer says. ``own`` without the frame, ``unabridged`` with greeting and signature.

    ``whole`` says that in what was not read there can be no more of it.
    """

    own: str
    unabridged: str
    whole: bool


def read_mail(text: str, *, forwarded: bool = False, goes_on: bool = False) -> Said:
    """Find the writer's own words.

    Parameters
    ----------
    text
        Plain text with line breaks. HTML goes through :func:`triage.core.reading.markup.read_html` first.
    forwarded
        True when the subject says that the mail is passed on.
    goes_on
        True when the mail is longer than ``text``.

    Returns
    -------
    Said
        The words, line by line, from the first :data:`MAX_MAIL_CHARS` characters and
        :data:`MAX_MAIL_LINES` lines. Never empty unless ``text`` is blank: where stripping would leave
        nothing, less is stripped.
    """
    lines = text[:MAX_MAIL_CHARS].split("\n", MAX_MAIL_LINES)[:MAX_MAIL_LINES]
    top = "\n".join(lines)
    # The last line may be cut in the middle: what it is shows at its beginning.
    below = text[len(top) - len(lines[-1]) :] if len(top) < len(text) else ""
    return _read(top, None if goes_on else below, forwarded, _MAX_DEPTH)


def split_mail(text: str, *, forwarded: bool = False) -> tuple[str, str]:
    """Split a mail into what its writer wrote, greeting and farewell included, and all that stands around it.

    Parameters
    ----------
    text
        Plain text with line breaks.
    forwarded
        True when the subject says that the mail is passed on: then the older mail is what the writer shows.

    Returns
    -------
    str, str
        The writer's lines; and quoted mails with what announces them, a marked signature, the line that a device adds.
        Nothing is lost: each line of the first :data:`MAX_MAIL_LINES` is in one of both, and what is further down in
        the second. The first is empty where the writer added nothing.
    """
    top = text[:MAX_MAIL_CHARS].split("\n", MAX_MAIL_LINES)[:MAX_MAIL_LINES]
    below = text[len("\n".join(top)) :]
    lines = [line.rstrip() for line in top]
    letter = _split_thread(lines, forwarded)
    if letter.forwarded:
        return text, ""
    own = list(letter.own)
    own = own[: signature_start(own)]
    waiting = iter(own)
    following = next(waiting, None)
    rest: list[str] = []
    for line in lines:
        if line == following:
            following = next(waiting, None)
        else:
            rest.append(line)
    return "\n".join(own), "\n".join(rest) + below


class Forwarded(NamedTuple):
    """A mail that is passed on: what covers it, who its header says wrote it, and what that person wrote."""

    note: str
    sender: str  # the value of the From line, as it stands
    body: str


def read_forward(text: str) -> Forwarded | None:
    """Take apart a mail in which an older one is passed on; None where none is found that names its writer.

    ``text`` is plain text with line breaks; only its first :data:`MAX_MAIL_CHARS` characters are looked at.
    """
    lines = [line.rstrip() for line in text[:MAX_MAIL_CHARS].split("\n", MAX_MAIL_LINES)[:MAX_MAIL_LINES]]
    for block in _blocks(lines):
        if block.kind not in {_Kind.FORWARD, _Kind.REPLY, _Kind.QUOTE}:
            continue
        below = _unquote(lines[block.start :])
        headers = filter(None, map(_HEADER.match, [line for line in below if line.strip()][:_FRAME_LINES]))
        sender = next((found for found in headers if _name(found) in _FROM_KEYS), None)
        if sender is not None:
            note = "\n".join(_without_title(lines[: block.start])).strip()
            written = sender.string[sender.end() :].strip(" *_")
            return Forwarded(note, written, "\n".join(_body_below_headers(below)).strip())
    return None


def _read(text: str, below: str | None, forwarded: bool, depth: int) -> Said:
    """Read the top of a mail; what stands ``below`` it is None where nobody knows."""
    lines = [line.rstrip() for line in text.split("\n")]
    letter = _split_thread(lines, forwarded)
    lines_of_own = drop_notices(rejoin(letter.own))
    own = unframe(lines_of_own)
    unabridged = all_but_contacts(lines_of_own, own)
    if letter.forwarded and depth and not _says_something(own):
        rest = None if below is None else "\n".join(_unquote(below.split("\n")))
        passed_on = _read("\n".join(letter.forwarded), rest, False, depth - 1)
        if _WORD.search(passed_on.own):
            return Said(passed_on.own, f"{unabridged}\n{passed_on.unabridged}".strip(), whole=passed_on.whole)
    if _WORD.search(own):
        return Said(own, unabridged, whole=letter.ended or (below is not None and _is_all_quoted(below)))
    candidates = ("\n".join(some).strip() for some in (letter.own, _unquote(lines)))
    candidate = next(filter(_WORD.search, candidates), text.strip())
    return Said(candidate, candidate, whole=below is not None and not below.strip())


def _is_all_quoted(text: str) -> bool:
    return all(_QUOTED.match(line) or not line.strip() for line in text.split("\n"))


def _unquote(lines: list[str]) -> list[str]:
    return [_UNQUOTE.sub("", line, count=1) for line in lines]


def _says_something(own: str) -> bool:
    """Tell a covering note ("see below", "can you look at this?") from a writer who asks on their own."""
    count = len(_own_words(own))
    if count < _NOTE_WORDS:
        return False
    return count >= 2 * _NOTE_WORDS or has_topic(own) or not is_english(own)


def _own_words(text: str) -> list[str]:
    """Return the words that do more than point at something else ("FYI, see below")."""
    return [word for word in _WORD.findall(text.lower()) if not _POINTER.fullmatch(word)]


class _Kind(Enum):
    OWN = "the writer's lines"
    QUOTE = "lines with quote signs"
    WROTE = "a line such as “on 3 May she wrote”"
    FORWARD = "what announces a mail that is passed on"
    REPLY = "what announces the mail that is answered"


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines of one kind, from ``start`` on and before ``end``."""

    kind: _Kind
    start: int
    end: int


def _split_thread(lines: list[str], forwarded: bool) -> Letter:
    """Collect the writer's lines up to an older mail, and find what of that is passed on."""
    own: list[str] = []
    for block in _blocks(lines):
        match block.kind:
            case _Kind.OWN:
                own += lines[block.start : block.end]
            case _Kind.QUOTE:
                quote = _unquote(lines[block.start : block.end])
                if _starts_headers(quote, 0) or (forwarded and not any(map(_WORD.search, own))):
                    return Letter(_without_title(own), _body_below_headers(quote))
            case _Kind.WROTE:
                if not any(_QUOTED.match(later) for later in lines[block.end : block.end + _QUOTE_NEAR]):
                    return Letter(tuple(own), tuple(lines[block.end :]) if forwarded else ())
            case _:
                below = _body_below_headers(_unquote(lines[block.start :]))
                covers = (
                    block.kind is _Kind.FORWARD or forwarded or not _own_words(unframe(drop_notices(own)))
                )
                return Letter(_without_title(own), below if covers else ())
    return Letter(tuple(own), ended=False)


def _blocks(lines: list[str]) -> Iterator[_Block]:
    """Take a mail apart; only lines near one that may be part of a frame are looked at closely."""
    frames = [place for place, line in enumerate(lines) if _may_frame(line)]
    start = 0
    while start < len(lines):
        at = bisect_left(frames, start)
        plain_until = frames[at] - _LOOKED_AHEAD if at < len(frames) else len(lines)
        block = _Block(_Kind.OWN, start, plain_until) if plain_until > start else _block_at(lines, start)
        yield block
        start = block.end


def _block_at(lines: list[str], start: int) -> _Block:
    if _QUOTED.match(lines[start]):
        return _Block(_Kind.QUOTE, start, _end_of_quote(lines, start))
    if span := _quote_line(lines, start):
        return _Block(_Kind.WROTE, start, start + span)
    return _Block(_thread_start(lines, start) or _Kind.OWN, start, start + 1)


def _may_frame(line: str) -> bool:
    """Rule out quickly what can be no quote, quote line, header or separator."""
    return ":" in line or "：" in line or line.endswith(_RULE_SIGNS) or _QUOTED.match(line) is not None


def _without_title(own: list[str]) -> tuple[str, ...]:
    """Drop the line that announces an older mail in whatever language ("Forwarded message:")."""
    kept = list(own)
    while kept and not kept[-1].strip():
        kept.pop()
    if kept and len(kept[-1].split()) <= _TITLE_WORDS and kept[-1].rstrip().endswith((":", "：")):
        kept.pop()
    return tuple(kept)


def _end_of_quote(lines: list[str], start: int) -> int:
    """Return where a run of quoted lines ends; blank lines between quoted ones belong to it."""
    end = start
    for position in range(start, len(lines)):
        if _QUOTED.match(lines[position]):
            end = position + 1
        elif lines[position].strip():
            break
    return end


def _quote_line(lines: list[str], position: int) -> int:
    """Return how many lines "On … she wrote:" takes here, 0 for none; mailers wrap it up to three."""
    joined = ""
    for span in (1, 2, 3):
        if position + span > len(lines):
            return 0
        line = lines[position + span - 1].strip()
        if not line or len(line) > _FRAME_CHARS or _QUOTED.match(line):
            return 0
        joined = f"{joined} {line}".strip()
        if len(joined) > _FRAME_CHARS:
            return 0
        if _is_quote_line(joined, _next_is_quoted(lines, position + span)):
            return span
    return 0


def _is_quote_line(line: str, before_quote: bool) -> bool:
    ends = line.endswith((":", "：")) or _SEPARATOR.match(line) is not None
    if not (ends or before_quote):
        return False
    address = _MAIL_ADDRESS.search(line) is not None
    dated = _DATE.search(line) is not None or _TIME.search(line) is not None
    verb = _WROTE.search(line.lower()) is not None
    evidence = address + dated + verb
    return evidence >= 2 or (ends and before_quote and evidence >= 1)


def _next_is_quoted(lines: list[str], position: int) -> bool:
    following = next((line for line in lines[position : position + 3] if line.strip()), "")
    return _QUOTED.match(following) is not None


def _thread_start(lines: list[str], position: int) -> _Kind | None:
    """Say whether an older mail starts at this line, and whether it is passed on or answered."""
    line = lines[position]
    if len(line) > _FRAME_CHARS or not line.strip():
        return None
    lowered = line.lower()
    framed = _SEPARATOR.match(line) is not None
    titled = lowered.rstrip().endswith(":") and _FORWARD_LINE.search(lowered) is not None
    if (framed and _FORWARD_LINE.search(lowered)) or (titled and _headers_near(lines, position + 1)):
        return _Kind.FORWARD
    if framed and _ORIGINAL_LINE.search(lowered):
        return _Kind.REPLY
    if (framed or _RULE_LINE.match(line)) and _headers_near(lines, position + 1):
        return _Kind.REPLY
    return _Kind.REPLY if _starts_headers(lines, position) else None


def _headers_near(lines: list[str], position: int) -> bool:
    for offset in range(position, min(position + 3, len(lines))):
        line = _UNQUOTE.sub("", lines[offset], count=1)
        if line.strip():
            return _starts_headers(_unquote(lines[offset : offset + 8]), 0)
    return False


def _starts_headers(lines: list[str], position: int) -> bool:
    """Recognise the header block of an older mail by its names, or by its shape in other languages."""
    first = lines[position] if position < len(lines) else ""
    if len(first) > _FRAME_CHARS or not _HEADER.match(first):
        return False
    block = [line for line in lines[position : position + 7] if line.strip()]
    names = [_name(header) for header in takewhile(bool, map(_HEADER.match, block)) if header]
    known = [name for name in names if name in _KEYS]
    if len(known) >= 3 and not _FROM_KEYS.isdisjoint(known):
        return True
    shown = " ".join(block[: len(names)])[:1000]
    if len(names) < 3 or _MAIL_ADDRESS.search(shown) is None:
        return False
    return len(names) >= 4 or _DATE.search(shown) is not None


def _body_below_headers(lines: list[str]) -> tuple[str, ...]:
    """Drop separators and headers at the top of an older mail."""
    position = headers = 0
    while position < len(lines):
        line = lines[position].strip()
        if position >= headers and _starts_headers(lines, position):
            headers = position + _block_length(lines, position)
        header = _HEADER.match(line)
        is_header = header is not None and (position < headers or _name(header) in _KEYS)
        if line and not (
            is_header or _SEPARATOR.match(line) or _RULE_LINE.match(line) or _forward_title(line)
        ):
            break
        position += 1
    return tuple(lines[position:])


def _block_length(lines: list[str], position: int) -> int:
    """Return how many lines in a row look like headers."""
    length = 0
    while position + length < len(lines) and length < 12 and _HEADER.match(lines[position + length]):
        length += 1
    return length


def _name(header: re.Match[str]) -> str:
    return header.group(1).lower().split()[0]


def _forward_title(line: str) -> bool:
    return len(line) < 80 and line.endswith(":") and _FORWARD_LINE.search(line.lower()) is not None
