"""What a person wrote in a mail, and what stands quoted below it.

The reading of mail and markup belongs to another app, which registers it here; without it a mail is shown whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tickets.channels.email.parts import Mail
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
_splitter: Splitter | None = None
_markup: MarkupReader | None = None
_TAG: Final = re.compile(r"<[^<>]{0,10000}>")


def use_reader(splitter: Splitter | None, markup: MarkupReader | None) -> None:
    """Have mails split by ``splitter`` and their markup read by ``markup``."""
    global _splitter, _markup
    _splitter, _markup = splitter, markup


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


def is_forward(subject: str) -> bool:
    return _FORWARD_SUBJECT.match(subject) is not None
