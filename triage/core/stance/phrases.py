"""Turns texts into phrases: words, neighbours, words a few places apart, and pieces of words.

What a writer does with a topic (asks, refuses, thanks, has tried) is told by small words and their order, so
nothing is left out and order counts. Words that name a topic are also seen as one sign ("•"), so that what is learnt
of "do not cancel my order" serves for topics it was never seen with.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

#: As many words and signs of a text are read as the topic model reads words.
MOST_TOKENS = 400
#: A phrase that fewer training texts have says nothing that could be trusted.
WORD_COUNT, PHRASE_COUNT, PIECE_COUNT = 2, 3, 4
#: So many words that tell intents apart are also seen as one sign; one of them needs this many askings.
TOPIC_WORDS = 500
_TOPIC_COUNT = 8
#: Two words from two to this many places apart make a phrase with a gap.
GAP_REACH = 6
PIECE = 4

_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|[?!.,;:]")
_SHIFT = np.uint64(20)
_WORD, _PAIR, _GAP, _PIECE = (np.uint64(kind) << np.uint64(60) for kind in range(1, 5))
#: Numbers of signs that stand for a word: none of those known, the text's ends, a topic.
UNKNOWN, EDGE, TOPIC, FIRST_WORD = 0, 1, 2, 3
TOPIC_SIGN = "•"

#: Words that decide what a writer does with a topic are never hidden behind the topic's sign.
_ALWAYS_SEEN = frozenset(
    re.findall(
        r"[\w']+",
        """not no never nor don't dont didn't didnt doesn't doesnt isn't isnt wasn't can't cant cannot won't
        wont without instead rather stop already still yet again now done thanks thank works worked working
        fixed sorted found solved please my your his her their our me you he she they we i him them its it
        is was are were be been has have had the a an to of for on in at by from with and or but because so
        if when how what where who why which can could would will should may want wanted need tried try
        after before since while until about just only""",
    )
)


def tokens_of(text: str) -> list[str]:
    """Return the lower-cased words and marks of a text; every number is ``0``."""
    found = islice(_TOKEN.finditer(text), MOST_TOKENS)
    return [_token(match.group()) for match in found]


@lru_cache(maxsize=65536)
def _token(written: str) -> str:
    return "0" if written.isdigit() else written.lower().replace("’", "'")


@lru_cache(maxsize=65536)
def _pieces(word: str) -> tuple[int, ...]:
    """Return a number for each run of :data:`PIECE` letters of a word and its edges."""
    if not word[0].isalpha():
        return ()
    edged = f" {word[:40]} "
    return tuple(zlib.crc32(edged[at : at + PIECE].encode()) for at in range(max(1, len(edged) - PIECE + 1)))


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of one text.

    Attributes
    ----------
    keys : ndarray of uint64, shape (n,)
    first, last : ndarray of int, shape (n,)
        The tokens where each phrase begins and ends.
    """

    keys: Keys
    first: Ints
    last: Ints


