"""Takes greeting, farewell, signature, device footer and legal notice off a letter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Final

from triage.core.reading.focus import has_topic, is_courtesy, is_english
from triage.core.reading.languages import framing

#: A signature has no more filled lines than this.
_SIGNATURE_LINES: Final = 25
#: So many lines at the end are looked at for names, contacts and courtesies.
_LOOSE_LINES: Final = 100
#: A name, contact or courtesy has fewer characters, be it a long web address; more tell no more of a line.
_LOOSE_CHARS: Final = 2_000
#: A line with more words can hold the question, so no signature reaches above it.
_SIGNATURE_WORDS: Final = 14

#: The language is judged by the beginning; a notice at the end is often in another.
_SAMPLE_CHARS: Final = 400
#: From this length on a line tells its language.
_FOREIGN_WORDS: Final = 8

#: Mailers that wrap lines do so somewhere in this range of columns.
_WRAP_COLUMNS: Final = (60, 100)
#: Lines that end this near the longest one show that a mailer wrapped them.
_RAGGED: Final = 16
_LINE_ENDS: Final = (".", "!", "?", ":", ";", "…", "|")
_LIST_ITEM: Final = re.compile(r"\s*(?:[-*•–]|\(?\w{1,2}[.)])\s")
_COLUMN: Final = re.compile(r"\s[|·•]\s")
_LETTERS: Final = re.compile(r"[^\W\d_]{2,}")
#: What can only stand above a signature; a longer rule may as well underline a heading.
_SIGNATURE_MARK: Final = re.compile(r"--\s?$|—\s?$|_{4,}$")
_DELIMITER: Final = re.compile(r"--\s?$|—\s?$|[_=*~#-]{4,}$")
_FAREWELLS: Final = framing("farewells")
_DEVICE_FOOTERS: Final = tuple(framing("devices"))
#: Two of them in one paragraph make it a notice.
_NOTICE_MARKS: Final = framing("notices")
_GREETING: Final = re.compile(
    r"(?:" + "|".join(map(re.escape, sorted(framing("greetings"), key=len, reverse=True))) + r")(?![\w'’])"
)
_GREETING_REST: Final = re.compile(r"[^,!.?:;\n–—]{0,40}?(?:[,!.:;–—]+\s*|\s-\s*$|$)")
_CONTACT: Final = re.compile(
    r"[^\s@]@[^\s@]|www\.|https?:|\b(?:iban|tel|phone|mobile|mob|fax|cell|skype|linkedin|twitter|tlf|tél|telefon|"
    r"room|dept|department|office|hours)\b|\(?\+?\d[\d\s()/.-]{6,}\d|^\W*\[image|^\W*[tmewf][:.]?\s",
    re.IGNORECASE,
)
_REACHED_AT: Final = re.compile(r"[^\s@]@[^\s@]|www\.|https?:|\(?\+?\d[\d\s()/.-]{6,}\d")
#: A line with an address or number in it and no more words than this tells where somebody is reached.
_CONTACT_WORDS: Final = 5
_AROUND_WORDS: Final = ".,:;!?()[]|*-–"
_SHORTEST_NOTICE: Final = 50
#: A notice shows what it is in its beginning.
_NOTICE_CHARS: Final = 3_000
#: Only a notice says so; one such phrase is enough.
_NOTICE: Final = re.compile(
    r"not the (?:\w+ )?(?:addressee|recipient)|external (?:e-?mail|mail|sender|message)\b|originated (?:from )?outside|"
    r"do not (?:open|click)(?: on)?(?: any)? (?:attachments|links)|registered (?:charity|office|company)|equal opportunity|"
    r"authori[sz]ed and regulated|professional secrecy|this (?:inbox|mailbox) is"
)
_MOTTO: Final = re.compile(r"[\"“„«].{5,160}[\"”“»]\W*$")
_FIRST_PERSON: Final = re.compile(r"\b(?:i|i'm|i've|my)\b")
_ASKING: Final = re.compile(
    r"\b(?:how|what|when|where|why|who|which|can|could|help|need|want|not|no|don't|can't|please|cancel|is|are|do)\b",
    re.IGNORECASE,
)


def rejoin(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Undo the line breaks of a mailer that wraps at a fixed column; those of the writer stay.

    A break is the mailer's where the next word would not have fitted and the sentence goes on. One
    such line alone may be chance, so two lines must end near the column, or the next begin small.
    """
    least, most = _WRAP_COLUMNS
    column = max((len(line) for line in lines if len(line) <= most), default=0)
    if column < least:
        return lines
    often = sum(column - _RAGGED < len(line) <= column for line in lines) > 1
    joined = [lines[0]]
    for above, below in pairwise(lines):
        if (often or below[:1].islower()) and _is_wrapped(above, below, column):
            joined[-1] = f"{joined[-1]} {below.strip()}"
        else:
            joined.append(below)
    return tuple(joined)


