"""Editable keyword rules: they work before any training and say what must never be automated.

A pattern is made of terms separated by spaces, and all of them must occur, in any order::

    cancel*|"call off" order*|purchase* -subscription* -"cancellation fee"

``word`` is a whole word, ``word*`` the beginning of one, ``"two words"`` stand side by side,
``a|b`` means either, ``-term`` must not occur. Case, accents and punctuation do not matter.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from triage.core.errors import RuleError
from triage.core.types import Guard, Rule, Term

#: Rules alone never claim more than this.
MAX_CONFIDENCE: Final = 0.95
#: A pattern longer than this is a mistake (a pasted mail), not a rule.
MAX_PATTERN_CHARS: Final = 500
#: Only the beginning of a text is matched; more than any question needs, and keeps the cost bounded.
MAX_TEXT_CHARS: Final = 20_000

_APOSTROPHES: Final = re.compile("['’‘ʼ´`′]")
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
# Chinese and Japanese put no blanks between words: every sign is a word of its own.
_WORD: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+")
_TERM: Final = re.compile(r'(?:"[^"]*"|[^\s"])+')
_ALTERNATIVE: Final = re.compile(r'"([^"]*)"|([^\s"|]+)')


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """What the rules say about a text.

    ``confidence`` and ``runner_up_confidence`` are in [0, 0.95]; ``terms`` are the words that
    matched, positive for ``intent``, negative for those that speak for the runner-up.
    """

    intent: str | None = None
    confidence: float = 0.0
    runner_up: str | None = None
    runner_up_confidence: float = 0.0
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class _Atom:
    """The smallest thing that can occur: a word, the beginning of one, or adjacent words."""

    words: tuple[str, ...]
    prefix: bool


@dataclass(frozen=True, slots=True)
class _Pattern:
    """All of ``required`` and none of ``forbidden``; each entry is a set of alternatives."""

    required: tuple[tuple[_Atom, ...], ...]
    forbidden: tuple[tuple[_Atom, ...], ...]


def fold(text: str) -> list[str]:
    """Split a text into the words that rules see: lower case, no accents, no punctuation."""
    flat = _APOSTROPHES.sub("", text[:MAX_TEXT_CHARS])
    flat = _ACCENTS.sub("", unicodedata.normalize("NFKD", flat))
    return _WORD.findall(flat.casefold())


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that cannot be understood.

    Raises
    ------
    RuleError
        Saying what is wrong with the pattern and what to write instead.
    """
    _parse(pattern)


def _parse(pattern: str) -> _Pattern:
    if len(pattern) > MAX_PATTERN_CHARS:
        raise RuleError(
            f"The pattern has {len(pattern)} characters. Keep it under {MAX_PATTERN_CHARS}: "
            "a few telling words, several rules rather than one long one."
        )
    if not pattern.strip():
        raise RuleError("The pattern is empty. Write at least one word that must occur.")
    if pattern.count('"') % 2:
        raise RuleError(f'Pattern {pattern!r}: a quotation mark is not closed. Write "like this".')
    required: list[tuple[_Atom, ...]] = []
    forbidden: list[tuple[_Atom, ...]] = []
    for term in _TERM.findall(pattern):
        negated = term.startswith("-")
        alternatives = _parse_term(term[1:] if negated else term, pattern)
        (forbidden if negated else required).append(alternatives)
    if not required:
        raise RuleError(
            f"Pattern {pattern!r} only says what must not occur. Add at least one word that must."
        )
    return _Pattern(tuple(required), tuple(forbidden))


def _parse_term(term: str, pattern: str) -> tuple[_Atom, ...]:
    if not term:
        raise RuleError(f"Pattern {pattern!r}: a “-” stands alone. Put it right before the word to exclude.")
    atoms: list[_Atom] = []
    position = 0
    while True:
        found = _ALTERNATIVE.match(term, position)
        if found is None:
            raise RuleError(
                f"Pattern {pattern!r}: an alternative in {term!r} is empty. "
                "Write a word on both sides of every “|”."
            )
        atoms.append(_parse_atom(found.group(1) if found.group(2) is None else found.group(2), pattern))
        position = found.end()
        if position == len(term):
            return tuple(dict.fromkeys(atoms))
        if term[position] != "|":
            raise RuleError(
                f"Pattern {pattern!r}: {term!r} runs a phrase and a word together. "
                "Separate them with a space (both must occur) or “|” (either)."
            )
        position += 1


