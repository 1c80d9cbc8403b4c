"""The parts of a mail: headers and text from bytes that lie about their charset, their type or their end.

Nothing here raises for what a mail says: :func:`read_bytes` returns what could be read, and says in ``remarks`` what
could not. The standard library parses; this is the guard around it.
"""

from __future__ import annotations

import codecs
import email.message
import email.utils
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message as Mime
from typing import Final

MOST_BYTES: Final = 26 * 1024 * 1024  # a mail with 25 MB of parts, and its frame
MOST_PARTS: Final = 300
MOST_DEPTH: Final = 100
FEW: Final = 20  # boundaries that are worth counting one by one
HEADER_BYTES: Final = 256 * 1024  # of all headers together
HEADER_CHARS: Final = 4_000  # of one header; a longer one is cut
TEXT_BYTES: Final = 2_000_000  # of one text part; the rest stays in the raw mail
ADDRESSES: Final = 100

_NOT_SHOWN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BOUNDARY: Final = re.compile(rb'(?i)boundary="?([^"\s;]{1,100})')
_BRACKETED: Final = re.compile(r"<\s*([^<>\s@]{1,64}@[^<>\s@]{1,190})\s*>")
_BARE_ADDRESS: Final = re.compile(r"[^\s<>,;:\"()\[\]@]{1,64}@[^\s<>,;:\"()\[\]@]{1,190}")
_MESSAGE_ID: Final = re.compile(r"<([^<>\s]{1,250})>")
_STUB: Final = re.compile(
    r"(?i)\b(html|e-?mail)[- ]?(mail |message |capable |compatible )?(client|viewer|reader|program)|view(ed)? (this|in)"
)
_ENCRYPTED: Final = {"application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted"}
#: Charsets that mails name for what is really another, wider one.
_WIDER: Final = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "latin-1": "cp1252", "ascii": "cp1252",
                 "us-ascii": "cp1252", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "shift_jis": "cp932",
                 "iso-8859-8-i": "iso-8859-8", "iso-8859-9": "cp1254", "unicode-1-1-utf-7": "utf-7"}  # fmt: skip


class Unreadable(Exception):
    """The bytes are no mail that can be read in bounded time and memory."""


@dataclass(frozen=True, slots=True)
class Address:
    name: str
    address: str  # as written, without blanks; empty where the header holds none

    @property
    def key(self) -> str:
        return self.address.casefold()


@dataclass(frozen=True, slots=True)
class Part:
    """A part that is kept as a file."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as far as it can be read.

    ``text`` is plain text, ``html`` is markup or empty; one of both may stand for the other.
    """

    headers: dict[str, tuple[str, ...]]  # name in lower case -> decoded values, in order
    sender: Address
    reply_to: Address
    recipients: tuple[str, ...]  # To, Cc and where the servers say it was delivered, in lower case
    subject: str
    message_id: str
    references: tuple[str, ...]  # In-Reply-To first, then References from the last
    text: str
    html: str
    files: tuple[Part, ...]
    reports: tuple[Part, ...]  # what a mail server or program reports, as such
    content_type: str
    parameters: dict[str, str]
    fingerprint: str  # of the body, whatever the headers say
    key: str  # the same for the same mail, delivered twice
    remarks: tuple[str, ...] = field(default=())

    def header(self, name: str) -> str:
        return self.headers.get(name, ("",))[0]


def read_bytes(raw: bytes) -> Mail:
    """Read a mail. Raises Unreadable for what is too large, too deep or of too many parts, and for nothing else."""
    if len(raw) > MOST_BYTES:
        raise Unreadable(f"The mail is larger than {MOST_BYTES // (1024 * 1024)} MB.")
    if _body_at(raw) > HEADER_BYTES:
        raise Unreadable("The headers of the mail are too long.")
    if _has_many_parts(raw):
        raise Unreadable("The mail holds too many parts.")
    try:
        return _read(message_from_bytes(raw, policy=policy.compat32), raw)
    except RecursionError:
        raise Unreadable("The parts of the mail are nested too deep.") from None
    except Unreadable:
        raise
    except Exception as error:
        # The standard library raises all kinds of errors for hostile mail; whatever it is, the raw mail is kept.
        raise Unreadable(f"The mail cannot be read ({type(error).__name__}).") from error


def _has_many_parts(raw: bytes) -> bool:
    """Refuse before parsing what would take the parser long."""
    boundaries = set(_BOUNDARY.findall(raw))
    if len(boundaries) > MOST_PARTS:
        return True
    if raw.count(b"\n--") <= 2 * MOST_PARTS:
        return False
    return len(boundaries) > FEW or sum(raw.count(b"\n--" + one) for one in boundaries) > 2 * MOST_PARTS


