"""The training texts themselves, to ask how near a new text is to what each intent was taught with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import sparse

from triage.core.learning.features import BLOCK_WEIGHTS, CHAR, PAIR, WORD, Floats, TextVector

_CHUNK = 256
_LISTS_AT_ONCE = 256
#: A feature in more than this share of the texts says nothing of nearness, and most of the work would be its.
COMMON_SHARE = 0.1
_RARELY = 20
_BLOCKS = (WORD, CHAR)
#: The blocks whose features a class has or has not met. Every class has met most letters.
_SPOKEN = (WORD, PAIR)

Labels = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint8]
Doubles = npt.NDArray[np.float64]


class Neighbours:
    """Training texts ordered by class, found by their words, their letters and, with an encoder, as wholes.

    Kept as one list of (text, weight) per feature, so that a query reads only its own features' lists.
    """

    def __init__(
        self,
        *,
        rows: npt.NDArray[np.integer],
        weights: npt.NDArray[np.floating],
        pointers: npt.NDArray[np.int64],
        class_starts: npt.NDArray[np.int64],
        unity: Floats,
        vocabulary: Bits,
        vectors: Floats,
        block_starts: tuple[int, ...],
    ) -> None:
        self.rows = rows
        self.weights = weights
        self.pointers = pointers
        self.class_starts = class_starts
        self.unity = unity
        self.vocabulary = vocabulary
        self.vectors = vectors
        self.block_starts = block_starts

    @property
    def n_texts(self) -> int:
        """Number of training texts."""
        return int(self.class_starts[-1])

    @classmethod
    def build(
        cls,
        matrix: sparse.csr_matrix,
        vectors: Floats,
        labels: Labels,
        n_classes: int,
        block_starts: tuple[int, ...],
    ) -> Neighbours:
        """Order the texts (rows) by class and turn their words into lists per feature."""
        order = np.argsort(labels, kind="stable")
        telling = without_common(matrix)
        columns = sparse.csc_matrix(telling[order])
        columns.sort_indices()
        kind = np.uint16 if len(labels) <= np.iinfo(np.uint16).max else np.int32
        sizes = np.bincount(labels, minlength=n_classes)
        return cls(
            rows=columns.indices.astype(kind),
            weights=columns.data.astype(np.float16),
            pointers=columns.indptr.astype(np.int64),
            class_starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            unity=class_unity(telling, vectors, labels, n_classes, block_starts),
            vocabulary=np.packbits(class_vocabulary(matrix, labels, n_classes, block_starts), axis=0),
            vectors=vectors[order],
            block_starts=block_starts,
        )

    def similarities(self, vector: TextVector, sentence: Floats) -> Floats:
        """Return how near one text is to every training text, by words, by letters and as a whole.

        Parameters
        ----------
        vector : TextVector
        sentence : ndarray of float32, shape (size,)
            The encoder's vector; of size 0 where there is no encoder.

        Returns
        -------
        ndarray of float32, shape (2 or 3, n_texts)
            Values in [0, 1]; first by words, second by character n-grams, each the cosine without what the
            common features add to it; third, with an encoder, the cosine of the sentences.
        """
        found = np.zeros((n_nearnesses(self.vectors), self.n_texts), dtype=np.float32)
        if sentence.size:
            found[-1] = np.maximum(self.vectors @ sentence, 0.0)
        for place, block in enumerate(_BLOCKS):
            low, high = self.block_starts[block], self.block_starts[block + 1]
            inside = (vector.ids >= low) & (vector.ids < high)
            summed = self._sums(vector.ids[inside], vector.values[inside])
            found[place] = summed / BLOCK_WEIGHTS[block] ** 2
        return np.minimum(found, 1.0)

    def shares(self, vector: TextVector, column: int) -> Floats:
        """Return how much of a text one class has met, as :func:`shares_in_class` does for many texts."""
        bits = self.vocabulary[column // 8] >> (7 - column % 8) & 1
        found = np.zeros(len(_SPOKEN), dtype=np.float32)
        for place, block in enumerate(_SPOKEN):
            low, high = self.block_starts[block], self.block_starts[block + 1]
            inside = (vector.ids >= low) & (vector.ids < high)
            met = vector.values[inside] * bits[vector.ids[inside]]
            found[place] = float(met @ met) / BLOCK_WEIGHTS[block] ** 2
        return found

    def _sums(self, ids: npt.NDArray[np.int32], values: Floats) -> Doubles:
        """Add up each text's products with some features, a few lists at a time: small arrays stay in the cache."""
        total = np.zeros(self.n_texts)
        for start in range(0, ids.size, _LISTS_AT_ONCE):
            part = ids[start : start + _LISTS_AT_ONCE]
            first, last = self.pointers[part], self.pointers[part + 1]
            spans = [slice(a, b) for a, b in zip(first.tolist(), last.tolist(), strict=True)]
            rows = np.concatenate([self.rows[span] for span in spans])
            weights = np.concatenate([self.weights[span] for span in spans]).astype(np.float32)
            weights *= np.repeat(values[start : start + _LISTS_AT_ONCE], last - first)
            # numpy's own conversion, in bincount, costs four times as much as the counting
            total += np.bincount(rows.astype(np.int64), weights.astype(np.float64), self.n_texts)
        return total


