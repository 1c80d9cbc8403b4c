"""How much a term weighs in a ticket and in a query: BM25 in whole numbers.

Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with one
change: the length that a ticket is measured against is a constant, not the mean of the collection. So a
ticket weighs the same whether it was indexed a year ago or a second ago, alone or among a million others.

Weights are whole numbers (impacts, as in Anh and Moffat, "Pruned query evaluation using pre-computed
impacts", 2006). Sums of them are exact and do not depend on their order: the fast search and the plain
one agree to the last digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from triage.core.terms import Tokeniser, count_terms, words

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
MOST_QUERY_TERMS = 16
#: A repeated term counts at most this often in a query.
MOST_REPEATS = 8

Impacts = npt.NDArray[np.uint8]


@lru_cache(maxsize=65536)
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


def rarity(tickets: int, frequencies: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return BM25's inverse document frequency of terms that so many of ``tickets`` contain."""
    return np.log1p((tickets - frequencies + 0.5) / (frequencies + 0.5))


class QueryTerm(NamedTuple):
    """A term of a query. ``weight`` multiplies the impact the term has in a ticket.

    ``row`` is the term's row in the stored index, -1 where only recent tickets contain it.
    """

    key: int
    weight: int
    row: int


@dataclass(frozen=True, slots=True)
class Query:
    """The known terms that rank tickets, and the weight of a ticket with the same words."""

    terms: tuple[QueryTerm, ...]
    whole: int


def weigh_query(
    counts: Mapping[int, int],
    rows: npt.NDArray[np.int64],
    frequencies: npt.NDArray[np.int64],
    tickets: int,
) -> Query:
    """Give the terms of a query their weights and keep the heaviest.

    Parameters
    ----------
    counts : mapping of int to int
        Repeats of each term key in the query.
    rows, frequencies : ndarray of int64, in the order of ``counts``
        Row of the term in the stored index; number of tickets that contain it.
    tickets : int
        Number of tickets in the collection.

    Returns
    -------
    Query
        With the `MOST_QUERY_TERMS` heaviest terms that some ticket contains. Words that no ticket contains
        rank nothing, but count in ``whole`` among the heaviest.
    """
    keys = np.fromiter(counts.keys(), dtype=np.uint64, count=len(counts))
    repeats = np.minimum(np.fromiter(counts.values(), dtype=np.int64, count=len(counts)), MOST_REPEATS)
    weights = np.maximum(1, np.rint(WEIGHT_STEPS * rarity(tickets, frequencies) * repeats)).astype(np.int64)
    order = np.lexsort((keys, -weights))
    heaviest = order[:MOST_QUERY_TERMS]
    whole = int(weights[heaviest] @ impacts_of(counts)[heaviest].astype(np.int64))
    known = order[frequencies[order] > 0][:MOST_QUERY_TERMS]
    columns = (keys[known].tolist(), weights[known].tolist(), rows[known].tolist())
    return Query(tuple(map(QueryTerm._make, zip(*columns, strict=True))), whole)


def impacts_of(counts: Mapping[int, int]) -> Impacts:
    """Return the impacts of one text's terms, in the order of ``counts``."""
    repeats = np.fromiter(counts.values(), dtype=np.int64, count=len(counts))
    return impacts(repeats, np.full(len(counts), repeats.sum(), dtype=np.int64))


def count_keys(text: str, split: Tokeniser = words) -> dict[int, int]:
    """Count the term keys of a text, as the tokeniser of the index splits it."""
    return {term_key(term): repeats for term, repeats in count_terms(text, split).items()}