def _read(mime: Mime, raw: bytes) -> Mail:
    headers = _headers(mime)
    texts, htmls, files, reports, remarks = _contents(mime)
    sender = next(iter(addresses(headers.get("from", ()))), Address("", ""))
    subject = one_line(headers.get("subject", ("",))[0])
    identifier = next(iter(message_ids(headers.get("message-id", ()))), "")
    body = raw[_body_at(raw) :]
    fingerprint = hashlib.sha256(body).hexdigest()
    named = identifier or "\n".join([sender.key, headers.get("date", ("",))[0], subject])
    return Mail(
        headers=headers,
        sender=sender,
        reply_to=next(iter(addresses(headers.get("reply-to", ()))), Address("", "")),
        recipients=_recipients(headers),
        subject=subject,
        message_id=identifier,
        references=(
            *message_ids(headers.get("in-reply-to", ())),
            *reversed(message_ids(headers.get("references", ()))),
        ),
        text="\n\n".join(filter(str.strip, texts)),
        html="\n".join(filter(str.strip, htmls)),
        files=tuple(files),
        reports=tuple(reports),
        content_type=mime.get_content_type(),
        parameters=_parameters(mime),
        fingerprint=fingerprint,
        key=hashlib.sha256(f"{named}\n{fingerprint}".encode("utf-8", "surrogatepass")).hexdigest(),
        remarks=tuple(dict.fromkeys(remarks)),
    )


def _body_at(raw: bytes) -> int:
    ends = [at for at in (raw.find(b"\r\n\r\n"), raw.find(b"\n\n")) if at >= 0]
    return min(ends, default=len(raw))


# --- headers ---------------------------------------------------------------------------------------


def _headers(mime: Mime) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in mime.raw_items():
        key = name.lower()[:100]
        found[key] = (*found.get(key, ()), decoded(str(value)[:HEADER_CHARS]))
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


def addresses(values: tuple[str, ...]) -> list[Address]:
    """The addresses of header values; groups, comments and missing quotes are what mailers really send."""
    found: list[Address] = []
    for value in values:
        read = [pair for pair in email.utils.getaddresses([value]) if "@" in pair[1]]
        bracketed = _BRACKETED.findall(value)
        if len(bracketed) == 1 and "," not in value and [pair[1] for pair in read] != bracketed:
            read = [("", bracketed[0])]
        # What breaks the rules (a bare @ in a name) is refused by the library, and sent all the same.
        read = read or [("", bare) for bare in _BARE_ADDRESS.findall(value)[-1:]]
        for name, address in read[:ADDRESSES]:
            bare = "".join(address.split())
            if "@" in bare.strip("@") and len(bare) <= 254 and bare.isprintable():
                found.append(Address(one_line(name.strip("'\" ")), bare))
    return found


def message_ids(values: tuple[str, ...]) -> tuple[str, ...]:
    """The ids without brackets; a value that has none is taken as it is."""
    found: list[str] = []
    for value in values:
        bracketed = _MESSAGE_ID.findall(value)
        found += bracketed or [word for word in value.split()[:50] if "@" in word]
    return tuple(found[-100:])


def _recipients(headers: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    named = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to")
    values = tuple(value for name in named for value in headers.get(name, ()))
    return tuple(dict.fromkeys(address.key for address in addresses(values)))


def one_line(text: str) -> str:
    return " ".join(text.split())


def plain(text: str) -> str:
    """Without what cannot be seen and changes what is: controls, and marks that turn the direction of writing."""
    return _NOT_SHOWN.sub("", text).encode("utf-8", "replace").decode("utf-8")


# --- bodies ----------------------------------------------------------------------------------------


def _contents(mime: Mime) -> tuple[list[str], list[str], list[Part], list[Part], list[str]]:
    texts: list[str] = []
    htmls: list[str] = []
    files: list[Part] = []
    reports: list[Part] = []
    remarks: list[str] = []
    for count, part in enumerate(_leaves(mime, 0)):
        if count >= MOST_PARTS:
            raise Unreadable("The mail holds too many parts.")
        kind = part.get_content_type()
        name = _file_name(part)
        if kind in {"message/delivery-status", "message/disposition-notification", "message/feedback-report",
                    "text/rfc822-headers"}:  # fmt: skip
            reports.append(Part(name, kind, _whole(part)))
        elif kind == "message/rfc822":
            content = _whole(part)
            reports.append(Part(name, kind, content))
            files.append(Part(name or "message.eml", kind, content))
        elif kind in _ENCRYPTED:
            remarks.append("The mail is encrypted. It is kept as it came and cannot be read here.")
            files.append(Part(name or "smime.p7m", kind, _payload(part)))
        elif kind == "application/ms-tnef" or name.lower() == "winmail.dat":
            remarks.append("The mail holds a “winmail.dat”, which only Outlook reads. It is kept as it came.")
        elif kind in {"text/plain", "text/html"} and not name and not _is_file(part):
            written = _text(part)
            (texts if kind == "text/plain" else htmls).append(written)
        elif kind in {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
                      "application/pgp-encrypted"}:  # fmt: skip
            continue
        else:
            content = _payload(part)
            if content:
                files.append(Part(name or _made_name(part), kind, content))
        if "-----BEGIN PGP MESSAGE-----" in "".join(texts[-1:])[:2_000]:
            remarks.append("The mail is encrypted. It is kept as it came and cannot be read here.")
    if htmls and (not texts or _is_stub(texts)):
        texts = []
    return texts, htmls if not texts else [], files, reports, remarks


def _is_stub(texts: list[str]) -> bool:
    """A plain part that only says that there is an HTML one."""
    told = " ".join(" ".join(texts).split())
    return not told or (len(told) < 200 and _STUB.search(told) is not None)


def _leaves(part: Mime, depth: int) -> Iterator[Mime]:
    """The parts that hold content; what is forwarded as a mail is one of them."""
    if depth > MOST_DEPTH:
        raise Unreadable("The parts of the mail are nested too deep.")
    if part.get_content_type() == "multipart/encrypted":
        yield part
        return
    payload = part.get_payload()
    if part.get_content_maintype() != "multipart" or not isinstance(payload, list):
        yield part
        return
    for child in payload:
        if isinstance(child, email.message.Message):
            yield from _leaves(child, depth + 1)


def _is_file(part: Mime) -> bool:
    return str(part.get("content-disposition", "")).strip().lower().startswith("attachment")


def _file_name(part: Mime) -> str:
    try:
        name = part.get_filename() or ""
    except Exception:
        # Broken RFC 2231 names make the standard library raise; the file is kept under a made name.
        return ""
    return decoded(str(name))[:150]


def _made_name(part: Mime) -> str:
    endings = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "text/calendar": "ics", "text/plain": "txt",
               "application/pdf": "pdf", "text/csv": "csv", "image/webp": "webp"}  # fmt: skip
    return f"part.{endings.get(part.get_content_type(), 'bin')}"


