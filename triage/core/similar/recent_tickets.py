"""Tickets resolved since the index was stored: found at once, without a rebuild."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import numpy.typing as npt

from triage.core.similar.ranking import QueryTerm, count_keys, impacts_of
from triage.core.terms import Tokeniser
from triage.core.types import ResolvedTicket, SimilarTicket


@dataclass(slots=True)
class _Row:
    """The tickets that contain one term, and the term's impact in each."""

    slots: array[int] = field(default_factory=lambda: array("q"))
    impacts: array[int] = field(default_factory=lambda: array("B"))


class RecentTickets:
    """Postings in memory that grow by one ticket at a time. Not safe for threads; its owner locks."""

    def __init__(self, split: Tokeniser) -> None:
        self._split = split
        self._rows: dict[int, _Row] = {}
        self._keys: dict[int, Sequence[int]] = {}
        self._slot_of: dict[int, int] = {}
        self._ids = array("q")
        self._outcomes: list[tuple[str | None, bool]] = []

    def __len__(self) -> int:
        return len(self._slot_of)

    def __contains__(self, ticket_id: int) -> bool:
        return ticket_id in self._slot_of

    def ticket(self, ticket_id: int) -> SimilarTicket | None:
        """The ticket of this id, its similarity left 0."""
        slot = self._slot_of.get(ticket_id)
        return None if slot is None else SimilarTicket(ticket_id, 0.0, *self._outcomes[slot])

    def frequencies(self, keys: Sequence[int]) -> npt.NDArray[np.int64]:
        """Return how many tickets contain each term; shape (n_keys,)."""
        rows = map(self._rows.get, keys)
        return np.array([0 if row is None else len(row.slots) for row in rows], dtype=np.int64)

    def add(self, ticket: ResolvedTicket) -> None:
        """Take a ticket in, in place of an earlier one with its id."""
        self.discard(ticket.id)
        slot = len(self._ids)
        counts = count_keys(ticket.text, self._split)
        for key, weight in zip(counts, impacts_of(counts).tolist(), strict=True):
            row = self._rows.setdefault(key, _Row())
            row.slots.append(slot)
            row.impacts.append(weight)
        self._ids.append(ticket.id)
        self._outcomes.append((ticket.intent, ticket.confirmed))
        self._slot_of[ticket.id] = slot
        self._keys[slot] = tuple(counts)

    def discard(self, ticket_id: int) -> bool:
        """Erase a ticket and all its terms; tell whether it was here."""
        slot = self._slot_of.pop(ticket_id, None)
        if slot is None:
            return False
        for key in self._keys.pop(slot):
            row = self._rows[key]
            place = row.slots.index(slot)
            row.slots.pop(place)
            row.impacts.pop(place)
            if not row.slots:
                del self._rows[key]
        return True

    def weigh(
        self, query: Sequence[QueryTerm], k: int, exclude: Collection[int], confirmed: int = 0
    ) -> list[tuple[int, SimilarTicket]]:
        """Return weight and ticket of the k best and of the best confirmed ones; similarities are left 0.

        Each group is best first, ties by id; a ticket may be in both.
        """
        totals = np.zeros(len(self._ids), dtype=np.int64)
        for term in query:
            row = self._rows.get(term.key)
            if row is not None:
                totals[np.array(row.slots)] += np.int64(term.weight) * np.array(row.impacts, dtype=np.int64)
        for ticket_id in exclude:
            if ticket_id in self._slot_of:
                totals[self._slot_of[ticket_id]] = 0
        found: npt.NDArray[np.int64] = np.flatnonzero(totals)
        order = found[np.lexsort((np.array(self._ids)[found], -totals[found]))].tolist()
        sure = (slot for slot in order if self._outcomes[slot][1])
        return [
            (int(totals[slot]), SimilarTicket(self._ids[slot], 0.0, *self._outcomes[slot]))
            for slot in (*order[:k], *islice(sure, confirmed))
        ]
