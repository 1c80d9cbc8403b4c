"""Reads many texts at once for training: the same features as one text at a time has, as whole arrays.

A word or a pair is one number, in the order of the names: stems are numbered as they sort, and the blank between two
of them sorts before any sign that a stem can have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import sparse

from triage.core.terms import BUILDING_WORDS, stem

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Counted:
    """How often each text has each of some features.

    Attributes
    ----------
    keys : ndarray of int, sorted
        The number of each feature.
    table : csr_matrix of float32, shape (n_texts, n_features)
    """

    keys: Ints
    table: sparse.csr_matrix

    def met(self) -> Ints:
        """Return how many texts have each feature."""
        return np.bincount(self.table.indices, minlength=len(self.keys))

    def at_least(self, least: int) -> Counted:
        """Keep the features that so many texts have."""
        wanted = self.met() >= least
        return Counted(self.keys[wanted], sparse.csr_matrix(self.table[:, wanted]))


@dataclass(frozen=True, slots=True)
class Found:
    """Features where they stand: the number of each, and of its text."""

    keys: Ints
    texts: Ints
    n_texts: int

    def counted(self) -> Counted:
        different, columns = np.unique(self.keys, return_inverse=True)
        return Counted(different, self._table(self.texts, columns, len(different)))

    def counted_as(self, keys: Ints) -> sparse.csr_matrix:
        """Count those of the given features, sorted, as ``table`` of :class:`Counted`."""
        at = np.searchsorted(keys, self.keys)
        at[at == len(keys)] = 0
        known = keys[at] == self.keys if len(keys) else np.zeros(len(at), dtype=np.bool_)
        return self._table(self.texts[known], at[known], len(keys))

    def _table(self, texts: Ints, columns: Ints, n_columns: int) -> sparse.csr_matrix:
        ones = np.ones(len(texts), dtype=np.float32)
        return sparse.csr_matrix((ones, (texts, columns)), shape=(self.n_texts, n_columns))


@dataclass(frozen=True, slots=True)
class Told:
    """The words of many texts, one behind the other.

    Attributes
    ----------
    words, stems : list of str
        Each once; the stems sorted.
    word_at, stem_at, text_at : ndarray of int, shape (n_words_told,)
        Of each word told: its number, its stem's, its text's.
    n_texts : int
    """

    words: list[str]
    stems: list[str]
    word_at: Ints
    stem_at: Ints
    text_at: Ints
    n_texts: int

    @classmethod
    def of(cls, told: Sequence[Sequence[str]]) -> Told:
        """Number the words of some texts."""
        numbers: dict[str, int] = {}
        word_at = np.asarray([numbers.setdefault(w, len(numbers)) for words in told for w in words], np.int64)
        stem_of = [stem(word) for word in numbers]
        stems = sorted(set(stem_of))
        places = {name: number for number, name in enumerate(stems)}
        stem_at = np.asarray([places[name] for name in stem_of], np.int64)[word_at]
        text_at = np.repeat(np.arange(len(told)), [len(words) for words in told])
        return cls([*numbers], stems, word_at, stem_at, text_at, len(told))

    def meaning(self, meant: Mapping[str, str], *, slip_letters: int, most: int) -> Told:
        """Read unknown stems as what they mean, the first ``most`` of each text that have so many letters.

        Parameters
        ----------
        meant : mapping
            What each unknown stem means, be it the stem itself; any stem that is missing is known.
        """
        unknown = np.asarray([name in meant and len(name) >= slip_letters for name in self.stems], np.bool_)
        places = {name: number for number, name in enumerate(self.stems)}
        means = np.asarray([places[meant.get(name, name)] for name in self.stems], np.int64)
        slips = np.flatnonzero(unknown[self.stem_at])
        texts = self.text_at[slips]
        within = np.arange(len(slips)) - np.searchsorted(texts, texts)
        looked_at = slips[within < most]
        stem_at = self.stem_at.copy()
        stem_at[looked_at] = means[stem_at[looked_at]]
        return replace(self, stem_at=stem_at)

    def found_words(self) -> Found:
        """Find the words and the neighbours."""
        at = self._numbers()
        beside = self.text_at[:-1] == self.text_at[1:]
        both = at[:-1] * self._base + at[1:]
        return self._found([at * self._base, both[beside]], [self.text_at, self.text_at[:-1][beside]])

    def found_pairs(self, reach: int) -> Found:
        """Find the telling words, and the pairs in reach of which at least one is telling, whatever their order."""
        at, text = self._numbers(), self.text_at
        tells = np.asarray([word not in BUILDING_WORDS for word in self.words], np.bool_)[self.word_at]
        keys, texts = [at[tells] * self._base], [text[tells]]
        for apart in range(1, reach + 1):
            left, right = at[:-apart], at[apart:]
            pairs = (text[:-apart] == text[apart:]) & (tells[:-apart] | tells[apart:])
            keys.append((np.minimum(left, right) * self._base + np.maximum(left, right))[pairs])
            texts.append(text[:-apart][pairs])
        return self._found(keys, texts)

    def counted_pieces(self, cut: Callable[[str], list[str]]) -> tuple[list[str], Counted]:
        """Count the pieces that ``cut`` makes of each word; and name them, sorted."""
        pieces = [cut(word) for word in self.words]
        names = sorted({piece for of_word in pieces for piece in of_word})
        places = {name: number for number, name in enumerate(names)}
        columns = np.asarray([places[piece] for of_word in pieces for piece in of_word], np.int64)
        words = np.repeat(np.arange(len(pieces)), [len(of_word) for of_word in pieces])
        by_word = Found(columns, words, len(pieces)).counted_as(np.arange(len(names)))
        told = Found(self.word_at, self.text_at, self.n_texts).counted_as(np.arange(len(self.words)))
        table = sparse.csr_matrix(told @ by_word)
        table.sort_indices()
        return names, Counted(np.arange(len(names)), table)

    def named(self, keys: Ints) -> list[str]:
        """Name words and pairs."""
        left, right = (keys // self._base - 1).tolist(), (keys % self._base - 1).tolist()
        stems = self.stems
        return [stems[i] if j < 0 else f"{stems[i]} {stems[j]}" for i, j in zip(left, right, strict=True)]

    def spelled(self) -> list[list[str]]:
        """Return the stems of each text."""
        names = [self.stems[at] for at in self.stem_at.tolist()]
        ends = np.searchsorted(self.text_at, np.arange(self.n_texts + 1)).tolist()
        return [names[begin:end] for begin, end in pairwise(ends)]

    @property
    def _base(self) -> int:
        return len(self.stems) + 1

    def _numbers(self) -> Ints:
        """The stems of the words told, counted from 1: 0 is none."""
        return self.stem_at + 1

    def _found(self, keys: Sequence[Ints], texts: Sequence[Ints]) -> Found:
        return Found(np.concatenate(keys), np.concatenate(texts), self.n_texts)


def weighed(counts: sparse.csr_matrix, idf: npt.NDArray[np.float32], weight: float) -> sparse.csr_matrix:
    """Sublinear counts times rarity; every row that has any is of length ``weight``."""
    weights = counts.astype(np.float32)
    weights.data = (1 + np.log(weights.data)) * idf[weights.indices]
    length = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    factor = np.divide(weight, length, out=np.zeros_like(length), where=length > 0)
    return sparse.csr_matrix(sparse.diags_array(factor.astype(np.float32)) @ weights)
