"""Turns a text into weighted word, word-pair and character n-grams, one text at a time and fast.

Character n-grams never cross a word, so those of a word depend on the word alone and are looked up
once per distinct word. Every feature belongs to one word or one pair of words: that is what lets the
explanation of a decision speak in words although most of the weight may sit in letters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise

import numpy as np
import numpy.typing as npt
from scipy import sparse

from triage.core.errors import ArtefactError, TrainingError
from triage.core.learning.told import Found, Told, weighed
from triage.core.terms import BUILDING_WORDS, LONGEST_TERM, LONGEST_TEXT, find_words, placed_words, stem

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

#: Longer texts are cut: no question needs more, and a hostile text must stay cheap. Of 40,000 tickets of a help
#: desk one in 270 has more words; their queue is found as often as with 600 words.
MAX_WORDS = 400

WORD, PAIR, CHAR = 0, 1, 2
#: How much each block may say; each block's vector has this length before all are joined.
BLOCK_WEIGHTS = (1.0, 1.0, 1.0)
#: Two words up to this many places apart make a pair, whatever their order.
PAIR_REACH = 10
CHAR_SIZES = (3, 4, 5)
_CACHED_WORDS = 50_000
#: An unknown word of so many letters and one slip away from a word that so many texts have is read as that word.
SLIP_LETTERS = 5
SLIP_TEXTS = 5
#: So many unknown words of a text are looked at: each costs some 50 µs.
MOST_SLIPS = 40
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def words_of(text: str) -> list[str]:
    """Return the lower-cased, accent-folded words of ``text``, digits as zeros.

    A number keeps its length (up to six) and loses its value: an order number says "an order number
    stands here", not which one.
    """
    return [_shortened(word.group()) for word in islice(find_words(text), MAX_WORDS)]


def reads_whole(text: str) -> bool:
    """Say whether :func:`words_of` reads a text to its end."""
    return len(text) <= LONGEST_TEXT and next(islice(find_words(text), MAX_WORDS, None), None) is None


def word_spans(text: str) -> list[tuple[int, int, str]]:
    """Return the words of :func:`words_of`, each with the place of its first character in ``text`` and the one behind its last."""
    return [(begin, end, _shortened(word)) for begin, end, word in islice(placed_words(text), MAX_WORDS)]


def _shortened(word: str) -> str:
    return "0" * min(len(word), 6) if word[0].isdigit() else word[:LONGEST_TERM]


def _char_grams(word: str) -> list[str]:
    padded = f" {word} "
    return [padded[i : i + n] for n in CHAR_SIZES for i in range(max(len(padded) - n + 1, 1))]


#: A feature's name in its block, and the places of the first and the last word of the text that it stands for.
_Named = tuple[str, int, int]
#: The same with the feature's column.
_Use = tuple[int, int, int]


def _word_terms(stems: Sequence[str], places: Sequence[int]) -> Iterator[_Named]:
    """Name the words and neighbours, among the words at some places."""
    yield from ((stems[i], i, i) for i in places)
    yield from ((f"{stems[i]} {stems[j]}", i, j) for i, j in pairwise(places) if j == i + 1)


def _pair_terms(words: Sequence[str], stems: Sequence[str], places: Sequence[int]) -> Iterator[_Named]:
    """Name the telling words, and the pairs in reach of which at least one is telling, in the order of names."""
    telling = [words[i] not in BUILDING_WORDS for i in places]
    known = [(stems[i], i, tells) for i, tells in zip(places, telling, strict=True)]
    yield from ((name, i, i) for name, i, tells in known if tells)
    for at, (left, i, tells) in enumerate(known, 1):
        for right, j, tells_too in known[at : at + PAIR_REACH]:
            if j - i > PAIR_REACH:
                break
            if tells or tells_too:
                yield f"{left} {right}" if left <= right else f"{right} {left}", i, j


def _spoken(told: Told) -> tuple[Found, Found]:
    """What the block of words and the block of pairs count."""
    return told.found_words(), told.found_pairs(PAIR_REACH)


def one_slip_away(word: str) -> Iterator[str]:
    """Every word that one slip of the fingers behind the first letter makes of ``word``.

    A letter left out, doubled up or wrong, or two letters in each other's place (Damerau 1964).
    """
    parts = [(word[:at], word[at:]) for at in range(1, len(word) + 1)]
    yield from (before + after[1:] for before, after in parts if after)
    yield from (before + after[1] + after[0] + after[2:] for before, after in parts if len(after) > 1)
    for before, after in parts:
        yield from (before + letter + after for letter in _LETTERS)
        if after:
            yield from (before + letter + after[1:] for letter in _LETTERS)


@dataclass(frozen=True, slots=True)
class Spoken:
    """The words of a text, their stems as they are meant, and the places where the known words and pairs stand."""

    words: list[str]
    stems: list[str]
    uses: tuple[list[_Use], list[_Use]]


@dataclass(frozen=True, slots=True)
class TextVector:
    """One text as features.

    Attributes
    ----------
    ids : ndarray of int32, shape (n,)
        Columns of the known features.
    values : ndarray of float32, shape (n,)
        Their weights; each block of features has its own fixed length.
    known : float
        Share of the text's words, weighted by rarity, that training has seen, in [0, 1].
    n_words : int
        Number of words in the text.
    n_met : int
        Number of different words in it, numbers apart, that training has seen; 0 where all of them only say
        how a sentence is built.
    """

    ids: Ints
    values: Floats
    known: float
    n_words: int
    n_met: int


class Vectoriser:
    """TF-IDF over words and neighbours, word pairs and letters, each block of unit length.

    Parameters
    ----------
    min_count : int
        A feature must occur in this many training texts to be kept.
    forgiving : bool
        Whether an unknown word that is one slip of the fingers away from a usual one is read as that.

    Notes
    -----
    Sublinear term frequency and smoothed inverse document frequency as in Salton & Buckley, "Term-weighting
    approaches in automatic text retrieval", 1988.
    """

    def __init__(self, *, min_count: int = 1, forgiving: bool = True) -> None:
        self.min_count = min_count
        self.forgiving = forgiving

    def fit(self, texts: Sequence[str]) -> Vectoriser:
        """Learn the vocabulary and the rarity of each feature from ``texts``."""
        self.fit_read(texts)
        return self

    def fit_read(self, texts: Sequence[str]) -> tuple[sparse.csr_matrix, list[list[str]]]:
        """Learn as :meth:`fit` does, and return :meth:`matrix` and stems of the same texts, at a fifth of the work.

        Returns
        -------
        csr_matrix of float32, shape (n_texts, n_features)
            What :meth:`vector` gives for each text.
        list of list of str
            The stems of each, slips read as what was meant.
        """
        told = Told.of([words_of(text) for text in texts])
        words, pairs = (one.counted().at_least(self.min_count) for one in _spoken(told))
        if not words.keys.size:
            raise TrainingError("No word occurs in the training texts; give examples with words in them.")
        grams, letters = told.counted_pieces(_char_grams)
        common = letters.at_least(self.min_count)
        frequency = np.concatenate([one.met() for one in (words, pairs, common)])
        idf = (np.log((1 + len(texts)) / (1 + frequency)) + 1).astype(np.float32)
        names = [told.named(words.keys), told.named(pairs.keys), [grams[at] for at in common.keys]]
        self._assign(names, idf, float(np.log(1 + len(texts)) + 1))
        if self.forgiving:
            told = told.meaning(self._slips(told.stems), slip_letters=SLIP_LETTERS, most=MOST_SLIPS)
        kept = [found.counted_as(one.keys) for found, one in zip(_spoken(told), (words, pairs), strict=True)]
        blocks = [
            weighed(table, idf[low:high], weight)
            for table, (low, high), weight in zip(
                [*kept, common.table], pairwise(self.starts_), BLOCK_WEIGHTS, strict=True
            )
        ]
        matrix = sparse.csr_matrix(sparse.hstack(blocks))
        matrix.sort_indices()
        return matrix, told.spelled()

    def _slips(self, stems: Sequence[str]) -> dict[str, str]:
        """What each unknown stem means that is long enough to be a slip; the others mean themselves."""
        known = self.vocabulary_[WORD]
        return {
            name: self._meant_by(name) if len(name) >= SLIP_LETTERS else name
            for name in stems
            if name not in known
        }

    def _assign(self, kept: Sequence[Sequence[str]], idf: Floats, unknown_idf: float) -> Vectoriser:
        sizes = [len(terms) for terms in kept]
        self.starts_ = (0, sizes[0], sizes[0] + sizes[1], sum(sizes))
        self.vocabulary_ = tuple(
            {term: start + i for i, term in enumerate(terms)}
            for start, terms in zip(self.starts_, kept, strict=False)
        )
        self.idf_ = idf
        self.unknown_idf_ = unknown_idf
        self._grams_of: dict[str, tuple[int, ...]] = {}
        self._meant: dict[str, str] = {}
        n_texts = np.exp(unknown_idf - 1) - 1
        self._usual_idf = float(np.log((1 + n_texts) / (1 + SLIP_TEXTS)) + 1)
        return self

    def stems(self, words: Sequence[str]) -> list[str]:
        """Return the stems of words; those of slips are the stems that were meant."""
        found = [stem(word) for word in words]
        if not self.forgiving:
            return found
        known = self.vocabulary_[WORD]
        slips = (at for at, name in enumerate(found) if name not in known and len(name) >= SLIP_LETTERS)
        for at in islice(slips, MOST_SLIPS):
            found[at] = self._meant_by(found[at])
        return found

    def _meant_by(self, name: str) -> str:
        """The most usual stem that is one slip away, or the stem itself."""
        meant = self._meant.get(name)
        if meant is None:
            known, rarity = self.vocabulary_[WORD], self.idf_
            near = {other for other in one_slip_away(name) if other in known} if name.isalpha() else set()
            usual = [(float(rarity[known[other]]), other) for other in near]
            rarest, best = min(usual, default=(np.inf, name))
            meant = best if rarest <= self._usual_idf else name
            if len(self._meant) >= _CACHED_WORDS:
                self._meant.clear()
            self._meant[name] = meant
        return meant

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return self.starts_[-1]

    def grams(self, word: str) -> tuple[int, ...]:
        """Return the columns of the known character n-grams of ``word``."""
        found = self._grams_of.get(word)
        if found is None:
            known = self.vocabulary_[CHAR]
            found = tuple(known[g] for g in _char_grams(word) if g in known)
            if len(self._grams_of) >= _CACHED_WORDS:
                self._grams_of.clear()
            self._grams_of[word] = found
        return found

    def vector(self, text: str) -> TextVector:
        """Turn one text into its features."""
        return self.weigh(self.find(text))

    def find(self, text: str) -> Spoken:
        """Find the words of a text and what of them is known. Where a word was never met, no pair with it was."""
        known_words, known_pairs = self.vocabulary_[WORD], self.vocabulary_[PAIR]
        words = words_of(text)
        stems = self.stems(words)
        places = [i for i, name in enumerate(stems) if name in known_words]
        named = _word_terms(stems, places), _pair_terms(words, stems, places)
        spoken = [(known_words[name], i, j) for name, i, j in named[0] if name in known_words]
        pairs = [(known_pairs[name], i, j) for name, i, j in named[1] if name in known_pairs]
        return Spoken(words, stems, (spoken, pairs))

    def weigh(self, spoken: Spoken) -> TextVector:
        """Give what was found in a text its weights."""
        grams = [gram for word in spoken.words for gram in self.grams(word)]
        found = *([column for column, _, _ in uses] for uses in spoken.uses), grams
        parts = [self._weigh(ids, weight) for ids, weight in zip(found, BLOCK_WEIGHTS, strict=True)]
        return TextVector(
            ids=np.concatenate([ids for ids, _ in parts]),
            values=np.concatenate([values for _, values in parts]),
            known=self._known_share(spoken.stems),
            n_words=len(spoken.words),
            n_met=self._count_met(spoken),
        )

    def _count_met(self, spoken: Spoken) -> int:
        named = zip(spoken.words, spoken.stems, strict=True)
        met = {
            name: name if name in BUILDING_WORDS else word  # what a slip means may only build, too
            for word, name in named
            if name.isalpha() and name in self.vocabulary_[WORD]
        }
        return 0 if BUILDING_WORDS.issuperset(met.values()) else len(met)

    def _weigh(self, found: list[int], weight: float) -> tuple[Ints, Floats]:
        counts = Counter(found)
        ids = np.fromiter(counts.keys(), dtype=np.int32, count=len(counts))
        frequency = np.fromiter(counts.values(), dtype=np.float32, count=len(counts))
        values = (1 + np.log(frequency)) * self.idf_[ids]
        length = float(np.sqrt(values @ values))
        return ids, (values * (weight / length) if length else values).astype(np.float32)

    def attribute(self, spoken: Spoken, ids: Ints, shares: Floats) -> dict[str, float]:
        """Add up what each readable term of a text contributed.

        Parameters
        ----------
        spoken : Spoken
            From :meth:`find`.
        ids : ndarray of int32, shape (n,)
            The text's columns, as in its :class:`TextVector`.
        shares : ndarray of float32, shape (n,)
            What each column contributed to some sum.

        Returns
        -------
        dict of str to float
            Contribution of each word (with its letters) and each pair of words; they add up to the whole.
        """
        words = spoken.words
        labels: dict[str, int] = {}
        columns: list[int] = []
        owners: list[int] = []
        for column, i, j in chain(*spoken.uses):
            columns.append(column)
            owners.append(labels.setdefault(words[i] if i == j else f"{words[i]} {words[j]}", len(labels)))
        for word in words:
            if grams := self.grams(word):
                columns += grams
                owners += [labels.setdefault(word, len(labels))] * len(grams)
        order = np.argsort(ids)
        at = order[np.searchsorted(ids, np.asarray(columns, dtype=np.int32), sorter=order)]
        parts = shares[at].astype(np.float64) / np.bincount(at)[at]
        sums = np.bincount(np.asarray(owners, dtype=np.int64), weights=parts, minlength=len(labels))
        return dict(zip(labels, sums.tolist(), strict=True))

    def _known_share(self, stems: Sequence[str]) -> float:
        known, total = 0.0, 0.0
        for name in stems:
            column = self.vocabulary_[WORD].get(name)
            idf = self.unknown_idf_ if column is None else float(self.idf_[column])
            total += idf
            known += 0.0 if column is None else idf
        return known / total if total else 0.0

    def matrix(self, vectors: Sequence[TextVector]) -> sparse.csr_matrix:
        """Stack vectors into a sparse matrix of shape (n_texts, n_features), float32."""
        sizes = np.fromiter((v.ids.size for v in vectors), dtype=np.int64, count=len(vectors))
        indptr = np.concatenate([[0], np.cumsum(sizes)])
        ids = np.concatenate([v.ids for v in vectors]) if vectors else np.empty(0, np.int32)
        values = np.concatenate([v.values for v in vectors]) if vectors else np.empty(0, np.float32)
        stacked = sparse.csr_matrix((values, ids, indptr), shape=(len(vectors), self.n_features))
        stacked.sort_indices()
        return stacked

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return everything learnt as plain arrays, to be stored."""
        terms = [t for block in self.vocabulary_ for t in block]
        return {
            "terms": np.frombuffer("\n".join(terms).encode(), dtype=np.uint8),
            "starts": np.asarray(self.starts_, dtype=np.int64),
            "idf": self.idf_,
            "unknown_idf": np.asarray([self.unknown_idf_], dtype=np.float64),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[np.generic]], *, forgiving: bool = True) -> Vectoriser:
        """Rebuild from what :meth:`arrays` gave. Raises ArtefactError where the parts disagree."""
        terms = bytes(arrays["terms"]).decode().split("\n")
        starts = [int(s) for s in arrays["starts"]]
        if len(terms) != starts[-1] or len(terms) != len(arrays["idf"]):
            raise ArtefactError("The stored vocabulary and its weights differ in length; train again.")
        kept = [terms[a:b] for a, b in pairwise(starts)]
        return cls(forgiving=forgiving)._assign(
            kept, arrays["idf"].astype(np.float32), float(arrays["unknown_idf"][0])
        )
