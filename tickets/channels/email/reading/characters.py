"""Characters from bytes that lie about what they are."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import Final

_NOT_SHOWN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_JIS: Final = re.compile(rb"\x1b(?:\$[@B]|\([BJI])")  # what turns ISO-2022-JP to and from Japanese
#: Charsets whose bytes are all below 128, or whose bytes may look like UTF-8 and are none.
_SHIFTS: Final = re.compile(r"utf-?(?:7|16|32)|2022|^hz")
_META: Final = re.compile(rb"(?i)<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{1,40})")
META_BYTES: Final = 4096
#: Charsets that mails name for what is really another, wider one.
_WIDER: Final = {"gb2312": "gb18030", "gbk": "gb18030", "iso-8859-1": "cp1252", "latin-1": "cp1252", "ascii": "cp1252",
                 "us-ascii": "cp1252", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "shift_jis": "cp932",
                 "iso-8859-8-i": "iso-8859-8", "iso-8859-9": "cp1254", "unicode-1-1-utf-7": "utf-7"}  # fmt: skip


def plain(text: str) -> str:
    """Without what cannot be seen and changes what is: controls, and marks that turn the direction of writing.

    Letters and their accents are put together (NFC): macOS sends them apart, and nobody finds “ä” by “a” and dots.
    """
    shown = _NOT_SHOWN.sub("", text).encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFC", shown)


def to_text(content: bytes, charset: str) -> str:
    """Characters from bytes: as UTF-8 wherever they are that, else by the charset they name, else as Windows does."""
    name = charset.strip("\"' ").lower()
    if not name and _JIS.search(content):
        name = "iso-2022-jp"  # which Outlook does not always name
    shifts = _SHIFTS.search(name) is not None
    if shifts or not content.isascii():
        for attempt in [name, "utf-8"] if shifts else ["utf-8", name]:
            try:
                return content.decode(_WIDER.get(attempt, attempt) or "utf-8")
            except (UnicodeError, LookupError, ValueError):
                continue
    try:
        codec = _text_codec(_WIDER.get(name, name))
        return content.decode("cp1252" if codec == "utf-8" and not content.isascii() else codec, "replace")
    except (UnicodeError, LookupError, ValueError):
        return content.decode("cp1252", "replace")


def charset_in_markup(content: bytes) -> str:
    """The charset that markup names for itself, empty where it names none."""
    found = _META.search(content[:META_BYTES])
    return found.group(1).decode("ascii", "replace") if found else ""


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
