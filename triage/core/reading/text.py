"""What the classifier reads: one clean form of any text, and the question inside a long mail."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from triage.core.reading.focus import find_passages, focus
from triage.core.reading.joints import Joints, find_joints
from triage.core.reading.languages import UNSPACED, framing
from triage.core.reading.mail import read_mail
from triage.core.reading.markup import looks_like_html, read_html

#: Kept with each decision; a higher number says that texts are read otherwise than before.
READING_VERSION: Final = 6
#: The classifier reads no more than this; a question is far shorter.
MAX_CHARS: Final = 20_000
#: Raw mail is cut here before anything else (styles and markup can be long).
MAX_RAW_CHARS: Final = 400_000
#: Of what is left without markup no more is looked at; some of it may be blanks and signs that nobody sees.
MAX_SHOWN_CHARS: Final = 40_000
#: So many of the writer's own are searched for the question. Of 40,000 tickets of a help desk none has more;
#: what must never be automated is looked for in all that is read.
MAX_OWN_CHARS: Final = 8_000
#: A shorter text without subject, from which nothing was left out, is the question: no passage of it knows more.
_PLAIN_WORDS: Final = 30
#: What is longer is no word of any language.
_LONGEST_TOKEN: Final = 80
#: "a@b" is an address.
_SHORTEST_IDENTIFIER: Final = 3
#: A number with fewer digits may be an amount or a year.
_FEWEST_DIGITS: Final = 5


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_INVISIBLE: Final = re.compile(
    "[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U000e0000-\U000e0fff\ud800-\udfff]"
)
#: In the shapes that NFKC makes one.
_OPENS_TAG: Final = re.compile("[<\ufe64\uff1c]")
_NEW_LINE: Final = re.compile("[\r\v\f\x85\u2028\u2029]")
#: Every blank but the usual one and the new line.
_ODD_BLANK: Final = re.compile("[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_BLANKS: Final = re.compile("  +")
#: The same for ASCII, for `str.translate`, which is ten times as fast there and ten times as slow elsewhere.
_NO_INVISIBLE: Final = dict.fromkeys([*range(0x09), *range(0x0E, 0x20), 0x7F])
_PLAIN_BLANKS: Final = {ord(c): "\n" for c in "\r\v\f"} | {ord("\t"): " "}
_EMPTY_LINES: Final = re.compile(r"\n(?: ?\n)+")
_ADDRESS: Final = re.compile(r"^\W*(?:https?:|www\.|mailto:|ftp:)|[^\s@]@[^\s@]", re.IGNORECASE)
_ASIDE: Final = re.compile(r"[(\[][^()\[\]]{1,60}[)\]]")
_LABELS: Final = _words(
    "no no. nr nr. num number number: nr: no: # ref ref: ref. reference reference: id id:"
)
#: "Order number: 4711" at the start of a line says nothing once the number is gone.
_NUMBERED: Final = _words("order transaction customer account ticket case booking invoice reference client")
_DIGITS: Final = re.compile(r"\d")
_SUBJECT_PREFIX: Final = re.compile(
    r"^\s*(?:(?:re|aw|sv|antw|rif|odp|vs|ynt|res|r|回复|答复|fwd?|wg|tr|rv|enc|doorst|i|pd|ilt|vb|转发)"
    r"\s?(?:\[\d{1,3}\])?\s?[:：]\s*)+",
    re.IGNORECASE,
)
_FORWARD_PREFIX: Final = re.compile(
    r"^\s*i\s?:|\b(?:fwd?|wg|tr|rv|enc|doorst|pd|ilt|vb|转发)\s?[:：]", re.IGNORECASE
)
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


#: A body of such words alone only points at the subject; a subject of such words says only that somebody asks.
_POINTS_AT_SUBJECT: Final = framing("points_at_subject")
_EMPTY_SUBJECT: Final = framing("empty_subject")


@dataclass(frozen=True, slots=True)
class Ask:
    """What a ticket asks.

    Attributes
    ----------
    text
        What the classifier should read.
    joints
        Where it may go on to another question.
    passages
        Stretches of the text that may be the question, for whom ``text`` as a whole tells nothing.
    unabridged
        All the writer says, subject and signature included: what must never be automated has to
        be looked for here, as a threat is no part of the question.
    whole
        Whether all that the writer says was looked at, for both. Where it was not, nobody knows what
        else is asked or threatened.
    """

    text: str
    joints: Joints = field(default_factory=Joints)
    passages: tuple[str, ...] = ()
    unabridged: str = ""
    whole: bool = True


def clean(text: str) -> str:
    """Return readable lines: HTML resolved, invisible characters gone, blanks collapsed."""
    return _clean(text)[0]


def _clean(text: str) -> tuple[str, bool]:
    """Clean a text, and say whether all of it was read."""
    raw = text[:MAX_RAW_CHARS]
    if not _OPENS_TAG.search(raw):
        raw = raw[:MAX_SHOWN_CHARS]
    whole = not text[len(raw) :].strip()
    lines = _plain(unicodedata.normalize("NFKC", _visible(raw)))
    if looks_like_html(lines):
        shown, ended = read_html(lines, MAX_SHOWN_CHARS)
        lines, whole = _plain(_visible(shown)), whole and ended  # entities may hide more of them
    return _EMPTY_LINES.sub("\n\n", _BLANKS.sub(" ", lines)), whole


def _visible(text: str) -> str:
    return text.translate(_NO_INVISIBLE) if text.isascii() else _INVISIBLE.sub("", text)


def _plain(text: str) -> str:
    """Return a text whose only new line is one sign, and whose only blank is another."""
    text = text.replace("\r\n", "\n")
    if text.isascii():
        return text.translate(_PLAIN_BLANKS)
    return _ODD_BLANK.sub(" ", _NEW_LINE.sub("\n", text))


def normalise(text: str) -> str:
    """Return the one form in which a text is learned and classified.

    NFKC, HTML to text, no invisible characters, addresses and long numbers left out (an order
    number says nothing about the question), single blanks, at most :data:`MAX_CHARS` characters.
    Letter case stays. Applying it twice changes nothing. Linear in the length of the text.
    """
    return _flatten(clean(text))


def _flatten(text: str) -> str:
    return _flatten_beginning(text)[0]


def _flatten_beginning(text: str, *, keep_words: bool = False) -> tuple[str, bool]:
    """Flatten a text and say whether all of it was read.

    No question needs an aside that gives a number, or what is too long for a word; a threat could stand there.
    ``keep_words`` leaves them.
    """
    spoken = text.replace("<", " ").replace(">", " ").replace("&", " and ")
    if not keep_words and ("(" in spoken or "[" in spoken):
        spoken = _ASIDE.sub(_without_reference, spoken)
    tokens = spoken[: 2 * MAX_CHARS].split()
    identifiers = {
        token for token in set(tokens) if _is_identifier(token) and not (keep_words and _runs_on(token))
    }
    flat = " ".join(_leave_out(identifiers, tokens) if identifiers else tokens)
    flat = unicodedata.normalize("NFKC", flat)
    return _beginning(flat, MAX_CHARS), len(spoken) <= 2 * MAX_CHARS and len(flat) <= MAX_CHARS


def _beginning(text: str, most: int) -> str:
    """Cut a text that is too long, between two words where it can be."""
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0].strip()


def _leave_out(identifiers: set[str], tokens: list[str]) -> list[str]:
    kept: list[str] = []
    for token in tokens:
        if token not in identifiers:
            kept.append(token)
            continue
        _drop_label(kept)
        if kept and token[-1] in ".!?" and kept[-1][-1].isalnum():
            kept[-1] += token[-1]  # the mark that ends the sentence tells a question from a statement
    return kept


def _drop_label(kept: list[str]) -> None:
    """Take off what announced a number: "no.", "ref:", and "order" where the sentence began with it."""
    before = len(kept)
    while kept and kept[-1].lower() in _LABELS:
        kept.pop()
    opens = len(kept) == 1 or (len(kept) > 1 and kept[-2][-1] in ".!?")
    if len(kept) < before and kept and opens and kept[-1].lower() in _NUMBERED:
        kept.pop()


def _without_reference(aside: re.Match[str]) -> str:
    """Drop an aside that only gives a number: "(order no. 4711-0815)"."""
    gives_number = any(_has_number(token) for token in aside.group().split())
    return "" if gives_number else aside.group()


def _runs_on(token: str) -> bool:
    """Say whether a token is too long for a word, but no address: "lamp.............my-lawyer-says"."""
    return len(token) > _LONGEST_TOKEN and _ADDRESS.search(token) is None


def _is_identifier(token: str) -> bool:
    """Say whether a token names one thing in the world: an address, or a number like 4711-0815."""
    if len(token) <= _LONGEST_TOKEN and (len(token) < _SHORTEST_IDENTIFIER or token.isalpha()):
        return False
    if not token.isascii() and UNSPACED.search(token):
        return False
    if len(token) > _LONGEST_TOKEN:
        return True
    if ("." in token or ":" in token or "@" in token) and _ADDRESS.search(token):
        return True
    return _has_number(token)


def _has_number(token: str) -> bool:
    return len(token) >= _FEWEST_DIGITS and len(_DIGITS.findall(token)) >= _FEWEST_DIGITS


@dataclass(frozen=True, slots=True)
class _Title:
    """A subject without its prefixes. Empty where it says what the mail begins with."""

    text: str
    whole: bool
    replies: bool
    passed_on: bool


def find_ask(subject: str, body: str) -> Ask:
    """Find what a ticket asks.

    Parameters
    ----------
    subject
        The subject line; may be empty. Used where it says something the body does not.
    body
        Plain text or HTML, possibly a whole mail with greeting, signature and quoted thread.

    Returns
    -------
    Ask
        ``text`` is empty only if both are blank.
    """
    written = _read(subject, body)
    joints = find_joints(f"{written.heading}\n{written.lines}".strip())
    text = written.question()
    plain = not written.title and text == written.unabridged and len(text.split()) < _PLAIN_WORDS
    return Ask(
        text=text,
        joints=joints,
        passages=() if plain else find_passages(joints),
        unabridged=written.unabridged,
        whole=written.whole and joints.complete,
    )


def question_in(body: str) -> str:
    """The ``text`` of :func:`find_ask` for a body without a subject, at a third of the work."""
    return _read("", body).question()


def said_in(body: str) -> str:
    """The ``unabridged`` of :func:`find_ask` for a body without a subject, at a fourth of the work."""
    return _read("", body).unabridged


@dataclass(frozen=True, slots=True)
class _Written:
    """The parts of a ticket: what of the subject heads the question, and the lines that hold it."""

    title: str
    heading: str
    lines: str
    unabridged: str
    whole: bool

    def question(self) -> str:
        return f"{self.heading} {_flatten(focus(self.lines))}".strip()


def _read(subject: str, body: str) -> _Written:
    mail, read_mail_whole = _clean(body)
    title = _read_title(subject, mail)
    letter = read_mail(mail, forwarded=title.passed_on, goes_on=not read_mail_whole)
    unabridged, heard = _flatten_beginning(f"{title.text} {letter.unabridged}", keep_words=True)
    own = "\n".join(map(_flatten, _beginning(letter.own, MAX_OWN_CHARS).split("\n")))
    heading, lines = _divide(title, own, unabridged or _flatten(mail))
    whole = title.whole and read_mail_whole and letter.whole and heard and len(letter.own) <= MAX_OWN_CHARS
    return _Written(title.text, heading, lines, unabridged, whole)


def _read_title(subject: str, mail: str) -> _Title:
    cleaned, whole = _clean(subject)
    title = _SUBJECT_PREFIX.sub("", cleaned.replace("\n", " ")).strip()
    return _Title(
        text="" if _is_beginning(title, mail) else title,
        whole=whole,
        replies=_SUBJECT_PREFIX.match(subject) is not None,
        passed_on=_FORWARD_PREFIX.search(subject[:200]) is not None,
    )


def _divide(title: _Title, own: str, unabridged: str) -> tuple[str, str]:
    """Return what of the subject stands before the question, as a sentence, and the lines that hold the question."""
    said = set(_WORD.findall(own.lower()))
    says_something = any(letter.isalpha() for letter in title.text)  # a number alone is nothing to point at
    if not said - (_POINTS_AT_SUBJECT if says_something else frozenset()):
        return "", _flatten(title.text) or unabridged or own
    if title.replies or not _adds(title.text, said):
        return "", own
    heading = _flatten(title.text)
    return heading if heading.endswith((".", "!", "?")) or not heading else f"{heading}.", own


def _is_beginning(title: str, mail: str) -> bool:
    """Say whether a subject was made of the first words of the mail, be they a greeting."""
    words = title.rstrip(". ")
    return bool(words) and " ".join(mail[: 2 * len(title)].split()).startswith(words)


def _adds(title: str, said: set[str]) -> bool:
    """Say whether a subject tells more than that somebody has a question."""
    return bool(set(_WORD.findall(title.lower())) - _EMPTY_SUBJECT - said)


__all__ = ["MAX_CHARS", "Ask", "clean", "find_ask", "looks_like_html", "normalise", "question_in", "said_in"]
