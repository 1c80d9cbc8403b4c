"""A mail's HTML made harmless: no scripts, no forms, nothing that is loaded from elsewhere, links that tell nothing of us.

The cleaner builds a tree as browsers do, and its time grows faster than what it is given; so what is too large or
nested too deep is refused before it begins.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import nh3

from tickets.channels.email.reading.parts import Mail

MOST_CHARS: Final = 300_000  # cleaned within 0.5 s on one core, whatever they hold
MOST_DEPTH: Final = 250
MOST_TAGS: Final = 20_000
PICTURE_BYTES: Final = (
    2_000_000  # of all pictures together that come with the mail and are shown in their place
)
PICTURES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TAGS: Final = _words(
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn div dl"
    " dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q rp rt ruby s"
    " samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr"
)
_CONTENT_TAGS: Final = frozenset({"script", "style", "title", "noscript", "template", "svg", "math"})
_EVERYWHERE: Final = frozenset(
    {"align", "bgcolor", "dir", "height", "lang", "style", "title", "valign", "width"}
)
_ATTRIBUTES: Final = {
    "*": set(_EVERYWHERE),
    "a": {"href"},
    "img": {"src", "alt"},
    "font": {"color", "face", "size"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "nowrap"},
    "ol": {"start", "type"},
}
_STYLES: Final = _words(
    "background-color border border-bottom border-collapse border-color border-left border-radius border-right border-spacing"
    " border-style border-top border-width color direction font font-family font-size font-style font-weight height"
    " letter-spacing line-height list-style-type margin margin-bottom margin-left margin-right margin-top max-width"
    " min-width padding padding-bottom padding-left padding-right padding-top text-align text-decoration text-indent"
    " text-transform vertical-align white-space width word-break word-spacing"
)
_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel", "cid"})
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
#: Tags that hold nothing, or that an unclosed one of the same kind ends.
_SHALLOW: Final = _words(
    "area base br col embed hr img input link meta param source track wbr p li td th tr dt dd tbody thead tfoot option"
    " colgroup rp rt html head body"
)
_LONG_TAG: Final = re.compile(r"<[a-zA-Z][^<>]{20000,}>?")
_STYLE_BLOCK: Final = re.compile(
    r"<(style|script)\b[^>]{0,2000}>.*?(?:</\1\s{0,20}>|\Z)", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Markup that is safe to show in a frame of its own."""

    markup: str
    held_back: int  # pictures of other servers that are left out


class TooMuch(Exception):
    """The HTML is larger, or nested deeper, than what is cleaned in bounded time."""


def cleaned(mail: Mail, *, remote_pictures: bool = False) -> Cleaned:
    """The mail's HTML. Raises TooMuch.

    Pictures that came with the mail are written into the markup; those of other servers are left out, unless
    ``remote_pictures``: loading one tells its sender that the mail was opened, when, and where.
    """
    markup = _STYLE_BLOCK.sub("", _LONG_TAG.sub("", mail.markup))
    _refuse_too_much(markup)
    pictures = _pictures(mail)
    held_back = 0

    def kept(tag: str, name: str, value: str) -> str | None:
        nonlocal held_back
        if name == "src":
            if value[:4].casefold() == "cid:":
                return pictures.get(value[4:].strip("<> ").casefold())
            if remote_pictures and value[:8].casefold() == "https://":
                return value
            held_back += value[:4].casefold() == "http"
            return None
        if name == "href":
            return None if value[:4].casefold() == "cid:" else value
        return value

    shown = nh3.clean(
        markup,
        tags=set(_TAGS),
        clean_content_tags=set(_CONTENT_TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=kept,
        url_schemes=set(_SCHEMES),
        filter_style_properties=set(_STYLES),
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return Cleaned(shown, held_back)


def _refuse_too_much(markup: str) -> None:
    if len(markup) > MOST_CHARS:
        raise TooMuch
    depth = 0
    for count, (closing, name) in enumerate(_TAG.findall(markup)):
        if name.lower() not in _SHALLOW:
            depth = max(0, depth - 1) if closing else depth + 1
        if depth > MOST_DEPTH or count >= MOST_TAGS:
            raise TooMuch


def _pictures(mail: Mail) -> Mapping[str, str]:
    """Content-ID in lower case → the picture as an address of its own, as far as they are not too large together."""
    found: dict[str, str] = {}
    left = PICTURE_BYTES
    for part in mail.files:
        if part.content_id and part.content_type in PICTURES and len(part.content) <= left:
            left -= len(part.content)
            encoded = base64.b64encode(part.content).decode()
            found[part.content_id] = f"data:{part.content_type};base64,{encoded}"
    return found
