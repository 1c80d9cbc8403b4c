"""Similar tickets: the resolved tickets nearest to a text, found exactly among millions."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from triage.core.similar.postings import Postings
from triage.core.similar.postings_build import write_postings
from triage.core.similar.pruning import best_numbers
from triage.core.similar.ranking import Query, count_keys, weigh_query
from triage.core.similar.recent_tickets import RecentTickets
from triage.core.terms import tokeniser
from triage.core.types import ResolvedTicket, SimilarTicket


class TicketIndex:
    """Resolved tickets, ranked by the words they share with a text (BM25).

    A stored base, mapped read-only and shared by all workers of a machine, plus the tickets that were
    resolved since, in memory. Safe for threads.

    Rarity of a term counts all tickets of the base, also removed ones, until the next `build`.
    """

    def __init__(self, base: Postings) -> None:
        self._base = base
        self._split = tokeniser(base.terms_version)
        self._recent = RecentTickets(self._split)
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

    def ticket(self, ticket_id: int) -> SimilarTicket | None:
        """The ticket of this id, its similarity left 0; None where it is not here (any more)."""
        with self._lock:
            known = self._recent.ticket(ticket_id)
            number = self._base.number_of(ticket_id)
            if known is not None or number is None or number in self._gone:
                return known
        return SimilarTicket(ticket_id, 0.0, self._base.intent_of(number))

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

    def search(
        self, text: str, k: int = 5, *, exclude: Collection[int] = (), confirmed: int = 0
    ) -> tuple[SimilarTicket, ...]:
        """Find the tickets most similar to a text.

        Parameters
        ----------
        text : str
            Cut to its `MOST_QUERY_TERMS` heaviest terms.
        k : int
            How many tickets at most.
        exclude : collection of int
            Ids to leave out, such as the asking ticket's own.
        confirmed : int
            How many confirmed tickets are wanted, also where they are not among the k best.

        Returns
        -------
        tuple of SimilarTicket
            Exactly the k best and the best confirmed ones, best first, ties by id. Empty if no ticket
            shares a term with the text.
        """
        counts = count_keys(text, self._split)
        if not counts or k < 1:
            return ()
        with self._lock:
            query = self._weigh(counts)
            recent = self._recent.weigh(query.terms, k, exclude, confirmed)
            hidden = self._gone | self._numbers(exclude)
        found = {ticket.id: (weight, ticket) for weight, ticket in recent}
        for weight, number in best_numbers(self._base, query.terms, k, hidden):
            id_ = int(self._base.ids[number])
            found[id_] = weight, SimilarTicket(id_, 0.0, self._base.intent_of(number))
        order = sorted(found.values(), key=lambda entry: (-entry[0], entry[1].id))
        ranked = [replace(ticket, similarity=min(1.0, weight / query.whole)) for weight, ticket in order]
        return wanted(ranked, k, confirmed)

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


def wanted(ranked: Sequence[SimilarTicket], k: int, confirmed: int) -> tuple[SimilarTicket, ...]:
    """Return, of tickets in their order, the first k and the first confirmed ones."""
    sure = {ticket.id for ticket in islice((t for t in ranked if t.confirmed), confirmed)}
    return tuple(ticket for place, ticket in enumerate(ranked) if place < k or ticket.id in sure)
