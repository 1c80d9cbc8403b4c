"""The public name of a ticket: made so that it cannot be guessed, read however it is typed."""

from __future__ import annotations

import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12  # 30 ** 12 is 59 bits: cannot be guessed
GROUP = 4


def new_reference() -> str:
    """An unguessable public name such as ``K7QM-3XNA-9F2T``."""
    return _grouped("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))


def read_reference(typed: str) -> str:
    """The reference, or the beginning of one, that ``typed`` names in any case, with dashes, blanks or neither.

    What can be none is returned as it is: no ticket is found by it.
    """
    letters = "".join(typed.upper().replace("-", " ").split())
    if not letters or len(letters) > LENGTH or not set(letters) <= set(ALPHABET):
        return typed
    return _grouped(letters)


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + GROUP] for at in range(0, len(letters), GROUP))
