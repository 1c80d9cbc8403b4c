"""How much a term weighs in a ticket and in a query: BM25 in whole numbers.

Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with one
change: the length that a ticket is measured against is a constant, not the mean of the collection. So a
ticket weighs the same whether it was indexed a year ago or a second ago, alone or among a million others.

Weights are whole numbers (impacts, as in Anh and Moffat, "Pruned query evaluation using pre-computed
impacts", 2006). Sums of them are exact and do not depend on their order: the fast search and the plain
one agree to the last digit.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from triage.core.terms import terms

#: BM25's saturation of repeated terms and its penalty on length.
SATURATION = 1.2
LENGTH_PENALTY = 0.75
#: Terms of a ticket that counts as neither short nor long.
REFERENCE_LENGTH = 20
#: An impact is a whole number from 1 to this, so it fits one byte.
LARGEST_IMPACT = 255
#: Steps of a query weight for one unit of inverse document frequency.
WEIGHT_STEPS = 64
#: A query is cut to its heaviest terms: beyond them a pasted log file only adds cost.
MOST_QUERY_TERMS = 32
#: A repeated term counts at most this often in a query.
MOST_REPEATS = 8

Impacts = npt.NDArray[np.uint8]


def term_key(term: str) -> int:
    """Return the 64-bit number that stands for a term in the index."""
    return int.from_bytes(blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def impacts(repeats: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> Impacts:
    """Weigh terms inside their tickets.

    Parameters
    ----------
    repeats : ndarray of int64, shape (n,)
        How often each term occurs in its ticket, at least 1.
    lengths : ndarray of int64, shape (n,)
        How many terms that ticket has, repeats counted.

    Returns
    -------
    ndarray of uint8, shape (n,)
        From 1 to `LARGEST_IMPACT`.
    """
    slope = LENGTH_PENALTY / REFERENCE_LENGTH
    share = repeats / (repeats + SATURATION * (1 - LENGTH_PENALTY + slope * lengths))
    return np.maximum(1, np.rint(share * LARGEST_IMPACT)).astype(np.uint8)


def inverse_frequency(tickets: int, frequency: int) -> float:
    """Return BM25's inverse document frequency of a term that ``frequency`` of ``tickets`` contain."""
    frequency = min(frequency, tickets)
    return math.log1p((tickets - frequency + 0.5) / (frequency + 0.5))


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """A term of a query. ``weight`` multiplies the impact the term has in a ticket."""

    key: int
    repeats: int
    weight: int
    own_impact: int


def weigh_query(counts: Counter[int], frequencies: dict[int, int], tickets: int) -> list[QueryTerm]:
    """Give the terms of a query their weights and keep the heaviest.

    Parameters
    ----------
    counts : Counter of int
        Repeats of each term key in the query.
    frequencies : dict of int to int
        Number of tickets that contain the term.
    tickets : int
        Number of tickets in the collection.

    Returns
    -------
    list of QueryTerm
        At most `MOST_QUERY_TERMS`, heaviest first, ties by key.
    """
    total = np.full(len(counts), counts.total(), dtype=np.int64)
    own = impacts(np.fromiter(counts.values(), dtype=np.int64, count=len(counts)), total)
    weighed = []
    for (key, repeats), impact in zip(counts.items(), own.tolist(), strict=True):
        rarity = inverse_frequency(tickets, frequencies[key])
        weight = max(1, round(WEIGHT_STEPS * rarity * min(repeats, MOST_REPEATS)))
        weighed.append(QueryTerm(key, repeats, weight, impact))
    weighed.sort(key=lambda term: (-term.weight, term.key))
    return weighed[:MOST_QUERY_TERMS]


def count_keys(text: str) -> Counter[int]:
    """Count the term keys of a text."""
    return Counter({term_key(term): repeats for term, repeats in Counter(terms(text)).items()})
