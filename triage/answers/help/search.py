"""Finding articles by anybody's words: forms of a word, slips of the pen, and what others have called the same.

Articles are ranked by BM25 (S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond",
2009) over title, summary, text and the askings that taught the intent: those hold the words that people use and no
author thought of. They are only compared with, never shown.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Final

from tickets.search import folding
from triage.core import terms

K1: Final = 1.2  # the usual values of BM25
B: Final = 0.4  # articles differ little in what they are about, much in how many askings they have
WEIGHTS: Final = {"title": 6, "summary": 3, "text": 1, "askings": 1}
MOST_OF_AN_ASKING_WORD: Final = 8  # a word in all askings of an intent says no more than one in eight of them
#: Of a query's weight so much must be found in an article: two strange words beside "parcel" find none about parcels.
LEAST_SHARE: Final = 0.4
#: A word that no article knows weighs as one that so many of them hold: people name their own things.
UNKNOWN_SHARE: Final = 0.1
#: Of the best article's score so much is needed to be shown beside it.
LEAST_OF_BEST: Final = 0.5
CUT: Final = 6  # letters of a word that stand for all its forms where there is no stemmer
SHORTEST_SLIP: Final = 4  # letters of a word in which a slip is forgiven
ALIKE: Final = 0.8
SLIP_WORTH: Final = 0.8
LONGEST_QUERY: Final = 200
MOST_TERMS: Final = 16


GRAMMAR_WORDS: Final = Path(__file__).with_name("grammar_words.txt")


@dataclass(frozen=True)
class Source:
    """What one article is found by."""

    slug: str
    title: str
    summary: str
    text: str
    askings: Sequence[str] = ()


def forms(text: str, language: str) -> list[str]:
    """The words of ``text``, each cut to what its forms share; English ones by the stemmer, without grammar words.

    For other languages the first six letters serve (P. McNamee and J. Mayfield, "Character N-Gram Tokenization for
    European Language Text Retrieval", 2004, found truncation close to stemming).
    """
    if language == "en":
        return [terms.stem(word) for word in terms.words(text) if word not in terms.STOP_WORDS]
    grammar = _folded_grammar(language)
    return [word[:CUT] for word in folding.words(text) if len(word) > 2 and word not in grammar]


@cache
def _folded_grammar(language: str) -> frozenset[str]:
    """Words that say nothing of what is looked for; none for a language without a list."""
    lines = GRAMMAR_WORDS.read_text(encoding="utf-8").splitlines()
    found = next((line[3:] for line in lines if line.startswith(f"{language}:")), "")
    return frozenset(folding.words(found))


class Index:
    """All articles of one language."""

    def __init__(self, sources: Iterable[Source], language: str) -> None:
        self.language = language
        self._postings: dict[str, dict[str, float]] = defaultdict(dict)
        lengths: dict[str, float] = {}
        for source in sources:
            counts: Counter[str] = Counter()
            for name in ("title", "summary", "text"):
                for word in forms(getattr(source, name), language):
                    counts[word] += WEIGHTS[name]
            asked = Counter(word for text in source.askings for word in set(forms(text, language)))
            for word, number in asked.items():
                counts[word] += WEIGHTS["askings"] * min(number, MOST_OF_AN_ASKING_WORD)
            lengths[source.slug] = float(sum(counts.values()))
            for word, number in counts.items():
                self._postings[word][source.slug] = float(number)
        self._number = len(lengths)
        mean = sum(lengths.values()) / max(1, self._number)
        self._scale = {slug: 1 - B + B * length / (mean or 1.0) for slug, length in lengths.items()}
        self._signs = {word: frozenset(word) for word in self._postings}
        self._by_letter: dict[str, list[str]] = defaultdict(list)
        for word in self._postings:
            self._by_letter[word[:1]].append(word)

    def find(self, query: str, limit: int = 8) -> list[str]:
        """The slugs of the articles that fit ``query``, best first; none rather than a poor one."""
        wanted = list(dict.fromkeys(forms(query[:LONGEST_QUERY], self.language)))[:MOST_TERMS]
        scores: dict[str, float] = defaultdict(float)
        held: dict[str, float] = defaultdict(float)
        whole = 0.0
        for word in wanted:
            known, worth = self._known(word)
            weight = max((self._idf(one) for one in known), default=self._idf(""))
            whole += weight
            best: dict[str, float] = {}
            for one in known:
                for slug, number in self._postings[one].items():
                    share = number * (K1 + 1) / (number + K1 * self._scale[slug])
                    best[slug] = max(best.get(slug, 0.0), share)
            for slug, share in best.items():
                scores[slug] += worth * weight * share
                held[slug] += worth * weight
        fit = [slug for slug in scores if held[slug] >= LEAST_SHARE * whole]
        ranked = sorted(fit, key=lambda slug: (-scores[slug], slug))
        least = scores[ranked[0]] * LEAST_OF_BEST if ranked else 0.0
        return [slug for slug in ranked if scores[slug] >= least][:limit]

    def _idf(self, word: str) -> float:
        known = len(self._postings.get(word, ()))
        number = known or max(1.0, UNKNOWN_SHARE * self._number)
        return math.log(1 + (self._number - number + 0.5) / (number + 0.5))

    def _known(self, word: str) -> tuple[Sequence[str], float]:
        """The index's words that ``word`` may mean, and how surely: itself, one that goes on so, or a slip of one."""
        if word in self._postings:
            return (word,), 1.0
        if len(word) < SHORTEST_SLIP:
            return (), 1.0
        near = self._by_letter.get(word[0], ())
        longer = [one for one in near if one.startswith(word)]
        if longer:
            return longer, SLIP_WORTH
        signs = frozenset(word)
        likely = [
            (_likeness(word, one), one)
            for one in self._postings
            if abs(len(one) - len(word)) <= 2 and len(signs & self._signs[one]) >= len(signs) - 2
        ]
        close = [(alike, one) for alike, one in likely if alike >= ALIKE]
        best = max(close, default=(0.0, ""))[0]
        return [one for alike, one in close if alike >= best - 1e-9], SLIP_WORTH


def _likeness(word: str, other: str) -> float:
    matcher = SequenceMatcher(None, word, other, autojunk=False)
    if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
        return 0.0
    return matcher.ratio()


def related(slug: str, sources: Mapping[str, Source], index: Index, limit: int = 4) -> list[str]:
    """The articles nearest to one, by its own title and summary."""
    own = sources[slug]
    found = index.find(f"{own.title} {own.summary}", limit + 1)
    return [other for other in found if other != slug][:limit]
