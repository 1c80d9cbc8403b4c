"""A folder of export files: ``tickets*.json`` or ``.jsonl``, ``macros*``, ``articles*``, and files below ``files/``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from triage.moving import plain
from triage.moving.records import Broken, System

LONGEST_LINE: Final = 64 * 1024 * 1024
LARGEST_JSON: Final = 512 * 1024 * 1024  # a file of one value is read whole; a larger one has to be .jsonl


class Folder:
    """A file may be an answer of the API as it came, a list of records, or one record a line."""

    def __init__(self, system: System, folder: Path) -> None:
        self._system, self._folder = system, folder
        if not folder.is_dir():
            raise Broken(f"{folder} is no folder. Give the folder with the export's files, or --url.")

    def listing(self, kind: str) -> Iterator[dict[str, Any]]:
        for file in sorted(self._folder.glob(f"{kind}*.json*")):
            yield from self._lines(file) if file.suffix in {".jsonl", ".ndjson"} else self._whole(file, kind)

    def _lines(self, file: Path) -> Iterator[dict[str, Any]]:
        with file.open(encoding="utf-8-sig", errors="replace") as stream:
            for number, line in enumerate(iter(lambda: stream.readline(LONGEST_LINE), ""), start=1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError):
                    row = None
                yield row if isinstance(row, dict) else {"unreadable": f"{file.name}, line {number}"}

    def _whole(self, file: Path, kind: str) -> Iterator[dict[str, Any]]:
        if file.stat().st_size > LARGEST_JSON:
            raise Broken(
                f"{file.name} is larger than {LARGEST_JSON // 1024**2} MB. Write one record a line, as .jsonl."
            )
        try:
            told = json.loads(file.read_text(encoding="utf-8-sig", errors="replace"))
        except (ValueError, RecursionError):
            first = file.read_text(encoding="utf-8-sig", errors="replace").lstrip()[:1]
            if first != "{":
                raise Broken(f"{file.name} is no JSON.") from None
            yield from self._lines(file)  # Zendesk calls a file of lines .json
            return
        people = told.get("users") if isinstance(told, dict) else None
        for row in self._rows(told, kind):
            yield {**row, "users": people} if people and "users" not in row else row

    def _rows(self, told: Any, kind: str) -> list[dict[str, Any]]:
        if isinstance(told, dict):
            listing = self._system.listings.get(kind)
            key = listing.key if listing and listing.key else kind
            told = told.get(key) or plain.inner(told, "_embedded", key) or told.get(kind) or [told]
        return plain.rows(told)

    def more(self, path: str, key: str = "") -> list[dict[str, Any]]:
        return []

    def file(self, place: str) -> bytes | None:
        """By its last name, below ``files/``: whatever the place says, nothing else is read."""
        name = PurePosixPath(urlsplit(place).path).name
        found = self._folder / "files" / name
        if not name or name in {".", ".."} or not found.is_file() or found.is_symlink():
            return None
        return found.read_bytes() if found.stat().st_size <= settings.ATTACHMENT_MAX_BYTES else None
