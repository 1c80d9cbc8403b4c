"""Finds the places where a text may go on to another question, and says what speaks for each of them.

A joint is a place between two words where a sentence, a line or a clause ends, where a conjunction or an announcement
("one more thing") stands, or where a question opens. What a model believes of both sides decides; ``joints.toml`` says
what that weighs beside the signs of the joint itself.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from pathlib import Path
from typing import Final

from triage.core.reading.languages import TELLING_WORDS, Language, count_words, language_of, spoken

#: A side with fewer words asks nothing of its own ("Any ideas?").
LEAST_WORDS: Final = 3
#: So many words on each side of a joint are judged.
SIDE_WORDS: Final = 20
#: Of more joints than this, those with the best signs are looked at. Where a question may open behind so many, what is
#: below them is not read.
MOST_JOINTS: Final = 12
#: Only so much of a text is searched, and so many places in it.
MOST_WORDS: Final = 1_500
MOST_PLACES: Final = 200
#: So many words name what a question asks for: "how many loyalty points".
NAMING_WORDS: Final = 4
#: A side with fewer words is short.
_SHORT_SIDE: Final = 5
#: Conjunctions and announcements in front of a clause are no more than this.
_OPENING_WORDS: Final = 24
#: Beliefs nearer to 0 and 1 than these tell no more.
_LEAST_CONFIDENCE: Final = 0.005
_LEAST_SHARE: Final = 1e-4

WEIGHTS: Final[Mapping[str, float]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)

_ENDS: Final = re.compile(r"([.!?…。！？])[\"'”’)\]]*$")
_BULLET: Final = re.compile(r"(?:•|\(?\d{1,2}[.)]|\(?[a-e]\))$")
_MARK: Final = re.compile(r"[.!?…;,:。！？；，：、\n]")
_DASHES: Final = frozenset("-–—*/&+")
_COMMAS: Final = ",;:，；：、"


@dataclass(frozen=True, slots=True)
class Joint:
    """A place in front of a token of a text, with the words on both sides and the signs that hold of it.

    ``adds_fact`` says that a question stands before it, and after it what is only told, and nothing that is amiss:
    "Where is my parcel? | Order 4711 was due on Monday."
    """

    place: int
    before: str
    after: str
    signs: frozenset[str]
    adds_fact: bool = False

    @property
    def worth(self) -> float:
        """What the signs say, in log-odds, whatever the sides are about."""
        return WEIGHTS["base"] + sum([WEIGHTS[sign] for sign in self.signs])


@dataclass(frozen=True, slots=True)
class Joints:
    """The joints of a text in their order.

    ``complete`` is False where there may be more of them. ``readable`` is False where the text is more than one short
    clause of a language that has no tables: then nobody knows how many questions it asks.
    """

    text: str = ""
    found: tuple[Joint, ...] = ()
    complete: bool = True
    readable: bool = True

    def cut(self, at: Iterable[Joint]) -> tuple[str, ...]:
        """Return the text in pieces, cut at some of the joints."""
        tokens = self.text.split()
        places = [0, *sorted(joint.place for joint in at), len(tokens)]
        return tuple(" ".join(tokens[start:end]) for start, end in pairwise(places) if start < end)


@dataclass(frozen=True, slots=True)
class Side:
    """What is believed of one side. ``others`` is the share of the other side's intent, of the share of its own."""

    intent: str | None
    confidence: float
    others: float


def evidence(joint: Joint, before: Side, after: Side, whole_confidence: float) -> Mapping[str, float] | None:
    """Return how much there is of what :data:`WEIGHTS` weighs; None where both sides are about the same."""
    if before.intent is None or after.intent is None or before.intent == after.intent:
        return None
    return dict.fromkeys(joint.signs, 1.0) | {
        "sure_before": _log_odds(before.confidence),
        "sure_after": _log_odds(after.confidence),
        "may_ask_the_other": _log_share(before.others) + _log_share(after.others),
        "sure_whole": _log_odds(whole_confidence),
    }


