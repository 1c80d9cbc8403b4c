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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from triage.core.terms import count_terms

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
MOST_QUERY_TERMS = 24
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
    """A term of a query. ``weight`` multiplies the impact the term has in a ticket.

    ``place`` is the term's row in the stored index, None where only recent tickets contain it.
    """

    key: int
    weight: int
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """The known terms that rank tickets, and the weight of a ticket with the same words."""

    terms: tuple[QueryTerm, ...]
    whole: int


def weigh_query(
    counts: Mapping[int, int], places: Sequence[int | None], frequencies: Sequence[int], tickets: int
) -> Query:
    """Give the terms of a query their weights and keep the heaviest.

    Parameters
    ----------
    counts : mapping of int to int
        Repeats of each term key in the query.
    places, frequencies : sequence, in the order of ``counts``
        Row of the term in the stored index; number of tickets that contain it.
    tickets : int
        Number of tickets in the collection.

    Returns
    -------
    Query
        With the `MOST_QUERY_TERMS` heaviest terms that some ticket contains. Words that no ticket contains
        rank nothing, but count in ``whole`` among the heaviest.
    """
    own = impacts_of(counts)
    weighed = []
    for (key, repeats), impact, place, frequency in zip(
        counts.items(), own.tolist(), places, frequencies, strict=True
    ):
        rarity = inverse_frequency(tickets, frequency)
        weight = max(1, round(WEIGHT_STEPS * rarity * min(repeats, MOST_REPEATS)))
        weighed.append((-weight, key, impact, place, frequency))
    weighed.sort(key=lambda entry: entry[:2])
    whole = sum(-weight * impact for weight, _, impact, _, _ in weighed[:MOST_QUERY_TERMS])
    known = [QueryTerm(key, -weight, place) for weight, key, _, place, frequency in weighed if frequency]
    return Query(tuple(known[:MOST_QUERY_TERMS]), whole)


def impacts_of(counts: Mapping[int, int]) -> Impacts:
    """Return the impacts of one text's terms, in the order of ``counts``."""
    repeats = np.fromiter(counts.values(), dtype=np.int64, count=len(counts))
    return impacts(repeats, np.full(len(counts), repeats.sum(), dtype=np.int64))


def count_keys(text: str) -> dict[int, int]:
    """Count the term keys of a text."""
    return {term_key(term): repeats for term, repeats in count_terms(text).items()}
