"""Read what customers are told out of templates and code, keep the catalogues of translations, and compile them.

Needs Babel (requirements-dev.txt) and no gettext program.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation.template import templatize

from triage.core.deciding import gates

FOLDER: Final = settings.BASE_DIR / "helpdesk/locale"
KEYWORDS: Final = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None, "ngettext": (1, 2),
    "ngettext_lazy": (1, 2), "pgettext": ((1, "c"), 2),
}  # fmt: skip
CODE: Final = ("tickets", "accounts", "helpdesk", "triage")
STAFF_TEMPLATES: Final = {"admin", "unfold", "triage"}
NO_DATE: Final = datetime(2000, 1, 1, tzinfo=UTC)
Id = str | tuple[str, ...]


class Command(BaseCommand):
    help = (
        "Update and compile the catalogues of customers' words in helpdesk/locale. Run it after changing any."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="write nothing; fail where a catalogue is incomplete or out of date",
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        ids = message_ids()
        faults = [
            fault for language_tag in language_tags() for fault in self._one(language_tag, ids, check=check)
        ]
        for fault in faults:
            self.stderr.write(fault)
        if faults and check:
            raise CommandError(
                "The catalogues are not complete. Run “manage.py catalogues”, translate what is empty in "
                "helpdesk/locale/*/LC_MESSAGES/django.po, and run it again."
            )
        self.stdout.write(f"{len(ids)} texts in {', '.join(language_tags())}")

    def _one(self, language_tag: str, ids: dict[Id, list[str]], *, check: bool) -> Iterator[str]:
        place = FOLDER / language_tag / "LC_MESSAGES"
        catalog = updated(place / "django.po", language_tag, ids)
        for missing in untranslated(catalog):
            yield f"{language_tag}: no translation of “{missing}”"
        written = {"django.po": as_po(catalog), "django.mo": as_mo(catalog)}
        for name, content in written.items():
            if check and (not (place / name).is_file() or (place / name).read_bytes() != content):
                yield f"{language_tag}/{name} is out of date"
            elif not check:
                place.mkdir(parents=True, exist_ok=True)
                (place / name).write_bytes(content)


def language_tags() -> list[str]:
    """The languages that are translated into; the message ids are English."""
    return [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def message_ids() -> dict[Id, list[str]]:
    """Every text for customers, a tuple where it has a plural, with the files it stands in."""
    found: dict[Id, list[str]] = {}
    for file, source in _sources():
        name = str(file.relative_to(settings.BASE_DIR))
        for _line, _function, said, _comments in extract_python(
            io.BytesIO(source.encode()), KEYWORDS, [], {}
        ):
            text = tuple(said[:2]) if isinstance(said, tuple) and len(said) > 1 and said[1] else said
            text = text[0] if isinstance(text, tuple) and len(text) == 1 else text
            if text and (isinstance(text, str) or all(isinstance(part, str) for part in text)):
                found.setdefault(cast(Id, text), []).append(name)
    for words in gates.reasons().values():
        if words.customer:
            found.setdefault(words.customer, []).append("triage/core/deciding/gates.py")
    return dict(sorted(found.items(), key=lambda item: str(item[0])))


def _sources() -> Iterator[tuple[Path, str]]:
    root = settings.BASE_DIR / "templates"
    for file in sorted(root.rglob("*.*")):
        if file.suffix in {".html", ".txt"} and file.relative_to(root).parts[0] not in STAFF_TEMPLATES:
            yield file, templatize(file.read_text(encoding="utf-8"))
    for room in CODE:
        for file in sorted((settings.BASE_DIR / room).rglob("*.py")):
            if "migrations" not in file.parts:
                yield file, file.read_text(encoding="utf-8")


def updated(file: Path, language_tag: str, ids: dict[Id, list[str]]) -> Catalog:
    """The catalogue with exactly ``ids``, translated as far as ``file`` has them."""
    known = Catalog(locale=language_tag)
    if file.is_file():
        with file.open("rb") as source:
            known = read_po(source, locale=language_tag)
    catalog = Catalog(locale=language_tag, project="helpdesk", charset="utf-8", fuzzy=False)
    for text, files in ids.items():
        earlier = known.get(text)
        flags = {"python-format"} if "%(" in str(text) else set()
        catalog.add(
            text, earlier.string if earlier else None, [(name, 0) for name in dict.fromkeys(files)], flags
        )
    return catalog


def untranslated(catalog: Catalog) -> Iterator[str]:
    for message in catalog:
        strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
        if message.id and not all(strings):
            yield str(message.id)


def as_po(catalog: Catalog) -> bytes:
    out = io.BytesIO()
    write_po(out, catalog, width=110, omit_header=False, include_lineno=False)
    stable = [
        line for line in out.getvalue().splitlines() if b"-Date:" not in line and b"Generated-By" not in line
    ]
    return b"\n".join(line for line in stable if not line.startswith(b"# ") and line != b"#") + b"\n"


def as_mo(catalog: Catalog) -> bytes:
    out = io.BytesIO()
    catalog.creation_date = catalog.revision_date = NO_DATE  # the same words are the same bytes
    write_mo(out, catalog)
    return out.getvalue()