def _is_wrapped(above: str, below: str, column: int) -> bool:
    first_word = below.strip().partition(" ")[0]
    if not first_word or above.rstrip().endswith(_LINE_ENDS) or not column // 2 < len(above) <= column:
        return False
    fits = len(above) + 1 + len(first_word) <= column
    return (
        not fits and not _LIST_ITEM.match(below) and not _is_device_footer(below) and not _is_farewell(below)
    )


def unframe(lines: list[str]) -> str:
    """Return the text of a letter, from which :func:`drop_notices` took the notices, without greeting and end."""
    english = _is_in_english(lines)
    body = _drop_greeting(lines)
    body = _drop_loose_end(_drop_signature(body, english), english)
    return "\n".join(_drop_opening(body)).strip()


def _is_in_english(lines: list[str]) -> bool:
    """Judge the beginning, or the first line below the greeting: names and notices have no language."""
    beginning = "\n".join(lines)[:_SAMPLE_CHARS]
    if is_english(beginning) or is_english(beginning[: _SAMPLE_CHARS // 3]):
        return True
    first = next((line for line in _drop_greeting(lines) if line.strip()), "")
    return is_english(first[:_SAMPLE_CHARS])


def all_but_contacts(lines: list[str], own: str) -> str:
    """Return a letter with greeting and signature, but without legal notices and contact lines.

    "Call me on 07700 900123" in a signature is no wish; the same line among the writer's ``own``
    words is one and stays, and so does one that says more than where somebody is reached.
    """
    said = set(own.split("\n"))
    kept = [line for line in lines if line in said or not _is_contact(line)]
    return "\n".join(kept).strip()


def _is_contact(line: str) -> bool:
    if not _REACHED_AT.search(line):
        return False
    return sum(token.strip(_AROUND_WORDS).isalpha() for token in line.split()) <= _CONTACT_WORDS


def drop_notices(lines: Sequence[str]) -> list[str]:
    """Leave out the paragraphs that are legal notices."""
    kept: list[str] = []
    for filled, paragraph in groupby(lines, key=_is_filled):
        written = list(paragraph)
        if not filled or not _is_notice(written):
            kept += written
    return kept


def _is_filled(line: str) -> bool:
    return bool(line) and not line.isspace()


def _is_notice(paragraph: list[str]) -> bool:
    text = " ".join(paragraph).lower()
    if len(text) < _SHORTEST_NOTICE or "?" in text or _FIRST_PERSON.search(text):
        return False
    opening = text[:_NOTICE_CHARS]
    return _NOTICE.search(opening) is not None or sum(mark in opening for mark in _NOTICE_MARKS) >= 2


def _drop_signature(lines: list[str], english: bool) -> list[str]:
    """Cut at the first line that ends the letter and has only signature-like lines below it."""
    frame_from = _frame_start(lines, english)
    for position in range(max(0, frame_from - 1), len(lines)):
        bare = lines[position].strip()
        if not bare:
            continue
        if _DELIMITER.match(bare) or _is_device_footer(bare) or _is_farewell(bare):
            return lines[:position]
        following = next(filter(_is_filled, lines[position + 1 : position + 4]), "").strip()
        if bare.endswith(",") and _is_unknown_farewell(bare) and _is_name(following):
            return lines[:position]
    return lines


def signature_start(lines: list[str]) -> int:
    """Return where a signature begins that is marked as one ("-- ", "Sent from my phone"), else the number of lines."""
    for position in range(_frame_start(lines, _is_in_english(lines)), len(lines)):
        bare = lines[position].strip()
        if bare and (_SIGNATURE_MARK.match(bare) or _is_device_footer(bare)):
            return position
    return len(lines)


def _frame_start(lines: list[str], english: bool) -> int:
    """Return the line below which no line holds a sentence that could be the question."""
    filled = 0
    for position in range(len(lines) - 1, -1, -1):
        line = lines[position].strip()
        filled += bool(line)
        if filled > _SIGNATURE_LINES or _speaks(line, english):
            return position + 1
    return 0


def _speaks(line: str, english: bool) -> bool:
    """Say whether a line below a farewell could still be the writer's own words."""
    if "?" in line or line.lower().startswith(("ps", "p.s")):
        return not _is_device_footer(line)
    line = line[:_LOOSE_CHARS]
    if len(_LETTERS.findall(line)) <= _SIGNATURE_WORDS or len(_COLUMN.findall(line)) >= 2:
        return False
    if not english:
        return True
    return is_english(line) and (has_topic(line) or _FIRST_PERSON.search(line.lower()) is not None)


def _is_device_footer(line: str) -> bool:
    lowered = line.lower().lstrip("-–—*[( ")
    return len(line) < 120 and lowered.startswith(_DEVICE_FOOTERS) and "?" not in line


def _is_farewell(line: str) -> bool:
    """Accept the closing word alone, or with a name behind it ("Thanks, Ana")."""
    lowered = " ".join(line.lower().replace("’", "'").split()).strip(" ,.!-–—:)(*~")
    if lowered in _FAREWELLS or lowered.partition(" / ")[0] in _FAREWELLS:
        return True
    head, comma, tail = lowered.partition(",")
    if not comma:
        head, comma, tail = lowered.partition("!")
    return bool(comma) and head.strip() in _FAREWELLS and len(tail.split()) <= 4 and "?" not in tail


def _drop_loose_end(lines: list[str], english: bool) -> list[str]:
    """Drop names, contacts, mottoes and courtesies that stand below the text without a known farewell."""
    kept = list(lines)
    below_name = False
    while kept and len(lines) - len(kept) < _LOOSE_LINES:
        line = kept[-1].strip()
        if line:
            loose = _is_loose(line, english) or (below_name and _is_unknown_farewell(line))
            if not loose or not any(map(_is_filled, kept[:-1])):
                break
            below_name = _is_name(line)
        kept.pop()
    return kept


def _is_unknown_farewell(line: str) -> bool:
    """Recognise a farewell in any language by its place above a name and its shape."""
    short = len(line.split()) <= 6 and not line.endswith((".", "?"))
    return short and not has_topic(line) and not _ASKING.search(line)


def _is_loose(line: str, english: bool) -> bool:
    sample = line[:_LOOSE_CHARS]
    if english and len(sample.split()) >= _FOREIGN_WORDS and not is_english(sample, share=0.12):
        return True
    if "?" in line or len(line) > _LOOSE_CHARS or len(line.split()) > _SIGNATURE_WORDS:
        return False
    if is_courtesy(line) or _MOTTO.match(line) or _is_device_footer(line):
        return True
    if has_topic(line):
        return False
    return _is_name(line) or (_CONTACT.search(line) is not None and not _ASKING.search(line))


def _is_name(line: str) -> bool:
    """Recognise a name or role: few words, nearly all with a capital, no end of a sentence."""
    bare = line.strip(" -–—*_~^|,()x")
    spoken = bare.split()
    if not 1 <= len(spoken) <= 5 or bare[-1:] in {".", "!", ":"} or _ASKING.search(bare):
        return False
    return sum(word[:1].isupper() for word in spoken) >= max(1, len(spoken) - 1)


def _drop_greeting(lines: list[str]) -> list[str]:
    for position, line in enumerate(lines):
        bare = line.strip()
        if not bare:
            continue
        rest = _after_greeting(bare, last=not any(map(str.strip, lines[position + 1 :])))
        if rest is None:
            return lines[position:]
        return [rest, *lines[position + 1 :]] if rest else lines[position + 1 :]
    return lines


def _drop_opening(lines: list[str]) -> list[str]:
    """Drop wishes below the greeting ("I hope you are well."), but never the only line."""
    filled = [position for position, line in enumerate(lines) if line.strip()]
    for position, following in pairwise(filled):
        if "?" in lines[position] or not is_courtesy(lines[position]) or len(lines[position].split()) > 10:
            return lines[position:]
        if following == filled[-1]:
            return lines[following:]
    return lines


def _after_greeting(line: str, *, last: bool) -> str | None:
    """Return what follows the greeting in its line; None if the line opens with no greeting."""
    lowered = line.lower()
    found = _GREETING.match(lowered) if len(lowered) == len(line) else None
    if found is None:
        return "" if not last and _is_address_line(line) else None
    end = _GREETING_REST.match(line, found.end())
    if end is None or len(end.group().split()) > 5 or _ASKING.search(end.group()):
        return None
    return line[end.end() :].strip()


def _is_address_line(line: str) -> bool:
    """Recognise an unknown greeting by its shape: a few words with a comma, colon or cry at the end."""
    if line.lower().startswith(("@", "attention", "attn", "to the ", "to: ", "for the attention")):
        return len(line.split()) <= 8
    ends = line.endswith((",", "!", ":", " -"))
    return ends and len(line.split()) <= 6 and not _ASKING.search(line) and not has_topic(line)
