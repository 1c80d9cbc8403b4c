"""Header fields as mailers really write them: encoded words, raw bytes, addresses without quotes, ids without brackets."""

from __future__ import annotations

import email.utils
import re
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message as Mime
from typing import Final

from tickets.channels.email.reading.characters import plain, to_text

HEADER_CHARS: Final = 4_000  # of one header; a longer one is cut
ADDRESSES: Final = 100
_BRACKETED: Final = re.compile(r"<\s*([^<>\s@]{1,64}@[^<>\s@]{1,190})\s*>")
_BARE_ADDRESS: Final = re.compile(r"[^\s<>,;:\"()\[\]@]{1,64}@[^\s<>,;:\"()\[\]@]{1,190}")
_MESSAGE_ID: Final = re.compile(r"<([^<>\s]{1,250})>")


@dataclass(frozen=True, slots=True)
class Address:
    name: str
    address: str  # as written, without blanks; empty where the header holds none

    @property
    def key(self) -> str:
        return self.address.casefold()


def fields_of(mime: Mime) -> dict[str, tuple[str, ...]]:
    """The header fields as they stand, by name in lower case, each cut to HEADER_CHARS."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in mime.raw_items():
        key = name.lower()[:100]
        found[key] = (*found.get(key, ()), str(value)[:HEADER_CHARS])
    return found


def decoded(value: str) -> str:
    """A header value in plain characters, whatever its encoded words and its raw bytes say they are."""
    flat = _raw_header(" ".join(value.split()))
    if "=?" not in flat:
        return plain(flat)
    try:
        pieces = decode_header(flat)
    except (HeaderParseError, ValueError):
        return plain(flat)
    return plain("".join(_piece(piece, charset) for piece, charset in pieces))


def _piece(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    # What stands between encoded words comes back in the library's own escapes.
    return to_text(piece, charset) if charset else piece.decode("raw-unicode-escape", "replace")


def _raw_header(value: str) -> str:
    """Bytes above 127 that stand in a header as they are."""
    return value if value.isascii() else to_text(value.encode("utf-8", "surrogateescape"), "")


def addresses(fields: tuple[str, ...]) -> list[Address]:
    """The addresses of header fields as they stand; groups, comments and missing quotes are what mailers really send.

    An encoded name is decoded after the field was taken apart, since it may hold a comma or somebody's address.
    """
    found: list[Address] = []
    for field in fields:
        flat = _raw_header(" ".join(field.split()))
        for name, address in (_pairs(flat) or _pairs(decoded(field)))[:ADDRESSES]:
            bare = plain("".join(address.split()))
            if "@" in bare.strip("@") and len(bare) <= 254 and bare.isprintable():
                found.append(Address(one_line(decoded(name).strip("'\" ")), bare))
    return found


def _pairs(value: str) -> list[tuple[str, str]]:
    """Names and addresses of one field."""
    read = [pair for pair in email.utils.getaddresses([value]) if "@" in pair[1]]
    bracketed = _BRACKETED.findall(value)
    if len(bracketed) == 1 and "," not in value and [pair[1] for pair in read] != bracketed:
        return [("", bracketed[0])]
    # What breaks the rules (a bare @ in a name) is refused by the library, and sent all the same.
    return read or [("", bare) for bare in _BARE_ADDRESS.findall(value)[-1:]]


def message_ids(values: tuple[str, ...]) -> tuple[str, ...]:
    """The ids without brackets; a value that has none is taken as it is."""
    found: list[str] = []
    for value in values:
        bracketed = _MESSAGE_ID.findall(value)
        found += bracketed or [word for word in value.split()[:50] if "@" in word]
    return tuple(found[-100:])


def recipients_in(fields: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The addresses of To, Cc and where the servers say it was delivered, in lower case."""
    named = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to")
    values = tuple(value for name in named for value in fields.get(name, ()))
    return tuple(dict.fromkeys(address.key for address in addresses(values)))


def one_line(text: str) -> str:
    return " ".join(text.split())
