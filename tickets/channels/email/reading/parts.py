"""The parts of a mail: headers and text from bytes that lie about their charset, their type or their end.

Nothing here raises for what a mail says: :func:`read_bytes` returns what could be read, and says in ``remarks`` what
could not. The standard library parses; this is the guard around it.
"""

from __future__ import annotations

import email.message
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, message_from_string, policy
from email.message import Message as Mime
from typing import Final

from tickets.channels.email.reading.characters import charset_in_markup, plain, to_text, unflow
from tickets.channels.email.reading.headers import (
    Address,
    addresses,
    decoded,
    fields_of,
    message_ids,
    one_line,
    recipients_in,
)

MOST_BYTES: Final = 26 * 1024 * 1024  # a mail with 25 MB of parts, and its frame
MOST_PARTS: Final = 300
MOST_DEPTH: Final = 100
FEW: Final = 20  # boundaries that are worth counting one by one
HEADER_BYTES: Final = 256 * 1024  # of all headers together
TEXT_BYTES: Final = 2_000_000  # of one text part; the rest stays in the raw mail

_BEFORE_HEADERS: Final = b"\xef\xbb\xbf\r\n"  # a byte order mark and empty lines, which pipes and editors add
_FIELD: Final = re.compile(rb"[\x21-\x39\x3b-\x7e]+[ \t]*:|[ \t]|From ")
_KNOWN_FIELD: Final = re.compile(
    rb"(?i)(?:from|to|cc|subject|date|message-id|mime-version|content-type|content-transfer-encoding|received|reply-to)[ \t]*:"
)
_BOUNDARY: Final = re.compile(rb'(?i)boundary="?([^"\s;]{1,100})')
_LOOSE_BOUNDARY: Final = re.compile(r"(?m)^--([^\s\"]{1,70})[ \t]*$")
_STUB: Final = re.compile(
    r"(?i)\b(html|e-?mail)[- ]?(mail |message |capable |compatible )?(client|viewer|reader|program)|view(ed)? (this|in)"
)
_MARKUP: Final = frozenset({"text/html", "text/enriched", "text/richtext"})
_WORDS: Final = _MARKUP | {"text/plain", "text/markdown", "text/x-markdown"}
#: The same words once more, for readers that we are not.
_OTHER_FORMS: Final = frozenset({"text/x-amp-html", "text/watch-html"})
_ENCRYPTED: Final = {"application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted"}


