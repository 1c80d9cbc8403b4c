"""From parts with their sources to the text that goes into a reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

JOINT: Final = "joint"  # the kind of a part that leads to the next


def letter(parts: Sequence[Mapping[str, Any]]) -> str:
    """The text of a draft: paragraphs, with a joint before the one that it leads to."""
    text = ""
    for part in parts:
        text += str(part["text"]) + (" " if part["kind"] == JOINT else "\n\n")
    return text.strip()


def translated(parts: Sequence[Mapping[str, Any]]) -> str:
    """The text of a translation, line by line as the original."""
    return "".join(str(part["text"]) + ("\n" if part["ends"] else " ") for part in parts).strip()
