"""The k best tickets of a query, exactly, without reading most of the postings.

Method: MaxScore (Turtle and Flood, "Query evaluation: strategies and optimizations", 1995), term at a time
on arrays. Terms are read from the most telling to the most common. What the unread terms can still add to a
ticket is bounded twice: by the largest impact of each unread term, and by the largest impact of any term in
that ticket. As soon as few tickets can reach the k-th best, those few are weighed by binary search in the
unread postings. Bounds only leave out tickets that cannot be among the k best, ties included.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from triage.core.similar.postings import Postings
from triage.core.similar.ranking import QueryTerm

Weights = npt.NDArray[np.int32]

#: Postings to read before the k-th best is first looked for.
FIRST_READ = 150_000
#: Promising tickets that are weighed in full to learn how good the k-th best is at least.
PROBES = 64
#: Postings whose tickets are looked at to choose the promising ones.
SAMPLED = 20_000
#: Tickets whose peaks differ by less than this are bounded together.
BAND = 12
#: Every n-th ticket is looked at to guess how many can still win.
SAMPLE_STEP = 61
#: Weighing one ticket against one unread term costs about as much as reading this many postings.
LOOKUP_COST = 30
#: Far below zero, and no query can lift a total above it again.
HIDDEN = -(2**30)


class _Row(NamedTuple):
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
        (total weight, ticket number), heaviest first, ties by the tickets' ids. Tickets without a term of
        the query are never among them.
    """
    rows = _rows(postings, query)
    if not rows:
        return []
    totals = np.zeros(len(postings.ids), dtype=np.int32)
    if hidden:
        totals[np.fromiter(hidden, dtype=np.int64, count=len(hidden))] = HIDDEN
    read, unread = _read_first(rows, totals)
    goal = _reachable(read, unread, totals, k)
    unread = _read_until_few_can_win(unread, totals, goal, postings.ticket_peaks)
    candidates = _can_win(totals, unread, goal, postings.ticket_peaks)
    candidates, found = _weigh_fully(candidates, totals[candidates], unread, goal)
    order = np.lexsort((postings.ids[candidates], -found))[:k]
    return list(zip(found[order].tolist(), candidates[order].tolist(), strict=True))


def _rows(postings: Postings, query: Sequence[QueryTerm]) -> list[_Row]:
    """Return the rows of the query's terms, those first that bound most for the postings they cost."""
    rows = []
    for term in query:
        if term.row >= 0:
            begin, end = postings.starts[term.row : term.row + 2].tolist()
            peak = term.weight * int(postings.term_peaks[term.row])
            tickets, impacts = postings.tickets[begin:end], postings.impacts[begin:end]
            rows.append(_Row(tickets, impacts, np.int32(term.weight), peak))
    return sorted(rows, key=lambda row: len(row.tickets) / row.peak)


def _read_first(rows: list[_Row], totals: Weights) -> tuple[list[_Row], list[_Row]]:
    """Read rows until there is enough to judge by; return the read and the unread ones."""
    done = 0
    for place, row in enumerate(rows):
        if done >= FIRST_READ:
            return rows[:place], rows[place:]
        row.add_to_all(totals)
        done += len(row.tickets)
    return rows, []


def _reachable(read: list[_Row], unread: list[_Row], totals: Weights, k: int) -> int:
    """Return a total that at least k tickets reach, or 1 where fewer than k were found."""
    probes = _promising(read, totals, k)
    found = totals[probes]
    for row in unread:
        row.add_to(probes, found)
    return max(1, _kth(found, k)) if len(found) >= k else 1


def _promising(read: list[_Row], totals: Weights, k: int) -> npt.NDArray[np.int32]:
    """Return some tickets of the most telling rows, in rising order, with large totals so far."""
    parts: list[npt.NDArray[np.int32]] = []
    while read[len(parts) :] and sum(map(len, parts)) < SAMPLED:
        row = read[len(parts)]
        parts.append(row.tickets[:: 1 + len(row.tickets) // SAMPLED])
    tickets = np.concatenate(parts)
    tickets = tickets[totals[tickets] > 0]
    wanted = max(PROBES, 2 * k)
    best = np.unique(_largest(tickets, totals, 2 * wanted))
    if len(best) < wanted // 2:
        # The same few tickets stand in many rows.
        best = np.sort(_largest(np.unique(tickets), totals, wanted))
    return best


def _largest(tickets: npt.NDArray[np.int32], totals: Weights, n: int) -> npt.NDArray[np.int32]:
    """Return the n tickets with the largest totals; ties may make it some more or leave some out."""
    if len(tickets) <= n:
        return tickets
    found = totals[tickets]
    return tickets[found >= _kth(found, n)][: 4 * n]


def _kth(values: Weights, k: int) -> int:
    """Return the k-th largest value, the smallest if there are fewer."""
    place = max(0, len(values) - k)
    return int(np.partition(values, place)[place])


def _read_until_few_can_win(
    unread: list[_Row], totals: Weights, goal: int, ticket_peaks: npt.NDArray[np.uint8]
) -> list[_Row]:
    """Read on until weighing what can still win is cheaper than reading; return the unread rows."""
    sampled_peaks = ticket_peaks[::SAMPLE_STEP] // BAND * BAND + np.int32(BAND - 1)
    sampled_totals = totals[::SAMPLE_STEP]
    for place, row in enumerate(unread):
        weight, peak = _open_bounds(unread[place:])
        bound = np.minimum(sampled_peaks * weight, peak)
        winners = SAMPLE_STEP * int(np.count_nonzero(sampled_totals + bound >= goal))
        if winners * LOOKUP_COST < len(row.tickets):
            return unread[place:]
        row.add_to_all(totals)
    return []


def _open_bounds(unread: list[_Row]) -> tuple[int, int]:
    """Return the most that unread rows add to a ticket: for each unit of its peak, and to any ticket."""
    return sum(int(row.weight) for row in unread), sum(row.peak for row in unread)


def _can_win(
    totals: Weights, unread: list[_Row], goal: int, ticket_peaks: npt.NDArray[np.uint8]
) -> npt.NDArray[np.int32]:
    """Return the tickets that may reach the goal with the unread rows, in rising order."""
    weight, peak = _open_bounds(unread)
    # Tickets are numbered by their peak. Above this peak, the bound on any ticket is the smaller one.
    highest = min(256, -(-peak // max(1, weight)))
    peaks = range(BAND, highest + BAND, BAND)
    ends = [*ticket_peaks.searchsorted(np.array(peaks, dtype=np.uint16)).tolist(), len(totals)]
    found = []
    begin = 0
    for past, end in zip([*peaks, 256], ends, strict=True):
        if begin < end:
            winners = (totals[begin:end] >= goal - min(peak, weight * (past - 1))).nonzero()[0]
            found.append(winners + begin)
            begin = end
    return np.concatenate(found).astype(np.int32)


def _weigh_fully(
    candidates: npt.NDArray[np.int32], totals: Weights, unread: list[_Row], goal: int
) -> tuple[npt.NDArray[np.int32], Weights]:
    """Add the unread rows to the candidates, dropping those that fall behind."""
    bound = sum(row.peak for row in unread)
    for row in sorted(unread, key=lambda row: -row.peak):
        row.add_to(candidates, totals)
        bound -= row.peak
        kept = totals >= goal - bound
        candidates, totals = candidates[kept], totals[kept]
    return candidates, totals
