"""Plain text from HTML mail, in one linear pass.

Quoted parts of HTML mail (``<blockquote>`` and the wrappers of web mailers) become lines that
start with ``> ``, so that one set of rules deals with both kinds of mail.
"""

from __future__ import annotations

import html
import re
from typing import Final


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


# Possessive quantifiers (``*+``) never give characters back: hostile input stays linear.
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]*+)([^<>]*+)>")
_COMMENT: Final = re.compile(r"<!--(?:[^-]++|-(?!->))*+(?:-->|\Z)|<[!?][^<>]*+>")
_LOOKS_LIKE_HTML: Final = re.compile(
    r"<(?:html|body|head|div|p|br|table|span|blockquote|ul|ol|font|a|b|i|strong|em|img|h[1-6]|o:p)"
    r"(?:\s[^<>]*+)?/?>",
    re.IGNORECASE,
)
_BREAKS: Final = _words(
    "p div br tr li table ul ol h1 h2 h3 h4 h5 h6 hr blockquote section article header footer pre dd dt "
    "center form address body html"
)
_INLINE: Final = _words(
    "a b i u s em strong span font img td th tbody thead tfoot col colgroup small big sub sup code tt abbr "
    "cite q o:p st1:place wbr del ins strike label input button picture source svg path meta link base mark "
    "time title head style script"
)
_KNOWN: Final = _BREAKS | _INLINE
#: Markup that no reader sees: previews for lists of mails, and words meant for machines alone.
_UNSEEN: Final = re.compile(
    r"(?:^|\s)hidden(?:\s|=|/?$)|style\s*=\s*[\"'][^\"']*?(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all)",
    re.IGNORECASE,
)
#: Elements that may be unseen as a whole; the others hold no words, or never end.
_BOXES: Final = _words(
    "div span p td th tr table section article font center a b i strong em h1 h2 h3 ul ol li"
)
_HIDDEN: Final = frozenset({"style", "script", "title", "head", "svg"})


def looks_like_html(text: str) -> bool:
    """Say whether a text holds a tag that only HTML mail has."""
    return _LOOKS_LIKE_HTML.search(text) is not None


def read_html(text: str, most: int | None = None) -> tuple[str, bool]:
    """Turn HTML into lines of text.

    Tags end words and lines as a browser would show them, hidden parts vanish, entities are
    resolved once, and quoted blocks are marked with ``> `` at the start of each line.

    Parameters
    ----------
    text
        HTML.
    most
        Reading may stop where so many characters are shown.

    Returns
    -------
    str, bool
        The lines, and whether reading came to the end.
    """
    lines, hidden = _read(text, most, _UNSEEN)
    if hidden and hidden not in _HIDDEN:
        # Nothing ends what is not to be seen: better to show too much than to lose what somebody wrote.
        lines, _ = _read(text, most, None)
    return lines.text(), not lines.full


def _read(text: str, most: int | None, unseen: re.Pattern[str] | None) -> tuple[_Lines, str]:
    """The lines, and the element that is still open and not shown at the end, if any."""
    lines = _Lines()
    hidden, inside = "", 0  # the element that is not shown, and how many of its name are open within it
    pieces = iter(_TAG.split(_COMMENT.sub("", text)))
    lines.write(next(pieces))
    for slash, written, rest, following in zip(pieces, pieces, pieces, pieces, strict=True):
        name = written if written in _KNOWN else written.lower()
        if name not in _KNOWN:
            if not hidden:
                lines.write(f"<{slash}{written}{rest}>{following}")
            continue
        if hidden:
            if name == hidden and hidden not in _HIDDEN:
                inside += -1 if slash else 1
            hidden = "" if slash and name == hidden and inside <= 0 else hidden
        elif unseen and name in _BOXES and not slash and rest and unseen.search(rest):
            hidden, inside = name, 1
        elif name in _HIDDEN and not slash and not rest.endswith("/"):
            hidden, inside = name, 0
        elif name == "blockquote":
            lines.quote(-1 if slash else 1)
        elif name in _BREAKS:
            lines.end()
        elif name in {"td", "th"}:
            lines.write(" ")
        if following and not hidden:
            lines.write(" " if following.isspace() else following)
            if most is not None and lines.shown >= most:
                lines.full = True
                return lines, ""
    return lines, hidden


class _Lines:
    """Collects lines and remembers how deep in quotes each one stands."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._open: list[str] = []
        self._depth = 0
        self.shown = 0
        self.full = False  # reading stopped before the end

    def write(self, source: str) -> None:
        spoken = html.unescape(source)
        self.shown += len(spoken)
        self._open.append(spoken)

    def end(self) -> None:
        line = " ".join("".join(self._open).split()) if self._open else ""
        self._open.clear()
        if line or (self._done and self._done[-1]):
            self._done.append(("> " if self._depth and line else "") + line)

    def quote(self, change: int) -> None:
        self.end()
        self._depth = max(0, self._depth + change)

    def text(self) -> str:
        self.end()
        return "\n".join(self._done).strip("\n")