def odds_of_two(joint: Joint, before: Side, after: Side, whole_confidence: float) -> float:
    """Return the log-odds that different questions meet at a joint of a text of which so much is believed."""
    told = evidence(joint, before, after, whole_confidence)
    if told is None:
        return -math.inf
    return WEIGHTS["base"] + sum(WEIGHTS[name] * much for name, much in told.items())


def _log_odds(confidence: float) -> float:
    bounded = min(max(confidence, _LEAST_CONFIDENCE), 1 - _LEAST_CONFIDENCE)
    return math.log(bounded / (1 - bounded))


def _log_share(share: float) -> float:
    return math.log(max(share, _LEAST_SHARE))


def find_joints(text: str) -> Joints:
    """Find where a text may go on to another question."""
    tokens = _Tokens(text)
    different: dict[tuple[str, str], Joint] = {}
    asking = 0
    for joint in tokens.joints():
        asking += "asks" in joint.signs
        if asking > MOST_JOINTS:
            break
        different[joint.before, joint.after] = joint
    best = sorted(different.values(), key=lambda joint: -joint.worth)[:MOST_JOINTS]
    found = sorted(best, key=lambda joint: joint.place)
    readable = tokens.language is not None or _is_one_short_clause(text)
    return Joints(text, tuple(found), tokens.complete and asking <= MOST_JOINTS, readable)


def _is_one_short_clause(text: str) -> bool:
    if count_words(text) >= TELLING_WORDS:
        return False
    clauses = [clause for clause in _MARK.split(text) if any(map(str.isalpha, clause))]
    return len(clauses) < 2


def asks(sentence: str, language: Language | None = None) -> bool:
    """Say whether a sentence asks or wishes something, by its mark or by the words it opens a clause with."""
    words = spoken(sentence)
    return len(words) >= LEAST_WORDS and ("?" in sentence or _ask(words, language or language_of(words)))


def _ask(words: Sequence[str], language: Language | None) -> bool:
    """Say whether words open with what asks, or hold a wish anywhere."""
    if language is None:
        return False
    wishes = [at for at, word in enumerate(words) if word in language.wishes.first]
    return "asks" in _opening(words, 0, language)[1] or any(
        language.wishes.length_at(words, at) for at in wishes
    )


def _opening(words: Sequence[str], at: int, language: Language | None) -> tuple[int, frozenset[str]]:
    """Return where a clause opens behind conjunctions and announcements, and what these are signs of."""
    signs = set()
    last = min(len(words), at + _OPENING_WORDS)
    while language is not None and at < last:
        if length := language.also.length_at(words, at):
            signs.add("also")
        elif words[at] in language.joins:
            signs.add("join")
            length = 1
        else:
            break
        at += length
    if language is not None and language.asks.length_at(words, at):
        signs.add("asks")
    return at, frozenset(signs)