class PhraseReader:
    """Learns which phrases there are and how telling each is, then turns texts into weighted phrases.

    Attributes
    ----------
    words_ : dict of str to int
        The number of each known word.
    is_topic_ : ndarray of bool, by word number
    keys_ : ndarray of uint64, sorted
        The known phrases; a phrase's place is its column.
    idf_ : ndarray of float32, shape (n_phrases,)
    """

    def fit(self, texts: Sequence[str], intents: Sequence[str | None]) -> PhraseReader:
        """Learn from training texts; ``intents`` names what each plain asking asks for, None for other texts."""
        self.fit_matrix(texts, intents)
        return self

    def fit_matrix(self, texts: Sequence[str], intents: Sequence[str | None]) -> sparse.csr_matrix:
        """Learn as :meth:`fit` does, and return what :meth:`matrix` would for the same texts, at a fifth of the work."""
        told = [tokens_of(text) for text in texts]
        counts = Counter(token for tokens in told for token in set(tokens))
        kept = sorted(token for token, count in counts.items() if count >= WORD_COUNT)
        self.words_ = {token: number for number, token in enumerate(kept, FIRST_WORD)}
        topics = _topic_words(told, intents)
        self.is_topic_ = np.zeros(len(kept) + FIRST_WORD, dtype=np.bool_)
        self.is_topic_[[self.words_[token] for token in topics if token in self.words_]] = True
        kinds = [_counted(*found, len(texts), least) for found, least in self._find_all(told)]
        kinds.append(_counted_pieces(told))
        self.keys_ = np.concatenate([keys for keys, _ in kinds])
        found = [table for _, table in kinds]
        met = np.concatenate([np.bincount(table.indices, minlength=table.shape[1]) for table in found])
        self.idf_ = (np.log((1 + len(texts)) / (1 + met)) + 1).astype(np.float32)
        blocks = [sparse.csr_matrix(sparse.hstack(part)) for part in (found[:-1], found[-1:])]
        starts = 0, blocks[0].shape[1], len(self.keys_)
        weighed = [
            _weighed(block, self.idf_[low:high])
            for block, low, high in zip(blocks, starts, starts[1:], strict=False)
        ]
        joined = sparse.csr_matrix(sparse.hstack(weighed))
        joined.sort_indices()
        return joined

    def _find_all(self, told: Sequence[Sequence[str]]) -> Iterator[tuple[tuple[Keys, Ints], int]]:
        """The phrases of all texts with their texts' numbers, kind by kind; and how many texts must have one.

        Pieces of words aside.
        """
        numbers = np.concatenate([np.zeros(0, np.uint64), *map(self._numbers, told)])
        sizes = np.asarray([len(tokens) for tokens in told], dtype=np.int64)
        text = np.repeat(np.arange(len(told)), sizes + 2)
        inner = numbers != EDGE
        yield (_WORD | numbers[inner], text[inner]), WORD_COUNT
        side_by_side = text[:-1] == text[1:]
        pairs = _PAIR | numbers[:-1] << _SHIFT | numbers[1:]
        yield (pairs[side_by_side], text[:-1][side_by_side]), PHRASE_COUNT
        hidden = np.where(self.is_topic_[numbers.astype(np.int64)], np.uint64(TOPIC), numbers)
        gaps, places = [], []
        for reach in range(2, GAP_REACH + 1):
            same = text[:-reach] == text[reach:]
            gaps.append((_GAP | hidden[:-reach] << _SHIFT | hidden[reach:])[same])
            places.append(text[:-reach][same])
        yield (np.concatenate(gaps), np.concatenate(places)), PHRASE_COUNT

    def _numbers(self, tokens: Sequence[str]) -> npt.NDArray[np.uint64]:
        known = self.words_
        inner = [known.get(token, UNKNOWN) for token in tokens]
        return np.array([EDGE, *inner, EDGE], dtype=np.uint64)

    def _find(self, tokens: Sequence[str]) -> Phrases:
        """All phrases of a text, in any order."""
        numbers = self._numbers(tokens)
        n = len(numbers)
        hidden = np.where(self.is_topic_[numbers.astype(np.int64)], np.uint64(TOPIC), numbers)
        at = np.arange(n)
        keys = [_WORD | numbers[1:-1], _PAIR | numbers[:-1] << _SHIFT | numbers[1:]]
        first, last = [at[1:-1], at[:-1]], [at[1:-1], at[1:]]
        for reach in range(2, min(GAP_REACH, n - 1) + 1):
            keys.append(_GAP | hidden[:-reach] << _SHIFT | hidden[reach:])
            first.append(at[:-reach])
            last.append(at[reach:])
        pieces = [_pieces(token) for token in tokens]
        sizes = [len(of_word) for of_word in pieces]
        keys.append(_PIECE | np.array([p for of_word in pieces for p in of_word], dtype=np.uint64))
        places = np.repeat(at[1:-1], sizes)
        return Phrases(
            np.concatenate(keys), np.concatenate([*first, places]) - 1, np.concatenate([*last, places]) - 1
        )

    def weigh(self, phrases: Phrases) -> tuple[Ints, Floats]:
        """Return the columns of the known phrases of a text and their weights.

        The weights are sublinear counts times rarity; those of words and their order together have length one, and
        so have those of the pieces.
        """
        keys, counts = np.unique(phrases.keys, return_counts=True)
        at = np.searchsorted(self.keys_, keys)
        at[at == len(self.keys_)] = 0
        met = self.keys_[at] == keys if len(self.keys_) else np.zeros(len(keys), dtype=np.bool_)
        columns = at[met]
        weights = (1 + np.log(counts[met])) * self.idf_[columns]
        pieces = keys[met] >= _PIECE
        for part in (pieces, ~pieces):
            length = float(np.sqrt(np.square(weights[part]).sum()))
            if length:
                weights[part] /= length
        return columns, weights.astype(np.float32)

    def find(self, text: str) -> tuple[list[str], Phrases]:
        """Return the tokens of a text and its phrases."""
        tokens = tokens_of(text)
        return tokens, self._find(tokens)

    def known_share(self, tokens: Sequence[str]) -> float:
        """Return the share of the words, marks and numbers aside, that were taught; 0 where there is none."""
        words = [token for token in tokens if token[0].isalpha()]
        return sum(word in self.words_ for word in words) / len(words) if words else 0.0

    def matrix(self, texts: Iterable[str]) -> sparse.csr_matrix:
        """Return the weighted phrases of many texts, shape (n_texts, n_phrases)."""
        return self._rows(self.weigh(self._find(tokens_of(text))) for text in texts)

    def _rows(self, weighed: Iterable[tuple[Ints, Floats]]) -> sparse.csr_matrix:
        rows = list(weighed)
        pointers = np.concatenate([[0], np.cumsum([len(columns) for columns, _ in rows])])
        columns = np.concatenate([c for c, _ in rows]) if rows else np.zeros(0, dtype=np.int64)
        weights = np.concatenate([w for _, w in rows]) if rows else np.zeros(0, dtype=np.float32)
        return sparse.csr_matrix((weights, columns, pointers), shape=(len(rows), len(self.keys_)))

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return what was learnt, to be stored."""
        written = "\n".join(self.words_).encode()
        return {
            "words": np.frombuffer(written, dtype=np.uint8),
            "is_topic": self.is_topic_,
            "keys": self.keys_,
            "idf": self.idf_,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[np.generic]]) -> PhraseReader:
        """Rebuild from what :meth:`arrays` gave."""
        reader = cls()
        written = np.asarray(arrays["words"], dtype=np.uint8).tobytes().decode()
        reader.words_ = {
            token: number for number, token in enumerate(written.split("\n") if written else [], FIRST_WORD)
        }
        reader.is_topic_ = np.asarray(arrays["is_topic"], dtype=np.bool_)
        reader.keys_ = np.asarray(arrays["keys"], dtype=np.uint64)
        reader.idf_ = np.asarray(arrays["idf"], dtype=np.float32)
        return reader


def _counted(keys: Keys, texts: Ints, n_texts: int, least: int) -> tuple[Keys, sparse.csr_matrix]:
    """The phrases that enough texts have, sorted, and how often each text has each."""
    different, columns = np.unique(keys, return_inverse=True)
    return _usual(different, _counts(texts, columns, (n_texts, len(different))), least)


def _counted_pieces(told: Sequence[Sequence[str]]) -> tuple[Keys, sparse.csr_matrix]:
    """The same of the pieces: each word is taken apart once."""
    numbers: dict[str, int] = {}
    words = np.asarray(
        [numbers.setdefault(word, len(numbers)) for tokens in told for word in tokens], np.int64
    )
    texts = np.repeat(np.arange(len(told)), [len(tokens) for tokens in told])
    pieces = [_pieces(word) for word in numbers]
    flat = np.fromiter(chain.from_iterable(pieces), dtype=np.uint64)
    different, columns = np.unique(_PIECE | flat, return_inverse=True)
    owners = np.repeat(np.arange(len(pieces)), [len(of_word) for of_word in pieces])
    by_word = _counts(owners, columns, (len(pieces), len(different)))
    table = _counts(texts, words, (len(told), len(numbers))) @ by_word
    return _usual(different, sparse.csr_matrix(table), PIECE_COUNT)


def _counts(rows: Ints, columns: Ints, shape: tuple[int, int]) -> sparse.csr_matrix:
    return sparse.csr_matrix((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=shape)


def _usual(different: Keys, table: sparse.csr_matrix, least: int) -> tuple[Keys, sparse.csr_matrix]:
    wanted = np.bincount(table.indices, minlength=len(different)) >= least
    return different[wanted], sparse.csr_matrix(table[:, wanted])


def _weighed(counts: sparse.csr_matrix, idf: Floats) -> sparse.csr_matrix:
    """Sublinear counts times rarity, every row of length one."""
    weights = counts.astype(np.float32)
    weights.data = (1 + np.log(weights.data)) * idf[weights.indices]
    length = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    factor = np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)
    return sparse.csr_matrix(sparse.diags_array(factor.astype(np.float32)) @ weights)


def _topic_words(told: Sequence[Sequence[str]], intents: Sequence[str | None]) -> frozenset[str]:
    """Return the words that tell the intents of the plain askings apart best."""
    askings = Counter(intent for intent in intents if intent is not None)
    total = sum(askings.values())
    spread: dict[str, Counter[str]] = defaultdict(Counter)
    for tokens, intent in zip(told, intents, strict=True):
        if intent is not None:
            for token in set(tokens):
                spread[token][intent] += 1
    weight = {}
    for token, by_intent in spread.items():
        count = sum(by_intent.values())
        if count < _TOPIC_COUNT or not token[0].isalpha() or token in _ALWAYS_SEEN:
            continue
        lead = max((c / askings[i] - count / total) * askings[i] ** 0.5 for i, c in by_intent.items())
        weight[token] = lead * by_intent.most_common(1)[0][1] / count
    ranked = sorted(weight, key=lambda token: (-weight[token], token))
    return frozenset(ranked[:TOPIC_WORDS])
