"""The form in which a text teaches a stance, and in which a taught text is shown as the nearest one."""

from __future__ import annotations

from triage.core.reading.text import normalise, said_in

#: Characters of a taught text that are kept to be shown.
SHOWN = 200
_LINE = 200


def read(text: str) -> str:
    """Read a training text as a ticket will be read: all that its writer says, without quotes."""
    if "\n" in text or len(text) > _LINE:
        return said_in(text)
    return normalise(text)


def as_shown(text: str) -> str:
    """A taught text as a decision shows it."""
    return read(text)[:SHOWN].replace("\n", " ")
