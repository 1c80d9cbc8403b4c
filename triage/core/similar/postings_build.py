"""Turns a stream of resolved tickets into the stored side of the similar-ticket index."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triage.core.artefact import save_array, seal, written_whole
from triage.core.errors import ArtefactError
from triage.core.similar.postings import ARRAYS, KIND
from triage.core.similar.ranking import impacts, term_key
from triage.core.terms import STOP_WORDS, VERSION, stem, words
from triage.core.types import ResolvedTicket

#: Tickets that are counted together: enough to sort in bulk, few enough to stay small in memory.
CHUNK = 50_000
#: Postings that are merged together when the files are written.
MERGED = 4_000_000
#: Row (the term's number), place of the ticket and impact of each posting of some tickets, sorted.
_Chunk = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.uint8]]


def write_postings(tickets: Iterable[ResolvedTicket], folder: Path) -> None:
    """Write an index folder whole or not at all.

    Parameters
    ----------
    tickets : iterable of ResolvedTicket
        Read once, in any order, never held in memory together.
    folder : Path
        Replaced if it exists. Its parent is created if needed.

    Raises
    ------
    ArtefactError
        If an id occurs twice.
    """
    with written_whole(folder, replace=True) as new:
        counting = _Counting()
        stream = iter(tickets)
        while chunk := list(islice(stream, CHUNK)):
            counting.take(chunk)
        _write(counting, new)


class _Numbers(dict[str, int]):
    """Word -> number of its term, -1 for stop words. Stems a word the first time it is asked for."""

    def __init__(self) -> None:
        self.terms: dict[str, int] = {}

    def __missing__(self, word: str) -> int:
        number = -1 if word in STOP_WORDS else self.terms.setdefault(stem(word), len(self.terms))
        self[word] = number
        return number


class _Counting:
    """The postings of the tickets seen so far, in chunks that are each sorted by term, then ticket."""

    def __init__(self) -> None:
        self.numbers = _Numbers()
        self.chunks: list[_Chunk] = []
        self.ids = array("q")
        self.intents = array("i")
        self.intent_codes: dict[str, int] = {}

    def take(self, chunk: list[ResolvedTicket]) -> None:
        first = len(self.ids)
        numbers, lengths = array("i"), array("q")
        for ticket in chunk:
            found = words(ticket.text)
            numbers.extend(map(self.numbers.__getitem__, found))
            lengths.append(len(found))
            self.ids.append(ticket.id)
            self.intents.append(self._code(ticket.intent))
        self.chunks.append(_count(np.asarray(numbers), np.asarray(lengths), first))

    def _code(self, intent: str | None) -> int:
        return -1 if intent is None else self.intent_codes.setdefault(intent, len(self.intent_codes))


def _count(numbers: npt.NDArray[np.int32], lengths: npt.NDArray[np.int64], first: int) -> _Chunk:
    """Return the postings of tickets whose numbers start at ``first``."""
    owner = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
    kept = numbers >= 0
    owner, numbers = owner[kept], numbers[kept]
    lengths = np.bincount(owner, minlength=len(lengths))
    pairs, repeats = np.unique(numbers * np.int64(CHUNK) + owner, return_counts=True)
    owner = pairs % CHUNK
    return (
        (pairs // CHUNK).astype(np.int32),
        (owner + first).astype(np.int32),
        impacts(repeats, lengths[owner]),
    )


def _write(counting: _Counting, folder: Path) -> None:
    keys = np.fromiter(map(term_key, counting.numbers.terms), dtype=np.uint64)
    ids = np.asarray(counting.ids, dtype=np.int64)
    _refuse_twins(np.sort(ids))
    term_peaks, ticket_peaks = _peaks(counting.chunks, len(keys), len(ids))
    by_number = np.lexsort((ids, ticket_peaks))
    by_key = np.argsort(keys)
    starts = _starts(counting.chunks, len(keys))
    _save(folder, "keys", keys[by_key])
    _save(folder, "rows", by_key)
    _save(folder, "starts", starts)
    _save(folder, "term_peaks", term_peaks)
    _save(folder, "ticket_peaks", ticket_peaks[by_number])
    _save(folder, "ids", ids[by_number])
    _save(folder, "by_id", np.argsort(ids[by_number]))
    _save(folder, "intents", np.asarray(counting.intents, dtype=np.int32)[by_number])
    _write_postings(counting.chunks, folder, starts, by_number)
    settings = {
        "intents": list(counting.intent_codes),
        "tickets": len(ids),
        "terms": len(keys),
        "terms_version": VERSION,
    }
    seal(folder, kind=KIND, settings=settings)


def _peaks(
    chunks: Iterable[_Chunk], n_terms: int, n_tickets: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return the largest impact of each term and of each ticket."""
    of_terms = np.zeros(n_terms, dtype=np.uint8)
    of_tickets = np.zeros(n_tickets, dtype=np.uint8)
    for rows, owners, chunk_impacts in chunks:
        np.maximum.at(of_terms, rows, chunk_impacts)
        np.maximum.at(of_tickets, owners, chunk_impacts)
    return of_terms, of_tickets


def _starts(chunks: Iterable[_Chunk], n_terms: int) -> npt.NDArray[np.int64]:
    frequencies = np.zeros(n_terms, dtype=np.int64)
    for rows, _, _ in chunks:
        frequencies += np.bincount(rows, minlength=n_terms)
    return np.concatenate([[0], np.cumsum(frequencies)])


def _write_postings(
    chunks: Sequence[_Chunk], folder: Path, starts: npt.NDArray[np.int64], by_number: npt.NDArray[np.int64]
) -> None:
    """Merge the chunks into two files, some rows at a time."""
    number_of = np.empty(len(by_number), dtype=np.int64)
    number_of[by_number] = np.arange(len(by_number))
    tickets = np.lib.format.open_memmap(folder / "tickets.npy", "w+", np.int32, (int(starts[-1]),))
    weights = np.lib.format.open_memmap(folder / "impacts.npy", "w+", np.uint8, (int(starts[-1]),))
    first = 0
    while first < len(starts) - 1:
        after = max(first + 1, int(starts.searchsorted(starts[first] + MERGED, side="right")) - 1)
        parts = [_cut(chunk, first, after) for chunk in chunks]
        rows, owners, part_impacts = (np.concatenate(column) for column in zip(*parts, strict=True))
        places = np.argsort(rows.astype(np.int64) << 32 | number_of[owners])
        span = slice(int(starts[first]), int(starts[after]))
        tickets[span] = number_of[owners[places]]
        weights[span] = part_impacts[places]
        first = after
    tickets.flush()
    weights.flush()


def _cut(chunk: _Chunk, first: int, after: int) -> _Chunk:
    """Return the postings of the rows from ``first`` up to ``after``."""
    begin, end = np.searchsorted(chunk[0], [first, after])
    return chunk[0][begin:end], chunk[1][begin:end], chunk[2][begin:end]


def _refuse_twins(sorted_ids: npt.NDArray[np.int64]) -> None:
    twins = sorted_ids[1:][np.diff(sorted_ids) == 0]
    if len(twins):
        raise ArtefactError(f"ticket {twins[0]} was given twice; an index holds each id once")


def _save(folder: Path, name: str, values: npt.NDArray[Any]) -> None:
    save_array(folder, name, values, ARRAYS[name])
