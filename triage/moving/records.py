"""What is moved in, in this house's words, and what is left behind with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tickets.intake.history import PastTicket


class Broken(Exception):
    """The source as a whole cannot be read; the message says what to do."""


class Unfit(ValueError):
    """One record cannot be taken; the message says why."""


@dataclass(frozen=True, slots=True)
class MovedFile:
    """A file of a message: where its bytes are to be had. ``message`` is its place in the conversation."""

    message: int
    name: str
    place: str


@dataclass(frozen=True, slots=True)
class MovedTicket:
    past: PastTicket
    tags: Sequence[str] = ()
    files: Sequence[MovedFile] = ()


@dataclass(frozen=True, slots=True)
class MovedMacro:
    name: str
    reply: str
    tags: Sequence[str] = ()
    resolves: bool = False


@dataclass(frozen=True, slots=True)
class MovedArticle:
    """An article, always moved in as a draft. ``body`` is plain text."""

    key: str
    title: str
    body: str
    language: str = ""
    topic: str = ""


class Reader(Protocol):
    """A folder of export files, or an API."""

    def listing(self, kind: str) -> Iterator[dict[str, Any]]: ...

    def more(self, path: str, key: str = "") -> list[dict[str, Any]]:
        """Rows that belong to a record and are not in it; none where the source has no more to tell."""

    def file(self, place: str) -> bytes | None: ...


@dataclass(frozen=True)
class Listing:
    """Where an API lists a kind of record: its path, and under which key; ``rule`` says how pages follow.

    What is listed may be shelves: ``within`` are the paths that lead from one, by its id, to what stands on it.
    """

    path: str
    key: str = ""
    rule: str = "next_page"
    within: tuple[str, ...] = ()


class System(Protocol):
    """Another help desk: how it lists, and how its records read here."""

    @property
    def name(self) -> str: ...

    @property
    def listings(self) -> Mapping[str, Listing]: ...

    def sign(self, token: str) -> dict[str, str]: ...

    def ticket(self, row: Mapping[str, Any], reader: Reader) -> MovedTicket: ...

    def macro(self, row: Mapping[str, Any], reader: Reader) -> MovedMacro: ...

    def article(self, row: Mapping[str, Any]) -> MovedArticle: ...


@dataclass
class Tally:
    """What became of the records so far. ``left`` counts reasons."""

    tickets: int = 0
    known: int = 0
    messages: int = 0
    files: int = 0
    tags: int = 0
    macros: int = 0
    articles: int = 0
    left: Counter[str] = field(default_factory=Counter)

    @property
    def read(self) -> int:
        return self.tickets + self.known
