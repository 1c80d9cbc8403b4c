"""A language that nobody speaks: every text of ours in Arabic letters between brackets, longer, and from right to left.

What stands on a page in Latin letters outside brackets was never translated. Made when a test runs, by Babel alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from django.conf import settings

from helpdesk.management.commands import catalogues

LANGUAGE_TAG: Final = "ar"
KEPT: Final = re.compile(r"%\(\w+\)[sd]|%[sd]|</?[a-z][^>]*>|&\w+;")
LETTERS: Final = dict(zip("abcdefghijklmnopqrstuvwxyz", "ابجدهفغحيجكلمنوبقرستعفوخيز", strict=True))
FURTHER: Final = "ومنها"  # other languages say it in more words


def said(text: str) -> str:
    """``text`` in that language, with its values and tags where they stood."""
    parts, at = [], 0
    for kept in KEPT.finditer(text):
        parts += [_letters(text[at : kept.start()]), kept[0]]
        at = kept.end()
    parts.append(_letters(text[at:]))
    return f"⟦{''.join(parts)}{' ' + FURTHER if len(text) > 12 else ''}⟧"


def _letters(text: str) -> str:
    return "".join(LETTERS.get(one.lower(), one) for one in text)


def speak(folder: Path, test_settings: Any) -> None:
    """Make the catalogue in ``folder``, and have the site speak it to whoever asks for Arabic."""
    catalog = Catalog(locale=LANGUAGE_TAG, charset="utf-8", fuzzy=False)
    for text in catalogues.message_ids():
        if isinstance(text, tuple):
            catalog.add(text, tuple(said(text[-1]) for _ in range(catalog.num_plurals)))
        else:
            catalog.add(text, said(text))
    place = folder / LANGUAGE_TAG / "LC_MESSAGES"
    place.mkdir(parents=True)
    out = BytesIO()
    write_mo(out, catalog)
    (place / "django.mo").write_bytes(out.getvalue())
    test_settings.LOCALE_PATHS = [folder, *settings.LOCALE_PATHS]
    test_settings.LANGUAGES = [*settings.LANGUAGES, (LANGUAGE_TAG, "العربية")]


# --- What was not translated ------------------------------------------------------------------------------

READ_OUT: Final = {"aria-label", "title", "placeholder", "alt"}
VOID: Final = {
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "use", "path", "circle",
}  # fmt: skip
SILENT: Final = {"script", "style", "svg", "textarea"}
WORD: Final = re.compile(r"[A-Za-z]{2,}")
ADDRESS: Final = re.compile(r"https?://\S+|\S+@\S+|[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}")  # and references


class _Words(HTMLParser):
    """The words of a page in their order; not those that are marked as being of another language."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, bool]] = []
        self.texts: list[str] = []
        self.labels: list[str] = []

    @property
    def skipped(self) -> bool:
        return any(silent for _, silent in self.open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        foreign = tag != "html" and facts.get("lang", LANGUAGE_TAG) != LANGUAGE_TAG
        if not self.skipped and not foreign:
            told = {
                *READ_OUT,
                *(name for name in facts if facts.get("id") == "words" and name.startswith("data-")),
            }
            self.labels += [value for name in told if (value := facts.get(name))]
        if tag not in VOID:
            self.open.append((tag, tag in SILENT or foreign))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        while self.open and any(name == tag for name, _ in self.open):
            if self.open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self.texts.append(data)


def outside(text: str) -> str:
    """``text`` without what stands between brackets."""
    depth, kept = 0, []
    for one in text:
        depth += (one == "⟦") - (one == "⟧")
        kept.append(" " if depth or one == "⟧" else one)
    return "".join(kept)


def untranslated(page: str, data: tuple[str, ...] = (), *, plain: bool = False) -> Iterator[str]:
    """Words of a page (or of a ``plain`` text) that are neither translated nor ``data``: what people wrote, names, addresses."""
    reader = _Words()
    if plain:
        reader.texts.append(page)
    else:
        reader.feed(page)
    for text in ("".join(reader.texts), *reader.labels):
        left = ADDRESS.sub(" ", outside(text))  # first: a random token may hold one of the words that follow
        for known in sorted(data, key=len, reverse=True):
            left = left.replace(known, " ")
        yield from (line.strip() for line in left.split("\n") if WORD.search(line))