class Unreadable(Exception):
    """The bytes are no mail that can be read in bounded time and memory."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part that is kept as a file."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""  # in lower case, by which the mail's HTML names it


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
    markup: str  # all HTML of the mail, also where ``text`` stands for it
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
    raw = raw.lstrip(_BEFORE_HEADERS)
    if len(raw) > MOST_BYTES:
        raise Unreadable(f"The mail is larger than {MOST_BYTES // (1024 * 1024)} MB.")
    if _body_at(raw) > HEADER_BYTES:
        raise Unreadable("The headers of the mail are too long.")
    if _has_many_parts(raw):
        raise Unreadable("The mail holds too many parts.")
    try:
        return _read(message_from_bytes(_without_odd_lines(raw), policy=policy.compat32), raw)
    except RecursionError:
        raise Unreadable("The parts of the mail are nested too deep.") from None
    except Unreadable:
        raise
    except Exception as error:
        # The standard library raises all kinds of errors for hostile mail; whatever it is, the raw mail is kept.
        raise Unreadable(f"The mail cannot be read ({type(error).__name__}).") from error


def _without_odd_lines(raw: bytes) -> bytes:
    """Drop header lines that are no field, where fields follow them: the library would take all below for the body."""
    end = _body_at(raw)
    lines = raw[:end].split(b"\n")
    last_known = max((at for at, line in enumerate(lines) if _KNOWN_FIELD.match(line)), default=-1)
    kept = [line for at, line in enumerate(lines) if at > last_known or _FIELD.match(line)]
    return raw if len(kept) == len(lines) else b"\n".join(kept) + raw[end:]


def _has_many_parts(raw: bytes) -> bool:
    """Refuse before parsing what would take the parser long."""
    boundaries = set(_BOUNDARY.findall(raw))
    if len(boundaries) > MOST_PARTS:
        return True
    if raw.count(b"\n--") <= 2 * MOST_PARTS:
        return False
    return len(boundaries) > FEW or sum(raw.count(b"\n--" + one) for one in boundaries) > 2 * MOST_PARTS


def _read(mime: Mime, raw: bytes) -> Mail:
    fields = fields_of(mime)
    headers = {name: tuple(map(decoded, values)) for name, values in fields.items()}
    texts, htmls, files, reports, remarks = _contents(mime)
    markup = "\n".join(filter(str.strip, htmls))
    sender = next(iter(addresses(fields.get("from", ()))), Address("", ""))
    subject = one_line(headers.get("subject", ("",))[0])
    identifier = next(iter(message_ids(headers.get("message-id", ()))), "")
    body = raw[_body_at(raw) :]
    fingerprint = hashlib.sha256(body).hexdigest()
    named = identifier or "\n".join([sender.key, headers.get("date", ("",))[0], subject])
    return Mail(
        headers=headers,
        sender=sender,
        reply_to=next(iter(addresses(fields.get("reply-to", ()))), Address("", "")),
        recipients=recipients_in(fields),
        subject=subject,
        message_id=identifier,
        references=(
            *message_ids(headers.get("in-reply-to", ())),
            *reversed(message_ids(headers.get("references", ()))),
        ),
        text="\n\n".join(written.strip("\n") for written in texts if written.strip()),
        html="" if texts else markup,
        markup=markup,
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
        elif (kind in _WORDS or kind.startswith("multipart/")) and not name and not _is_file(part):
            written = _text(part)
            (htmls if kind in _MARKUP else texts).append(written)
        elif (kind in _OTHER_FORMS and not name) or kind in {
            "application/pgp-signature",
            "application/pkcs7-signature",
            "application/x-pkcs7-signature",
            "application/pgp-encrypted",
        }:
            continue
        else:
            content = _payload(part)
            if content:
                files.append(Part(name or _made_name(part), kind, content, _content_id(part)))
        if "-----BEGIN PGP MESSAGE-----" in "".join(texts[-1:])[:2_000]:
            remarks.append("The mail is encrypted. It is kept as it came and cannot be read here.")
    if htmls and (not texts or _is_stub(texts)):
        texts = []
    return texts, htmls, files, reports, remarks


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
    if part.get_content_maintype() == "multipart" and isinstance(payload, str):
        payload = _unbound(payload)
    if part.get_content_maintype() != "multipart" or not isinstance(payload, list):
        yield part
        return
    for child in payload:
        if isinstance(child, email.message.Message):
            yield from _leaves(child, depth + 1)


def _unbound(payload: str) -> str | list[Mime]:
    """The parts of a multipart that names no boundary, or another than the one it has."""
    found = _LOOSE_BOUNDARY.search(payload[:TEXT_BYTES])
    if found is None:
        return payload
    head = f'Content-Type: multipart/mixed; boundary="{found.group(1)}"\n\n'
    parts = message_from_string(head + payload, policy=policy.compat32).get_payload()
    return [part for part in parts if isinstance(part, Mime)] if isinstance(parts, list) else payload


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
               "application/pdf": "pdf", "text/csv": "csv", "image/webp": "webp", "text/vcard": "vcf"}  # fmt: skip
    return f"part.{endings.get(part.get_content_type(), 'bin')}"


def _content_id(part: Mime) -> str:
    return str(part.get("content-id", "")).strip("<> \t\r\n").casefold()[:250]


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
    encoding = str(part.get("content-transfer-encoding", ""))
    if encoding != encoding.strip():
        part.replace_header(
            "content-transfer-encoding", encoding.strip()
        )  # the library wants no blank behind it
    try:
        content = part.get_payload(decode=True)
    except Exception:
        # Encodings that lie; what is there is kept as it is.
        content = str(part.get_payload()).encode("utf-8", "surrogateescape")
    return content if isinstance(content, bytes) else b""


def _text(part: Mime) -> str:
    content = _payload(part)[:TEXT_BYTES]
    charset = _parameter(part, "charset")
    if not charset and part.get_content_type() == "text/html":
        charset = charset_in_markup(content)
    written = to_text(content, charset).replace("\r\n", "\n").replace("\r", "\n")
    if part.get_content_type() == "text/plain" and _parameter(part, "format").lower() == "flowed":
        written = unflow(written, joins=_parameter(part, "delsp").lower() == "yes")
    return plain(written.lstrip("\ufeff"))


def _parameter(part: Mime, name: str) -> str:
    try:
        return str(part.get_param(name, "") or "")
    except Exception:
        return ""  # a parameter that is no parameter


def _parameters(mime: Mime) -> dict[str, str]:
    return {name: _parameter(mime, name) for name in ("report-type", "protocol", "smime-type")}
