"""What a person wrote in a mail, and what stands quoted below it.

The reading of mail and markup belongs to another app, which registers it here; without it a mail is shown whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tickets.channels.email.reading.headers import Address, addresses
from tickets.channels.email.reading.parts import Mail
from tickets.intake.written import as_written

_FORWARD_SUBJECT: Final = re.compile(r"\s*(?:fwd?|wg|tr|rv|i|enc|doorst|vs|pd|vb|vl)\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Written:
    """The writer's own lines, and the older mail below them."""

    own: str
    quoted: str = ""


#: Text, and whether its subject says that it is passed on → the writer's own lines and the rest.
Splitter = Callable[[str, bool], tuple[str, str]]
#: Markup → lines of text, quoted ones marked with “> ”.
MarkupReader = Callable[[str], str]
#: Text → the note that covers a mail that is passed on, the From line of that mail, and its words; None: there is none.
ForwardReader = Callable[[str], tuple[str, str, str] | None]
_splitter: Splitter | None = None
_markup: MarkupReader | None = None
_forwards: ForwardReader | None = None
_TAG: Final = re.compile(r"<[^<>]{0,10000}>")


def use_reader(
    splitter: Splitter | None, markup: MarkupReader | None, forwards: ForwardReader | None
) -> None:
    """Have mails split by ``splitter``, their markup read by ``markup``, and what is passed on found by ``forwards``."""
    global _splitter, _markup, _forwards
    _splitter, _markup, _forwards = splitter, markup, forwards


def text_of(mail: Mail) -> str:
    """The mail as text, quoted lines included."""
    if mail.text:
        return as_written(mail.text).strip("\n")
    if not mail.html:
        return ""
    return as_written(_markup(mail.html) if _markup else _TAG.sub(" ", mail.html)).strip("\n")


def written_in(mail: Mail) -> Written:
    """What the writer says now. Where nothing of it would be left, the whole text is theirs."""
    text = text_of(mail)
    if _splitter is None or not text:
        return Written(text)
    own, quoted = _splitter(text, is_forward(mail.subject))
    return Written(own.strip(), quoted.strip("\n")) if own.strip() else Written(text)


@dataclass(frozen=True, slots=True)
class PassedOn:
    """Somebody else's mail that the writer passes on."""

    sender: Address
    subject: str
    body: str
    note: str


def passed_on(mail: Mail) -> PassedOn | None:
    """The mail that this one passes on; None where its subject says nothing of the kind, or no writer is named."""
    found = _forwards(text_of(mail)) if _forwards is not None and is_forward(mail.subject) else None
    if found is None:
        return None
    note, sender, body = found
    first = next(iter(addresses((sender,))), None)
    if first is None or not body:
        return None
    return PassedOn(first, _FORWARD_SUBJECT.sub("", mail.subject, count=1).strip(), body, note)


def is_forward(subject: str) -> bool:
    return _FORWARD_SUBJECT.match(subject) is not None
