"""The stored side of the similar-ticket index: which ticket contains which term, as mapped arrays.

A folder (see ``triage.core.artefact``) holds one ``.npy`` file per array. Arrays are opened read-only and
memory-mapped, so every worker of a machine shares the same pages.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triage.core import artefact, terms

KIND = "ticket-index"
#: What an index that does not say it was made with.
_FIRST_TERMS = 1
ARRAYS: dict[str, np.dtype[Any]] = {
    "keys": np.dtype(np.uint64),
    "rows": np.dtype(np.int32),
    "starts": np.dtype(np.int64),
    "term_peaks": np.dtype(np.uint8),
    "tickets": np.dtype(np.int32),
    "impacts": np.dtype(np.uint8),
    "ticket_peaks": np.dtype(np.uint8),
    "ids": np.dtype(np.int64),
    "by_id": np.dtype(np.int32),
    "intents": np.dtype(np.int32),
}


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Term -> tickets. Tickets are numbered by the largest impact of any term in them, then by id.

    Attributes
    ----------
    keys : ndarray of uint64, shape (n_terms,)
        Sorted term keys.
    rows : ndarray of int32, shape (n_terms,)
        Row of each key.
    starts : ndarray of int64, shape (n_terms + 1,)
        Where the postings of each row begin.
    term_peaks : ndarray of uint8, shape (n_terms,)
        Largest impact of each row's term in any ticket.
    tickets : ndarray of int32, shape (n_postings,)
        Ticket numbers, rising within a row.
    impacts : ndarray of uint8, shape (n_postings,)
        Weight of the term in that ticket.
    ticket_peaks : ndarray of uint8, shape (n_tickets,)
        Largest impact of any term in the ticket, rising.
    ids : ndarray of int64, shape (n_tickets,)
        Id of each ticket number.
    by_id : ndarray of int32, shape (n_tickets,)
        Ticket numbers in the order of their ids.
    intents : ndarray of int32, shape (n_tickets,)
        Place in ``intent_names``; -1 for none.
    intent_names : tuple of str
    terms_version : int
        How the texts were split, see ``triage.core.terms``.
    """

    keys: npt.NDArray[np.uint64]
    rows: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    term_peaks: npt.NDArray[np.uint8]
    tickets: npt.NDArray[np.int32]
    impacts: npt.NDArray[np.uint8]
    ticket_peaks: npt.NDArray[np.uint8]
    ids: npt.NDArray[np.int64]
    by_id: npt.NDArray[np.int32]
    intents: npt.NDArray[np.int32]
    intent_names: tuple[str, ...] = ()
    terms_version: int = terms.VERSION

    @classmethod
    def none(cls) -> Postings:
        """Return postings of no tickets."""
        arrays: dict[str, Any] = {name: np.zeros(0, dtype) for name, dtype in ARRAYS.items()}
        return cls(**arrays | {"starts": np.zeros(1, np.int64)})

    @classmethod
    def open(cls, folder: Path) -> Postings:
        """Map a stored folder.

        Raises
        ------
        ArtefactError
            If a file is missing, has other bytes than the manifest says, or another format.
        """
        stored = artefact.load(folder, kind=KIND)
        arrays: dict[str, Any] = {name: stored.array(name, dtype) for name, dtype in ARRAYS.items()}
        settings = stored.manifest.settings
        version = settings.get("terms_version", _FIRST_TERMS)
        return cls(**arrays, intent_names=tuple(settings["intents"]), terms_version=version)

    def rows_of(self, keys: Sequence[int]) -> npt.NDArray[np.int64]:
        """Return the row of each term key, -1 for terms that no ticket contains; shape (n_keys,)."""
        wanted = np.array(keys, dtype=np.uint64)
        if not len(self.keys):
            return np.full(len(wanted), -1, dtype=np.int64)
        places = np.minimum(self.keys.searchsorted(wanted), len(self.keys) - 1)
        return np.where(self.keys[places] == wanted, self.rows[places], -1).astype(np.int64)

    def frequencies(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return how many tickets contain each row's term, 0 for row -1; shape as ``rows``."""
        return np.where(rows < 0, 0, self.starts[rows + 1] - self.starts[rows])

    def number_of(self, ticket_id: int) -> int | None:
        """Return the number of the ticket with this id, None if it is not here."""
        place = bisect_left(self.by_id, ticket_id, key=self.ids.__getitem__)
        if place == len(self.by_id):
            return None
        number = int(self.by_id[place])
        return number if int(self.ids[number]) == ticket_id else None

    def intent_of(self, number: int) -> str | None:
        """Return the intent of a ticket by its number."""
        code = int(self.intents[number])
        return None if code < 0 else self.intent_names[code]
