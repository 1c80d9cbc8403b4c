"""Messages of strangers to test the engine with; README.md says what they are. None of them is in the starter pack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
PERSON = "person"


@dataclass(frozen=True)
class Message:
    """A message with what is right: the slug of the intent whose letter serves it, or ``person``."""

    right: str
    kind: str
    text: str


def sets() -> list[str]:
    """The names of the sets: one TSV each."""
    return sorted(file.stem for file in FOLDER.glob("*.tsv"))


def messages(name: str) -> list[Message]:
    """The messages of one set, with their line breaks."""
    lines = (FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return [Message(right, kind, text.replace("\\n", "\n")) for right, kind, text in rows]


def reported() -> Iterator[Message]:
    """Messages that an earlier release answered and should not have, or the reverse."""
    for line in (FOLDER / "examples.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield Message(row["right"], row["kind"], f"{row['subject']}\n{row['body']}".strip())
