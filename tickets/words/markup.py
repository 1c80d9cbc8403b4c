"""The little markup that answers may use, read once and written as HTML or as plain text.

Blank lines part paragraphs; lines that begin with ``1.`` or ``-`` make lists; ``**bold**``; ``[words](https://…)`` and
bare web and mail addresses are links. Everything else is text: what somebody writes is never HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

NUMBERED: Final = re.compile(r"^ {0,3}(\d{1,3})[.)] +(?=\S)")
BULLET: Final = re.compile(r"^ {0,3}[-*•–] +(?=\S)")
QUOTE: Final = re.compile(r"^ ?> ?")
HEADING: Final = re.compile(r"^#{1,3} +(?=\S)")
_ADDRESS = r"https?://[^\s<>\"\x00-\x20]{1,2000}"
INLINE: Final = re.compile(
    r"\*\*(?P<bold>[^*\n]{1,500})\*\*"
    rf"|\[(?P<label>[^\[\]\n]{{1,300}})\]\((?P<target>https?://[^\s()<>\"]{{1,2000}}|mailto:[^\s()<>\"]{{3,300}})\)"
    rf"|(?P<bare>{_ADDRESS})"
    r"|(?P<mail>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})"
)
TRAILING: Final = ".,;:!?)]}»”’'"


@dataclass(frozen=True, slots=True)
class Block:
    """Part of a text: ``kind`` is p, h, ol, ul or quote; ``items`` are its lines or list items as they were written."""

    kind: str
    items: list[str] = field(default_factory=list)
    start: int = 1


def blocks(text: str, *, lists: bool = True) -> list[Block]:
    """The parts of ``text`` in order. Without ``lists``, only paragraphs and quotes are told apart."""
    found: list[Block] = []
    ended = True  # by a blank line
    for line in text.replace("\t", "    ").split("\n"):
        if not line.strip():
            ended = True
            continue
        kind, content, number = _read(line, lists=lists)
        last = found[-1] if found else None
        if last and kind == "p" and last.kind in {"ol", "ul"} and not ended:
            last.items[-1] += f"\n{content.strip()}"
        elif last and last.kind == kind and (kind in {"ol", "ul"} or not ended) and kind != "h":
            last.items.append(content)
        else:
            found.append(Block(kind, [content], number))
        ended = False
    return found


def _read(line: str, *, lists: bool) -> tuple[str, str, int]:
    if quote := QUOTE.match(line):
        return "quote", line[quote.end() :], 1
    if lists:
        if number := NUMBERED.match(line):
            return "ol", line[number.end() :], int(number[1])
        if bullet := BULLET.match(line):
            return "ul", line[bullet.end() :], 1
        if heading := HEADING.match(line):
            return "h", line[heading.end() :], 1
    return "p", line.rstrip(), 1


# --- HTML ---------------------------------------------------------------------------------------------


def as_html(text: str, *, lists: bool = True, own_site: str = "", heading: str = "h3") -> SafeString:
    """``text`` as HTML. Links to elsewhere than ``own_site`` tell search engines and other sites nothing."""
    return mark_safe("".join(_block(block, own_site, heading) for block in blocks(text, lists=lists)))  # noqa: S308


def _block(block: Block, own_site: str, heading: str) -> str:
    lines = [_inline(item, own_site) for item in block.items]
    if block.kind in {"ol", "ul"}:
        start = f' start="{block.start}"' if block.kind == "ol" and block.start != 1 else ""
        return f"<{block.kind}{start}>{''.join(f'<li>{line}</li>' for line in lines)}</{block.kind}>"
    if block.kind == "quote":
        return f"<blockquote><p>{'<br>'.join(lines)}</p></blockquote>"
    tag = heading if block.kind == "h" else "p"
    return f"<{tag}>{'<br>'.join(lines)}</{tag}>"


def _inline(text: str, own_site: str) -> str:
    parts = []
    for kind, words, target in spans(text):
        shown = escape(words).replace("\n", "<br>")
        if kind == "link":
            ours = bool(own_site) and (target == own_site or target.startswith(f"{own_site}/"))
            rel = "" if ours else ' rel="nofollow noopener noreferrer"'
            parts.append(f'<a href="{escape(target)}"{rel}>{shown}</a>')
        else:
            parts.append(f"<strong>{shown}</strong>" if kind == "bold" else shown)
    return "".join(parts)


def spans(text: str) -> Iterator[tuple[str, str, str]]:
    """(kind, words, target) of each stretch of a line: text, bold or link."""
    at = 0
    for match in INLINE.finditer(text):
        yield "text", text[at : match.start()], ""
        at = match.end()
        if match["bold"]:
            yield "bold", match["bold"], ""
        elif match["label"]:
            yield "link", match["label"], match["target"]
        elif match["mail"]:
            yield "link", match["mail"], f"mailto:{match['mail']}"
        else:
            bare = match["bare"].rstrip(TRAILING)
            yield "link", bare, bare
            yield "text", match["bare"][len(bare) :], ""
    yield "text", text[at:], ""


# --- Plain text ---------------------------------------------------------------------------------------


def as_text(text: str) -> str:
    """``text`` for mail without HTML: marks are gone, a link's address stands behind its words."""
    return "\n".join(_plain(line) for line in text.split("\n"))


def _plain(line: str) -> str:
    heading = HEADING.match(line)
    content = line[heading.end() :] if heading else line
    return "".join(
        words if kind != "link" or target.removeprefix("mailto:") == words else f"{words}: {target}"
        for kind, words, target in spans(content)
    )


def quoted(text: str, limit: int = 1500) -> str:
    """``text`` as mail quotes it, cut where it is long."""
    short = text if len(text) <= limit else f"{text[:limit].rsplit(' ', 1)[0]} …"
    return "\n".join(f"> {line}".rstrip() for line in short.split("\n"))
