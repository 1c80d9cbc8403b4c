"""Turns a stream of resolved tickets into the stored side of the similar-ticket index."""

from __future__ import annotations

import json
import tempfile
from array import array
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triage.core.errors import ArtefactError
from triage.core.postings import ARRAYS, FORMAT, KIND, MANIFEST, digest, seal
from triage.core.ranking import impacts, term_key
from triage.core.terms import STOP_WORDS, stem, words
from triage.core.types import ResolvedTicket

#: Tickets that are counted together: enough to sort in bulk, few enough to stay small in memory.
CHUNK = 50_000
#: Term number, ticket number and impact of each posting of some tickets, sorted.
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
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        new = Path(scratch) / "new"
        new.mkdir()
        counting = _Counting()
        stream = iter(tickets)
        while chunk := list(islice(stream, CHUNK)):
            counting.take(chunk)
        _write(counting, new)
        if folder.exists():
            folder.rename(Path(scratch) / "old")
        new.rename(folder)


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
    by_id = np.argsort(ids, kind="stable")
    _refuse_twins(ids[by_id])
    by_key = np.argsort(keys)
    frequencies = np.zeros(len(keys), dtype=np.int64)
    for numbers, _, _ in counting.chunks:
        frequencies += np.bincount(numbers, minlength=len(keys))
    starts = np.concatenate([[0], np.cumsum(frequencies[by_key])])
    term_peaks, ticket_peaks = _peaks(counting.chunks, len(keys), len(ids))
    _save(folder, "keys", keys[by_key])
    _save(folder, "starts", starts)
    _save(folder, "term_peaks", term_peaks[by_key])
    _save(folder, "ticket_peaks", ticket_peaks[by_id])
    _save(folder, "ids", ids[by_id])
    _save(folder, "intents", np.asarray(counting.intents, dtype=np.int32)[by_id])
    _write_postings(counting, folder, starts, by_key, by_id)
    _write_manifest(folder, {"intents": list(counting.intent_codes), "tickets": len(ids), "terms": len(keys)})


def _peaks(
    chunks: Iterable[_Chunk], n_terms: int, n_tickets: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return the largest impact of each term and of each ticket."""
    of_terms = np.zeros(n_terms, dtype=np.uint8)
    of_tickets = np.zeros(n_tickets, dtype=np.uint8)
    for numbers, owners, chunk_impacts in chunks:
        np.maximum.at(of_terms, numbers, chunk_impacts)
        np.maximum.at(of_tickets, owners, chunk_impacts)
    return of_terms, of_tickets


def _write_postings(
    counting: _Counting,
    folder: Path,
    starts: npt.NDArray[np.int64],
    by_key: npt.NDArray[np.int64],
    by_id: npt.NDArray[np.int64],
) -> None:
    tickets = np.lib.format.open_memmap(folder / "tickets.npy", "w+", np.int32, (int(starts[-1]),))
    weights = np.lib.format.open_memmap(folder / "impacts.npy", "w+", np.uint8, (int(starts[-1]),))
    free = np.empty(len(by_key), dtype=np.int64)
    free[by_key] = starts[:-1]
    rank = np.empty(len(by_id), dtype=np.int32)
    rank[by_id] = np.arange(len(by_id), dtype=np.int32)
    for numbers, owners, chunk_impacts in counting.chunks:
        counts = np.bincount(numbers, minlength=len(by_key))
        before = np.concatenate([[0], np.cumsum(counts)[:-1]])
        places = (free - before)[numbers] + np.arange(len(numbers))
        tickets[places] = rank[owners]
        weights[places] = chunk_impacts
        free += counts
    if np.any(np.diff(by_id) < 0):
        _sort_within_terms(tickets, weights, starts)
    tickets.flush()
    weights.flush()


def _sort_within_terms(
    tickets: npt.NDArray[np.int32], weights: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]
) -> None:
    """Restore the order of ticket numbers where the tickets did not come sorted by id."""
    rows = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    order = np.lexsort((tickets, rows))
    tickets[:] = tickets[order]
    weights[:] = weights[order]


def _refuse_twins(sorted_ids: npt.NDArray[np.int64]) -> None:
    twins = sorted_ids[1:][np.diff(sorted_ids) == 0]
    if len(twins):
        raise ArtefactError(f"ticket {twins[0]} was given twice; an index holds each id once")


def _save(folder: Path, name: str, values: npt.NDArray[Any]) -> None:
    np.save(folder / f"{name}.npy", values.astype(ARRAYS[name], copy=False), allow_pickle=False)


def _write_manifest(folder: Path, content: dict[str, Any]) -> None:
    files = {f"{name}.npy": digest(folder / f"{name}.npy") for name in ARRAYS}
    manifest = {"kind": KIND, "format": FORMAT, "numpy": np.__version__, **content, "files": files}
    manifest["seal"] = seal(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