class _Tokens:
    """A text in tokens, which blanks part, and in words, of which a token has any number."""

    def __init__(self, text: str) -> None:
        written = text.split(maxsplit=MOST_WORDS)
        self.complete = len(written) <= MOST_WORDS
        self.written = written[:MOST_WORDS]
        plain = [token.isalpha() for token in self.written]
        lowered = text.lower().split(maxsplit=MOST_WORDS)[:MOST_WORDS]
        by_token = [[low] if is_word else spoken(low) for low, is_word in zip(lowered, plain, strict=True)]
        self.words = list(chain.from_iterable(by_token))
        #: The first word of each token, the token of each word, and the tokens that open a line or bear a mark.
        self.first = list(accumulate(map(len, by_token[:-1]), initial=0))
        self.owner = [token for token, words in enumerate(by_token) for _ in words]
        self.opens_line = set(accumulate([len(line.split()) for line in text.split("\n")]))
        self.marked = {token for token, is_word in enumerate(plain) if not is_word}
        self.language = language_of(self.words)

    def joints(self) -> Iterator[Joint]:
        """One joint for each place where something may be asked; of several in front of it the first."""
        places = self._places()
        self.complete &= len(places) <= MOST_PLACES
        last = -1
        for token in places[:MOST_PLACES]:
            found = self._joint(token)
            if found and found[0] > last:
                last = found[0]
                yield found[1]

    def _places(self) -> list[int]:
        """Rule out quickly what is between two words of one clause."""
        openings = self.language.openings if self.language else frozenset()
        last = len(self.words) - LEAST_WORDS
        return [
            token
            for token, word in enumerate(self.first)
            if LEAST_WORDS <= word <= last
            and (
                self.words[word] in openings
                or token in self.opens_line
                or (token in self.marked and not self.written[token][0].isalnum())
                or (token - 1 in self.marked and not self.written[token - 1][-1].isalnum())
            )
        ]

    def _joint(self, token: int) -> tuple[int, Joint] | None:
        """The joint in front of a token, and the word that opens what comes after it."""
        word = self.first[token]
        opens, words = _opening(self.words, word, self.language)
        signs = self._marks(token) | words
        if not signs - {"asks"}:
            if "asks" not in signs or self._is_bound(word):
                return None
            if self._names_what_it_asks(word):
                return None
            signs |= {"bare"}
        n_after = len(self.words) - opens
        if n_after < LEAST_WORDS:
            return None
        after = self._between(self.owner[opens], self._end_of_side(opens))
        following = self.words[opens : opens + SIDE_WORDS]
        known = self.language
        held = {
            "asked": self._asks_before(token),
            "points_back": known is not None and not known.points.isdisjoint(following),
            "after_tells": not ("?" in after or _ask(following, known)),
            "short_before": word < _SHORT_SIDE,
            "short_after": n_after < _SHORT_SIDE,
        }
        return opens, Joint(
            token,
            self._between(max(0, token - SIDE_WORDS), token),
            after,
            signs.union([sign for sign, holds in held.items() if holds]),
            adds_fact=(
                held["asked"]
                and held["after_tells"]
                and known is not None
                and bool(known.denies)
                and known.denies.isdisjoint(following)
            ),
        )

    def _end_of_side(self, word: int) -> int:
        """Return the token behind what begins at a word: the rest of its sentence, of one that is short more than that.

        What the next sentence asks is judged at the joint between both: a clause that only tells would else ask it.
        """
        start = self.owner[word]
        last = min(start + SIDE_WORDS, len(self.written))
        for token in range(start, last - 1):
            marked = token in self.marked and _ENDS.search(self.written[token]) is not None
            ends = marked or token + 1 in self.opens_line
            if ends and self.first[token + 1] - word >= LEAST_WORDS:
                return token + 1
        return last

    def _between(self, start: int, end: int) -> str:
        return " ".join(self.written[start:end])

    def _marks(self, token: int) -> frozenset[str]:
        """The signs that need no words."""
        last, following = self.written[token - 1], self.written[token]
        ended = _ENDS.search(last)
        held = {
            "question": ended is not None and ended.group(1) in "?？",
            "end": ended is not None and ended.group(1) not in "?？",
            "line": token in self.opens_line,
            "comma": last[-1] in _COMMAS,
            "dash": last in _DASHES or following in _DASHES,
            "also": _BULLET.match(following) is not None,
        }
        return frozenset([sign for sign, holds in held.items() if holds])

    def _is_bound(self, word: int) -> bool:
        """Say whether a clause goes on after the word before: "I do not know | how it is done"."""
        last = self.words[word - 1] if word else ""
        return self.language is None or last in self.language.binds or last in self.language.common

    def _names_what_it_asks(self, word: int) -> bool:
        """Say whether a question has only just begun with what it asks for: "how many points | do I need"."""
        if self.language is None:
            return False
        starts = range(max(0, word - NAMING_WORDS), word)
        begins = [at for at in starts if self.words[at] in self.language.names]
        return any(not self._mark_between(at, word) for at in begins)

    def _mark_between(self, start: int, end: int) -> bool:
        tokens = self.written[self.owner[start] : self.owner[end]]
        return any(_MARK.search(token) is not None for token in tokens)

    def _asks_before(self, token: int) -> bool:
        """Say whether the sentence before a token asks."""
        start = token - 1
        while start and not _ENDS.search(self.written[start - 1]) and start not in self.opens_line:
            start -= 1
        if "?" in self._between(start, token):
            return True
        return "asks" in _opening(self.words, self.first[start], self.language)[1]