def _parse_atom(written: str, pattern: str) -> _Atom:
    if written.startswith("-"):
        raise RuleError(
            f"Pattern {pattern!r}: “-” stands inside alternatives. Put it before the whole term, as in -a|b."
        )
    prefix = written.endswith("*")
    body = written[:-1] if prefix else written
    if "*" in body:
        raise RuleError(
            f"Pattern {pattern!r}: “*” stands inside {written!r}. It may only end a word, as in refund*."
        )
    words = tuple(fold(body))
    if not words or (prefix and not body[-1:].isalnum()):
        raise RuleError(
            f"Pattern {pattern!r}: {written!r} holds no word to look for. Write letters or digits."
        )
    return _Atom(words, prefix)


class _Index:
    """Finds which of many patterns hold for a text, looking only at those whose words occur.

    Atoms are numbered once, so that a text is matched with plain integers.
    """

    def __init__(self, patterns: Sequence[_Pattern]) -> None:
        self._numbers: dict[_Atom, int] = {}
        self._required = [[self._number(atoms) for atoms in pattern.required] for pattern in patterns]
        self._forbidden = [
            frozenset(number for atoms in pattern.forbidden for number in self._number(atoms))
            for pattern in patterns
        ]
        self._words: dict[str, int] = {}
        self._prefixes: dict[str, int] = {}
        self._phrases: dict[tuple[str, ...], list[tuple[_Atom, int]]] = {}
        for atom, number in self._numbers.items():
            if len(atom.words) > 1:
                self._phrases.setdefault(_opening(atom), []).append((atom, number))
            else:
                (self._prefixes if atom.prefix else self._words)[atom.words[0]] = number
        self._lengths = sorted({len(prefix) for prefix in self._prefixes})
        self._heads = {prefix[: self._lengths[0]] for prefix in self._prefixes}
        self._patterns_of: list[list[int]] = [[] for _ in self._numbers]
        for pattern_number, pattern in enumerate(patterns):
            for number in self._number(_rarest(pattern.required)):
                self._patterns_of[number].append(pattern_number)

    def _number(self, atoms: Iterable[_Atom]) -> tuple[int, ...]:
        return tuple(self._numbers.setdefault(atom, len(self._numbers)) for atom in atoms)

    def matches(self, words: Sequence[str]) -> list[tuple[int, tuple[str, ...]]]:
        """Return (pattern number, the words that matched), in the order of the patterns."""
        seen = self._seen(words)
        candidates = {pattern for number in seen for pattern in self._patterns_of[number]}
        found = []
        for pattern in sorted(candidates):
            hits = []
            for atoms in self._required[pattern]:
                hit = next((seen[number] for number in atoms if number in seen), None)
                if hit is None:
                    break
                hits.append(hit)
            else:
                if self._forbidden[pattern].isdisjoint(seen):
                    found.append((pattern, tuple(hits)))
        return found

    def _seen(self, words: Sequence[str]) -> dict[int, str]:
        seen: dict[int, str] = {}
        shortest = self._lengths[0] if self._lengths else 0
        for word in dict.fromkeys(words):
            number = self._words.get(word)
            if number is not None:
                seen[number] = word
            if word[:shortest] not in self._heads:
                continue
            for length in self._lengths:
                if length > len(word):
                    break
                number = self._prefixes.get(word[:length])
                if number is not None:
                    seen.setdefault(number, word)
        for position, opening in self._openings(words):
            for atom, number in self._phrases[opening]:
                if number not in seen and _stands_at(atom, words, position):
                    seen[number] = " ".join(words[position : position + len(atom.words)])
        return seen

    def _openings(self, words: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yield the places where a phrase may start, with its first word or two."""
        for openings in (zip(words, strict=True), pairwise(words)):
            for position, opening in enumerate(openings):
                if opening in self._phrases:
                    yield position, opening


def _opening(atom: _Atom) -> tuple[str, ...]:
    """Return the words by which a phrase is found: two that must stand there whole, or the only one that must."""
    return atom.words[:1] if atom.prefix and len(atom.words) == 2 else atom.words[:2]


def _stands_at(atom: _Atom, words: Sequence[str], position: int) -> bool:
    count = len(atom.words)
    here = words[position : position + count]
    if len(here) < count or tuple(here[:-1]) != atom.words[:-1]:
        return False
    return here[-1].startswith(atom.words[-1]) if atom.prefix else here[-1] == atom.words[-1]


def _rarest(required: Sequence[tuple[_Atom, ...]]) -> tuple[_Atom, ...]:
    """Choose the term to index by: long words and phrases occur in the fewest texts."""
    return max(required, key=lambda atoms: min(sum(map(len, atom.words)) for atom in atoms))


class RuleBook:
    """A set of rules and guards, compiled once and asked for every ticket.

    Parameters
    ----------
    rules
        What speaks for an intent, and how strongly.
    guards
        What forbids automation. The first that holds is reported, so their order is their rank.

    Raises
    ------
    RuleError
        When a pattern cannot be parsed or a weight is not strictly between 0 and 1.
    """

    def __init__(self, rules: Sequence[Rule], guards: Sequence[Guard] = ()) -> None:
        for rule in rules:
            if not 0.0 < rule.weight < 1.0:
                raise RuleError(
                    f"Rule {rule.pattern!r} of {rule.intent!r} has weight {rule.weight}. "
                    "Give it a number between 0 and 1, such as 0.5 (weak) or 0.9 (strong)."
                )
        self.rules = tuple(rules)
        self.guards = tuple(guards)
        self._rules = _Index([_parse(rule.pattern) for rule in self.rules])
        self._guards = _Index([_parse(guard.pattern) for guard in self.guards])
        self.fingerprint = _fingerprint(self.rules, self.guards)

    def match(self, text: str) -> RuleMatch:
        """Say which intent the rules see in ``text``, and how surely.

        The hits of one intent are joined by noisy-or and capped at 0.95. Intents compete: with
        odds o = p / (1 - p) each gets o / (1 + sum of all odds), the chance that it is the one
        right intent if at most one is. Two equally strong ones therefore both stay below 0.5.
        """
        weights: dict[tuple[str, str], float] = {}
        terms: dict[str, dict[str, float]] = {}
        for number, hits in self._rules.matches(fold(text)):
            rule = self.rules[number]
            key = (rule.intent, rule.pattern)
            weights[key] = max(weights.get(key, 0.0), rule.weight)
            heard = terms.setdefault(rule.intent, {})
            label = " + ".join(dict.fromkeys(hits))
            heard[label] = max(heard.get(label, 0.0), rule.weight)
        doubt: dict[str, float] = {}
        for (intent, _), weight in weights.items():
            doubt[intent] = doubt.get(intent, 1.0) * (1.0 - weight)
        return _rank(doubt, terms) if doubt else RuleMatch()

    def guard(self, text: str) -> Guard | None:
        """Return the first guard whose pattern holds for ``text``, or None."""
        found = self._guards.matches(fold(text)) if self.guards else []
        return self.guards[found[0][0]] if found else None


def _rank(doubt: dict[str, float], terms: dict[str, dict[str, float]]) -> RuleMatch:
    belief = {intent: min(1.0 - rest, MAX_CONFIDENCE) for intent, rest in doubt.items()}
    odds = {intent: p / (1.0 - p) for intent, p in belief.items()}
    total = 1.0 + sum(odds.values())
    ranked = sorted(odds, key=lambda intent: (-odds[intent], intent))
    first, second = ranked[0], ranked[1] if len(ranked) > 1 else None
    spoken = [Term(text, weight) for text, weight in terms[first].items()]
    if second is not None:
        spoken += [Term(text, -weight) for text, weight in terms[second].items()]
    spoken.sort(key=lambda term: -abs(term.weight))
    return RuleMatch(
        intent=first,
        confidence=round(odds[first] / total, 12),
        runner_up=second,
        runner_up_confidence=round(odds[second] / total, 12) if second is not None else 0.0,
        terms=tuple(spoken),
    )


def _fingerprint(rules: Sequence[Rule], guards: Sequence[Guard]) -> str:
    content = {
        "rules": [[rule.intent, rule.pattern, rule.weight] for rule in rules],
        "guards": [[guard.topic, guard.pattern] for guard in guards],
    }
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()
