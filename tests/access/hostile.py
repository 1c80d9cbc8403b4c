"""Requests that no browser and no sane program sends, drawn from a seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from urllib.parse import quote_from_bytes

#: Who sends what to which door; ``{own}`` is the reference of the requester's ticket.
DOORS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    ("anonymous", "/api/auth/login", {"email": "rita@example.com", "password": "x"}),
    ("anonymous", "/api/auth/refresh", {"refresh": "a.b.c"}),
    ("requester", "/api/auth/logout", {"refresh": "a.b.c", "everywhere": False}),
    ("anonymous", "/api/auth/register", {"name": "N", "email": "n@example.com", "password": "a-long-Passw0rd"}),
    ("requester", "/api/tickets", {"subject": "S", "body": "B", "human_requested": False}),
    ("agent", "/api/tickets", {"body": "B", "requester_email": "x@example.com", "requester_name": "X"}),
    ("requester", "/api/tickets/{own}/messages", {"body": "B"}),
    ("agent", "/api/tickets/{own}/messages", {"body": "B", "internal": True, "take_over": True}),
    ("requester", "/api/feedback/{own}", {"solved": True, "rating": 3, "comment": "C"}),
    ("requester", "/api/tickets/{own}/resolve", {"x": 1}),
    ("anonymous", "/tickets/new/", {"subject": "S", "body": "B", "email": "x@example.com", "name": "X", "once": "x", "staged": "x"}),
    ("requester", "/tickets/{own}/reply/", {"body": "B", "once": "x", "staged": "x"}),
    ("requester", "/tickets/{own}/feedback/", {"solved": "yes", "rating": 3, "comment": "C"}),
    ("requester", "/tickets/{own}/close/", {"x": 1}),
    ("anonymous", "/uploads/", {"file": "x"}),
    ("anonymous", "/language/", {"language": "de", "next": "/"}),
    ("anonymous", "/accounts/login/", {"login": "rita@example.com", "password": "x", "next": "/"}),
    ("anonymous", "/accounts/signup/", {"name": "N", "email": "n@example.com", "password1": "x", "password2": "x"}),
    ("anonymous", "/accounts/password/reset/", {"email": "rita@example.com"}),
    ("requester", "/accounts/profile/", {"name": "N"}),
    ("agent", "/admin/next/", {"after": 1}),
    ("agent", "/admin/desk/1/draft/", {"reply": "R", "note": "N", "intent": "x", "version": 1}),
    ("agent", "/admin/tickets/ticket/1/change/", {"step": "reply", "reply": "R", "seen": 1, "once": "x"}),
)  # fmt: skip
TEN_MB: Final = 10_000_000
STRINGS: Final = (
    "\0", "a\0b", "\ud800", "a\udfffb", "\U0001f600" * 50, "\u202egnp.exe", "\u2066\u2067\u200f" * 20, "\ufeff", "\u200b" * 30, "e" + "\u0301" * 500,
    "", " ", "\r\nBcc: x@example.com", "x" * 70_000, "x" * 300, "../../etc/passwd", "%00", "'\"<script>", "{requester_name}", "{{7*7}}",
    "\x1b[31m", "\x85\u2028", "ﷺ" * 40, "NaN", "9" * 400, "-1", "²", "٣", "true", "None", "\uffff", "İ" * 130, "ß@exämple.com", "a@b", "@", "x@" + "y" * 300,
)  # fmt: skip
NUMBERS: Final = (
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-0",
    "1" * 400,
    "9223372036854775808",
    "1.5",
    "-1",
    "0",
    "1e-400",
)
OTHERS: Final = ("null", "true", "false", "[]", "{}", "[[]]", '{"a": {"b": []}}', '["x", "y"]', "[null]")
KINDS: Final = (
    "", "text/plain", "application/xml", "image/png", "application/json; charset=utf-16", "application/json; charset=nonsense", "application/jsonx",
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 300, "multipart/mixed; boundary=b",
    "application/x-www-form-urlencoded; charset=utf-7", "application/x-www-form-urlencoded; charset=\xff", ";;;", "a/b/c", "application/json, text/plain", "*/*",
)  # fmt: skip
HEADERS: Final[tuple[dict[str, str], ...]] = (
    {"HTTP_IDEMPOTENCY_KEY": "k" * 81}, {"HTTP_IDEMPOTENCY_KEY": "a\0b"}, {"HTTP_IDEMPOTENCY_KEY": "\xff\xfe"}, {"HTTP_IDEMPOTENCY_KEY": "same"},
    {"HTTP_ACCEPT": "image/png"}, {"HTTP_ACCEPT": "application/json; indent=99999999"}, {"HTTP_ACCEPT": ";q=x,,"}, {"HTTP_ACCEPT": "a/b;" * 500},
    {"HTTP_ACCEPT_LANGUAGE": "x" * 4000}, {"HTTP_ACCEPT_LANGUAGE": "de;q=nan, \xff"}, {"HTTP_CONTENT_ENCODING": "gzip"}, {"HTTP_X_FORWARDED_FOR": "'\0,,::::"},
    {"HTTP_COOKIE": "sessionid=\xff\0; csrftoken=x"}, {"HTTP_COOKIE": "language=" + "x" * 4000}, {"HTTP_IF_NONE_MATCH": '"'}, {"HTTP_AUTHORIZATION": "Bearer \xff"},
    {"HTTP_X_REQUEST_ID": "\r\nx: y"}, {"HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE"}, {"HTTP_RANGE": "bytes=9-1"}, {"HTTP_USER_AGENT": "\0" * 300}, {"HTTP_ORIGIN": "null"},
    {"HTTP_REFERER": "\x00"}, {"HTTP_HOST": "a b"}, {"HTTP_HOST": "evil.example.com"},
)  # fmt: skip


@dataclass(frozen=True)
class Hostile:
    who: str
    path: str
    raw: bytes
    kind: str
    headers: dict[str, str] = field(default_factory=dict)
    how: str = ""


def draw(seed: int) -> Hostile:
    """The request of this number; always the same."""
    random = Random(f"hostile {seed}")
    who, path, body = random.choice(DOORS)
    how = random.choice((json_value, json_value, json_text, form, form, multipart, multipart, wrong_kind))
    raw, kind = how(random, body)
    headers = random.choice(HEADERS) if random.random() < 0.25 else {}
    return Hostile(who, path, raw[:TEN_MB], kind, headers, how.__name__)


def json_value(random: Random, body: dict[str, Any]) -> tuple[bytes, str]:
    """One or two fields hold what they should not."""
    told = {name: json.dumps(value) for name, value in body.items()}
    for name in random.sample(sorted(told), min(len(told), random.randint(1, 2))):
        told[name] = random.choice(
            (_string(random), random.choice(NUMBERS), random.choice(OTHERS), _deep(random))
        )
    text = ", ".join(f"{json.dumps(name)}: {value}" for name, value in told.items())
    return f"{{{text}}}".encode(), "application/json"


def _string(random: Random) -> str:
    """A string as JSON writes it: escaped, so that a lone surrogate passes."""
    return json.dumps(random.choice(STRINGS))


def _deep(random: Random) -> str:
    depth = random.choice((3, 100, 1000))
    return random.choice(("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth))


def json_text(random: Random, body: dict[str, Any]) -> tuple[bytes, str]:
    """The text as a whole is none, or not what is asked for."""
    good = json.dumps(body)
    name, value = random.choice(list(body.items()))
    made: tuple[Callable[[], bytes], ...] = (
        lambda: b"", lambda: b"null", lambda: b"[]", lambda: b'"x"', lambda: b"1", lambda: b"true",
        lambda: good[:-1].encode(), lambda: good.encode() + b"x", lambda: good.encode() * 2, lambda: good.encode("utf-16"), lambda: b"\xef\xbb\xbf" + good.encode(),
        lambda: good.encode().replace(b'"', b"'"), lambda: b"\xff\xfe\x00", lambda: good.encode().replace(b"{", b'{"\\u0000": 1, "\\ud800": 2, ', 1),
        lambda: b"[" * 1000, lambda: b"[" * 1000 + b"]" * 1000, lambda: b'{"a":' * 1000, lambda: f"[{good}]".encode(),
        lambda: ("{" + ", ".join([f"{json.dumps(name)}: {json.dumps(value)}"] * 500) + "}").encode(),
        lambda: ("{" + ", ".join(f'"f{at}": {at}' for at in range(5000)) + "}").encode(), lambda: b" " * 100_000 + good.encode(), lambda: bytes(random.randbytes(2_000)),
        lambda: b'{"body": "' + b"x" * TEN_MB + b'"}' if random.random() < 0.3 else b"{}",
    )  # fmt: skip
    return random.choice(made)(), "application/json"


def form(random: Random, body: dict[str, Any]) -> tuple[bytes, str]:
    parts = []
    for name, value in body.items():
        odd = random.random() < 0.6
        text = random.choice(STRINGS) if odd else str(value)
        raw = text.encode("utf-8", "surrogatepass") if random.random() < 0.8 else random.randbytes(30)
        parts.append(quote_from_bytes(name.encode()) + "=" + quote_from_bytes(raw))
    kind = random.random()
    if kind < 0.1:
        parts = parts * 300
    elif kind < 0.2:
        parts += [f"f{at}=x" for at in range(1_200)]
    elif kind < 0.3:
        parts += ["%", "%zz=%", "=", "&&", "a=b=c", "%ff%fe=%80"]
    return "&".join(parts).encode(), "application/x-www-form-urlencoded"


def multipart(random: Random, body: dict[str, Any]) -> tuple[bytes, str]:
    parts = [_part(random, name, str(value).encode()) for name, value in body.items()]
    for _ in range(random.choice((0, 1, 1, 2, 12))):
        name = random.choice(("files", "attachments", "file", "staged", "body", "\0", "x" * 500))
        parts.append(
            _part(
                random,
                name,
                _content(random),
                file=random.choice((*STRINGS[:20], "a.txt", "a.png", "a.zip", "a.txt/../b.png")),
            )
        )
    end = random.choice((b"--b--\r\n", b"--b--\r\n", b"--b", b"", b"--b--\r\n--b\r\n", b"--B--"))
    return b"".join(parts) + end, "multipart/form-data; boundary=b"


def _content(random: Random) -> bytes:
    made: tuple[Callable[[], bytes], ...] = (
        lambda: b"", lambda: b"text", lambda: b"\x89PNG\r\n\x1a\n" + random.randbytes(200), lambda: b"PK\x03\x04" + random.randbytes(50), lambda: b"GIF89a" + b"\xff" * 8,
        lambda: b"\xff\xd8\xff" + random.randbytes(100), lambda: random.randbytes(3_000), lambda: b"\0" * 5_000, lambda: b"--b\r\n" * 50, lambda: b"x" * 300_000,
        lambda: b"x" * TEN_MB if random.random() < 0.2 else b"x",
    )  # fmt: skip
    return random.choice(made)()


def _part(random: Random, name: str, content: bytes, file: str | None = None) -> bytes:
    told = f'form-data; name="{name}"' + ("" if file is None else f'; filename="{file}"')
    head = f"Content-Disposition: {told}".encode("utf-8", "surrogatepass")
    more = random.choice(
        (b"", b"", b"", b"\r\nContent-Type: text/plain; charset=nonsense", b"\r\nContent-Transfer-Encoding: base64", b"\r\nContent-Type: multipart/mixed; boundary=c",
         b"\r\nX-Long: " + b"x" * 3_000, b"\r\nContent-Length: 99999999999999999999", b"\r\nContent-Length: -1", b"\r\n\xff: \xff", b"\r\nContent-Disposition: form-data; name*=UTF-8''%00")
    )  # fmt: skip
    return b"--b\r\n" + head + more + b"\r\n\r\n" + content + b"\r\n"


def wrong_kind(random: Random, body: dict[str, Any]) -> tuple[bytes, str]:
    """A good body under the name of another kind."""
    raw = random.choice(
        (
            json.dumps(body).encode(),
            b"--b\r\n\r\n",
            "&".join(f"{k}={v}" for k, v in body.items()).encode(),
            random.randbytes(100),
        )
    )
    return raw, random.choice(KINDS)
