"""Similar tickets: the resolved tickets nearest to a text, found exactly among millions."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from triage.core.postings import Postings
from triage.core.postings_build import write_postings
from triage.core.pruning import best_numbers
from triage.core.ranking import Query, count_keys, weigh_query
from triage.core.recent_tickets import RecentTickets
from triage.core.types import ResolvedTicket, SimilarTicket


class TicketIndex:
    """Resolved tickets, ranked by the words they share with a text (BM25).

    A stored base, mapped read-only and shared by all workers of a machine, plus the tickets that were
    resolved since, in memory. Safe for threads.

    Rarity of a term counts all tickets of the base, also removed ones, until the next `build`.
    """

    def __init__(self, base: Postings) -> None:
        self._base = base
        self._recent = RecentTickets()
        self._gone: set[int] = set()
        self._lock = threading.Lock()

    @classmethod
    def build(cls, tickets: Iterable[ResolvedTicket], folder: Path) -> TicketIndex:
        """Store an index of these tickets and open it.

        Parameters
        ----------
        tickets : iterable of ResolvedTicket
            Read once, in any order; fastest in rising order of ids.
        folder : Path
            Written beside itself, then renamed; an index that is there is replaced.

        Raises
        ------
        ArtefactError
            If an id occurs twice.
        """
        write_postings(tickets, folder)
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> TicketIndex:
        """Open a stored index.

        Raises
        ------
        ArtefactError
            If it is missing, corrupt, or of another format version.
        """
        return cls(Postings.open(folder))

    @classmethod
    def empty(cls) -> TicketIndex:
        """Return an index without a base: tickets come in by `add` only."""
        return cls(Postings.none())

    def __len__(self) -> int:
        return len(self._base.ids) - len(self._gone) + len(self._recent)

    def __contains__(self, ticket_id: int) -> bool:
        if ticket_id in self._recent:
            return True
        number = self._base.number_of(ticket_id)
        return number is not None and number not in self._gone

    @property
    def recent(self) -> int:
        """How many tickets are held in memory: a measure of when to build anew."""
        return len(self._recent)

    def add(self, ticket: ResolvedTicket) -> None:
        """Take in a newly resolved ticket; one with the same id is replaced."""
        with self._lock:
            self._hide(ticket.id)
            self._recent.add(ticket)

    def remove(self, ticket_id: int) -> bool:
        """Drop a ticket from all later searches; tell whether it was here."""
        with self._lock:
            return self._recent.discard(ticket_id) or self._hide(ticket_id)

    def search(self, text: str, k: int = 5, *, exclude: Collection[int] = ()) -> tuple[SimilarTicket, ...]:
        """Find the tickets most similar to a text.

        Parameters
        ----------
        text : str
            Cut to its `MOST_QUERY_TERMS` heaviest terms.
        k : int
            How many tickets at most.
        exclude : collection of int
            Ids to leave out, such as the asking ticket's own.

        Returns
        -------
        tuple of SimilarTicket
            Exactly the k best, best first, ties by id. Empty if no ticket shares a term with the text.
        """
        counts = count_keys(text)
        if not counts or k < 1:
            return ()
        with self._lock:
            query = self._weigh(counts)
            found = self._recent.weigh(query.terms, k, exclude)
            hidden = self._gone | self._numbers(exclude)
        for weight, number in best_numbers(self._base, query.terms, k, hidden):
            found.append((weight, int(self._base.ids[number]), self._base.intent_of(number)))
        best = sorted(found, key=lambda entry: (-entry[0], entry[1]))[:k]
        return tuple(
            SimilarTicket(id_, min(1.0, weight / query.whole), intent) for weight, id_, intent in best
        )

    def _weigh(self, counts: Mapping[int, int]) -> Query:
        keys = list(counts)
        rows = self._base.rows_of(keys)
        frequencies = self._base.frequencies(rows) + self._recent.frequencies(keys)
        return weigh_query(counts, rows, frequencies, len(self._base.ids) + len(self._recent))

    def _numbers(self, ids: Collection[int]) -> set[int]:
        numbers = (self._base.number_of(ticket_id) for ticket_id in ids)
        return {number for number in numbers if number is not None}

    def _hide(self, ticket_id: int) -> bool:
        number = self._base.number_of(ticket_id)
        if number is None or number in self._gone:
            return False
        self._gone.add(number)
        return True
