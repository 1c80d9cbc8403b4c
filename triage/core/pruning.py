"""Exact top-k over postings."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from triage.core.postings import Postings
from triage.core.ranking import QueryTerm


def best_numbers(
    postings: Postings, query: Sequence[QueryTerm], k: int, hidden: Collection[int]
) -> list[tuple[int, int]]:
    """Return (weight, ticket number) of the k best tickets, best first, ties by number."""
    totals = np.zeros(len(postings.ids), dtype=np.int32)
    for term in query:
        place = postings.place_of_term(term.key)
        if place is not None:
            row = slice(int(postings.starts[place]), int(postings.starts[place + 1]))
            totals[postings.tickets[row]] += postings.impacts[row] * np.int32(term.weight)
    totals[list(hidden)] = 0
    found = np.flatnonzero(totals)
    order = np.lexsort((found, -totals[found]))[:k]
    return [(int(totals[number]), number) for number in found[order].tolist()]
