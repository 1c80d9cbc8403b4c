"""The k best tickets of a query, exactly, without reading most of the postings.

Method: MaxScore (Turtle and Flood, "Query evaluation: strategies and optimizations", 1995), term at a time
on arrays. Terms are read from the most telling to the most common. What the unread terms can still add to a
ticket is bounded twice: by the largest impact of each unread term, and by the largest impact of any term in
that ticket. As soon as few tickets can reach the k-th best, those few are weighed by binary search in the
unread postings. Bounds only leave out tickets that cannot be among the k best, ties included.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triage.core.postings import Postings
from triage.core.ranking import QueryTerm

Numbers = npt.NDArray[np.int64]
Weights = npt.NDArray[np.int32]

#: Postings to read before the k-th best is first looked for.
FIRST_READ = 100_000
#: Promising tickets that are weighed in full to learn how good the k-th best is at least.
PROBES = 64
#: Every so-manieth ticket is looked at to guess how many can still win.
SAMPLE_STEP = 61
#: Weighing one ticket against one unread term costs about as much as reading this many postings.
LOOKUP_COST = 12
#: Far below zero, and no query can lift a total above it again.
HIDDEN = -(2**30)


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """The postings of one query term. ``peak`` bounds what the term adds to any ticket."""

    tickets: npt.NDArray[np.int32]
    impacts: npt.NDArray[np.uint8]
    weight: np.int32
    peak: int

    def add_to_all(self, totals: Weights) -> None:
        np.add.at(totals, self.tickets, self.impacts * self.weight)

    def add_to(self, candidates: npt.NDArray[np.int32], totals: Weights) -> None:
        """Add the term's weight to the totals of some tickets, given in rising order."""
        places = self.tickets.searchsorted(candidates)
        np.minimum(places, len(self.tickets) - 1, out=places)
        hits = (self.tickets[places] == candidates).nonzero()[0]
        totals[hits] += self.impacts[places[hits]] * self.weight


def best_numbers(
    postings: Postings, query: Sequence[QueryTerm], k: int, hidden: Collection[int] = ()
) -> list[tuple[int, int]]:
    """Find the k best tickets.

    Parameters
    ----------
    postings : Postings
    query : sequence of QueryTerm
    k : int
        At least 1.
    hidden : collection of int
        Numbers of tickets to leave out.

    Returns
    -------
    list of (int, int)
        (total weight, ticket number), heaviest first, ties by number. Tickets without a term of the query
        are never among them.
    """
    rows = _rows(postings, query)
    if not rows:
        return []
    totals = np.zeros(len(postings.ids), dtype=np.int32)
    if hidden:
        totals[np.fromiter(hidden, dtype=np.int64, count=len(hidden))] = HIDDEN
    unread = _read_first(rows, totals)
    goal = _reachable(rows[: len(rows) - len(unread)], unread, totals, k)
    unread = _read_until_few_can_win(unread, totals, goal, postings.ticket_peaks)
    candidates = _can_win(totals, unread, goal, postings.ticket_peaks)
    candidates, found = _weigh_fully(candidates, totals[candidates], unread, goal)
    order = np.lexsort((candidates, -found))[:k]
    return list(zip(found[order].tolist(), candidates[order].tolist(), strict=True))


def _rows(postings: Postings, query: Sequence[QueryTerm]) -> list[_Row]:
    """Return the rows of the query's terms, those first that bound most for the postings they cost."""
    rows = []
    for term in query:
        if term.place is not None:
            begin, end = int(postings.starts[term.place]), int(postings.starts[term.place + 1])
            peak = term.weight * int(postings.term_peaks[term.place])
            row = _Row(postings.tickets[begin:end], postings.impacts[begin:end], np.int32(term.weight), peak)
            rows.append(row)
    return sorted(rows, key=lambda row: len(row.tickets) / row.peak)


def _read_first(rows: list[_Row], totals: Weights) -> list[_Row]:
    """Read rows until there is enough to judge by; return the unread ones."""
    done = 0
    for place, row in enumerate(rows):
        if done >= FIRST_READ:
            return rows[place:]
        row.add_to_all(totals)
        done += len(row.tickets)
    return []


def _reachable(read: list[_Row], unread: list[_Row], totals: Weights, k: int) -> int:
    """Return a total that at least k tickets reach, at least 1."""
    touched = np.concatenate([row.tickets for row in read])
    partial = totals[touched]
    wanted = max(PROBES, 2 * k)
    if len(touched) > wanted:
        cut = np.partition(partial, len(partial) - wanted)[len(partial) - wanted]
        # Ties at the cut may be many; a few are as good as all.
        touched = touched[partial >= cut][: 4 * wanted]
    probes = np.unique(touched)
    found = totals[probes]
    for row in unread:
        row.add_to(probes, found)
    return max(1, _kth(found, k))


def _kth(totals: Weights, k: int) -> int:
    if len(totals) < k:
        return 1
    return int(np.partition(totals, len(totals) - k)[len(totals) - k])


def _read_until_few_can_win(
    unread: list[_Row], totals: Weights, goal: int, ticket_peaks: npt.NDArray[np.uint8]
) -> list[_Row]:
    """Read on until weighing what can still win is cheaper than reading; return the unread rows."""
    peaks = ticket_peaks[::SAMPLE_STEP].astype(np.int32)
    for place, row in enumerate(unread):
        rest = unread[place:]
        bound = np.minimum(peaks * sum(r.weight for r in rest), sum(r.peak for r in rest))
        winners = SAMPLE_STEP * int(np.count_nonzero(totals[::SAMPLE_STEP] + bound >= goal))
        if winners * LOOKUP_COST < len(row.tickets):
            return rest
        row.add_to_all(totals)
    return []


def _can_win(
    totals: Weights, unread: list[_Row], goal: int, ticket_peaks: npt.NDArray[np.uint8]
) -> npt.NDArray[np.int32]:
    """Return the tickets that may reach the goal with the unread rows."""
    if unread:
        bound = np.multiply(ticket_peaks, np.int32(sum(row.weight for row in unread)), dtype=np.int32)
        np.minimum(bound, np.int32(sum(row.peak for row in unread)), out=bound)
        bound += totals
    else:
        bound = totals
    return (bound >= goal).nonzero()[0].astype(np.int32)


def _weigh_fully(
    candidates: npt.NDArray[np.int32], totals: Weights, unread: list[_Row], goal: int
) -> tuple[npt.NDArray[np.int32], Weights]:
    """Add the unread rows to the candidates, dropping those that fall behind."""
    open_bound = sum(row.peak for row in unread)
    for row in unread:
        row.add_to(candidates, totals)
        open_bound -= row.peak
        kept = totals >= goal - open_bound
        candidates, totals = candidates[kept], totals[kept]
    return candidates, totals