def _whole(part: Mime) -> bytes:
    """A part that is a mail or a report, as bytes."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return b"\n".join(_as_bytes(child) for child in payload if isinstance(child, email.message.Message))
    return _payload(part)


def _as_bytes(part: Mime) -> bytes:
    try:
        return part.as_bytes()
    except Exception:
        # A part that can be read but not written again, for example for a charset that does not exist.
        return str(part.get_payload()).encode("utf-8", "surrogateescape")


def _payload(part: Mime) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except Exception:
        # Encodings that lie; what is there is kept as it is.
        content = str(part.get_payload()).encode("utf-8", "surrogateescape")
    return content if isinstance(content, bytes) else b""


def _text(part: Mime) -> str:
    charset = str(part.get_param("charset", "") or "")
    written = to_text(_payload(part)[:TEXT_BYTES], charset).replace("\r\n", "\n").replace("\r", "\n")
    if part.get_content_type() == "text/plain" and _parameter(part, "format").lower() == "flowed":
        written = unflow(written, joins=_parameter(part, "delsp").lower() == "yes")
    return plain(written.lstrip("\ufeff"))


def to_text(content: bytes, charset: str) -> str:
    """Characters from bytes: as UTF-8 wherever they are that, else by the charset they name, else as Windows does."""
    name = charset.strip("\"' ").lower()
    if not content.isascii() or "utf-16" in name or "utf-7" in name or "2022" in name or name == "hz-gb-2312":
        for attempt in [name] if "utf-16" in name or "utf-7" in name or "2022" in name else ["utf-8", name]:
            try:
                return content.decode(_WIDER.get(attempt, attempt) or "utf-8")
            except (UnicodeError, LookupError, ValueError):
                continue
    try:
        codec = _text_codec(_WIDER.get(name, name))
        return content.decode("cp1252" if codec == "utf-8" and not content.isascii() else codec, "replace")
    except (UnicodeError, LookupError, ValueError):
        return content.decode("cp1252", "replace")


def _text_codec(name: str) -> str:
    return codecs.lookup(name).name if name else "cp1252"


def unflow(text: str, *, joins: bool) -> str:
    """Undo format=flowed (RFC 3676): a line that ends with a blank goes on in the next of the same depth of quoting."""
    lines: list[str] = []
    open_depth: int | None = None
    for line in text.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        words = bare[1:] if bare.startswith(" ") else bare
        soft = words.endswith(" ") and words != "-- "
        shown = words[:-1] if soft and joins else words
        if open_depth == depth and words != "-- ":
            lines[-1] += shown
        else:
            lines.append(f"{'>' * depth} {shown}" if depth else shown)
        open_depth = depth if soft else None
    return "\n".join(line.rstrip() for line in lines)


def _parameter(part: Mime, name: str) -> str:
    try:
        return str(part.get_param(name, "") or "")
    except Exception:
        return ""  # a parameter that is no parameter


def _parameters(mime: Mime) -> dict[str, str]:
    return {name: _parameter(mime, name) for name in ("report-type", "protocol", "smime-type")}