def n_nearnesses(vectors: Floats) -> int:
    """Return in how many ways texts are compared: by words and letters, and by vectors where there are any."""
    return len(_BLOCKS) + int(vectors.shape[1] > 0)


def without_common(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Drop the entries of features that :data:`COMMON_SHARE` of the texts have."""
    counts = np.bincount(matrix.indices, minlength=matrix.shape[1])
    rare = counts <= max(COMMON_SHARE * matrix.shape[0], _RARELY)
    kept = sparse.csr_matrix(matrix @ sparse.diags_array(rare.astype(np.float32)))
    kept.eliminate_zeros()
    return kept


def similarity_chunks(
    queries: tuple[sparse.csr_matrix, Floats],
    texts: tuple[sparse.csr_matrix, Floats],
    block_starts: tuple[int, ...],
) -> Iterator[tuple[slice, Floats]]:
    """Compare many texts with many training texts, some hundred at a time.

    Parameters
    ----------
    queries, texts : tuple of csr_matrix and ndarray
        Their words and their vectors, as rows.
    block_starts : tuple of int

    Yields
    ------
    slice, ndarray of float32, shape (2 or 3, n_queries_in_chunk, n_texts)
        Nearness as :meth:`Neighbours.similarities` gives it for one text.
    """
    words, vectors = queries
    taught, taught_vectors = texts
    halves = []
    for block in _BLOCKS:
        span = slice(block_starts[block], block_starts[block + 1])
        halves.append((words[:, span], sparse.csr_matrix(taught[:, span].T), BLOCK_WEIGHTS[block] ** 2))
    for start in range(0, words.shape[0], _CHUNK):
        rows = slice(start, min(start + _CHUNK, words.shape[0]))
        dense = [np.asarray((q[rows] @ t).todense(), dtype=np.float32) / w for q, t, w in halves]
        if vectors.shape[1]:
            dense.append(np.maximum(vectors[rows] @ taught_vectors.T, 0.0))
        yield rows, np.minimum(np.stack(dense), 1.0)


def _class_sums(matrix: sparse.csr_matrix, labels: Labels, n_classes: int) -> sparse.csr_matrix:
    members = sparse.csr_matrix(
        (np.ones(len(labels), dtype=np.float32), (labels, np.arange(len(labels)))),
        shape=(n_classes, len(labels)),
    )
    return sparse.csr_matrix(members @ matrix)


def class_unity(
    matrix: sparse.csr_matrix, vectors: Floats, labels: Labels, n_classes: int, block_starts: tuple[int, ...]
) -> Floats:
    """Return how alike the texts of each class are: the length of their mean, shape (2 or 3, n_classes)."""
    sums = _class_sums(matrix, labels, n_classes)
    sizes = np.maximum(np.bincount(labels, minlength=n_classes), 1)
    found = []
    for block in _BLOCKS:
        part = sums[:, block_starts[block] : block_starts[block + 1]]
        length = np.sqrt(np.asarray(part.multiply(part).sum(axis=1)).ravel())
        found.append(length / sizes / BLOCK_WEIGHTS[block])
    if vectors.shape[1]:
        totals = np.zeros((n_classes, vectors.shape[1]), dtype=np.float64)
        np.add.at(totals, labels, vectors)
        found.append(np.linalg.norm(totals, axis=1) / sizes)
    return np.asarray(found, dtype=np.float32)


def class_vocabulary(
    matrix: sparse.csr_matrix, labels: Labels, n_classes: int, block_starts: tuple[int, ...]
) -> Bits:
    """Return which words and pairs occur in the texts of each class: 0 or 1, shape (n_classes, n_spoken)."""
    spoken = matrix[:, : block_starts[_SPOKEN[-1] + 1]]
    return np.asarray(_class_sums(spoken, labels, n_classes).toarray() > 0, dtype=np.uint8)


def shares_in_class(
    queries: sparse.csr_matrix, columns: Labels, vocabulary: Bits, block_starts: tuple[int, ...]
) -> Floats:
    """Return how much of each text the texts of its best class have in common with it.

    Parameters
    ----------
    queries : csr_matrix, shape (n_texts, n_features)
    columns : ndarray of int, shape (n_texts,)
        The class of interest for each text.
    vocabulary : ndarray
        From :func:`class_vocabulary`.

    Returns
    -------
    ndarray of float32, shape (2, n_texts)
        Share of the squared weight of its words and neighbours, and of its pairs, in [0, 1].
    """
    found = np.zeros((len(_SPOKEN), queries.shape[0]), dtype=np.float32)
    for place, block in enumerate(_SPOKEN):
        span = slice(block_starts[block], block_starts[block + 1])
        squares = queries[:, span].power(2)
        for column in np.unique(columns):
            rows = np.flatnonzero(columns == column)
            met = squares[rows] @ vocabulary[column, span].astype(np.float32)
            found[place, rows] = met / BLOCK_WEIGHTS[block] ** 2
    return found
