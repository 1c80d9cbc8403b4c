"""Keyword rules: what a pattern means, what is refused, how sure a match is, and how fast it comes."""

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.core.deciding.rules import MAX_CONFIDENCE, MAX_PATTERN_CHARS, RuleBook, check_pattern
from triage.core.errors import RuleError
from triage.core.types import Guard, Rule


def holds(pattern: str, text: str) -> bool:
    return RuleBook([Rule("it", pattern)]).match(text).intent == "it"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("refund", "Where is my refund?"),
        ("cancel* order*", "My orders: please have them cancelled"),
        ("track*|where order", "where on earth is that order"),
        ('"where is" order', "Order 12: where is it"),
        ('"money ba*"', "I want my money back!"),
        ('"call off"|cancel* order', "please call off the order"),
        ("cant login", "I can't login"),
        ("cant", "I can’t"),
        ("resume", "my résumé"),
        ("STRASSE", "meine Straße"),
        ("e-mail", "your E-Mail, please"),
        ("sign-in", "I cannot sign in"),
        ("退款", "我想退款"),
        ("refund -order", "refund for my shoes"),
        ('cancel -"cancellation fee"', "cancel it, no fee for the cancellation"),
    ],
)
def test_a_pattern_holds_where_all_its_terms_occur(pattern: str, text: str) -> None:
    assert holds(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("refund", "refunds"),
        ("refund*", "prefund"),
        ("refund order", "a refund"),
        ('"where is"', "is it where I left it"),
        ('"where is"', "where"),
        ('"money back*"', "money is back"),
        ("refund -order|orders", "refund for my orders"),
        ('cancel* -"cancellation fe*"', "cancelled, but the cancellation fees …"),
        ("refund", ""),
    ],
)
def test_a_pattern_fails_where_a_term_is_missing_or_forbidden(pattern: str, text: str) -> None:
    assert not holds(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("-refund", "must not occur"),
        ("a||b", "both sides"),
        ("|a", "both sides"),
        ("a|", "both sides"),
        ('"open', "not closed"),
        ('""', "no word"),
        ("re*fund", "inside"),
        ("*", "no word"),
        ("a|-b", "whole term"),
        ("-", "stands alone"),
        ("&", "no word"),
        ('"a"b', "together"),
        ("a" * (MAX_PATTERN_CHARS + 1), "Keep it under"),
    ],
)
def test_a_bad_pattern_is_refused_with_what_is_wrong(pattern: str, hint: str) -> None:
    with pytest.raises(RuleError, match=hint):
        check_pattern(pattern)


@pytest.mark.parametrize("weight", [0.0, 1.0, -1.0, float("nan")])
def test_a_weight_outside_zero_and_one_is_refused(weight: float) -> None:
    with pytest.raises(RuleError, match="between 0 and 1"):
        RuleBook([Rule("it", "word", weight)])


def test_one_hit_is_as_sure_as_its_weight() -> None:
    match = RuleBook([Rule("refund", "refund*", 0.75)]).match("refund please")
    assert (match.intent, match.confidence, match.runner_up) == ("refund", 0.75, None)


def test_hits_of_one_intent_strengthen_each_other() -> None:
    book = RuleBook([Rule("refund", "refund", 0.5), Rule("refund", "money", 0.5)])
    assert book.match("refund my money").confidence == pytest.approx(0.75)


def test_rules_alone_are_never_surer_than_the_cap() -> None:
    book = RuleBook([Rule("refund", word, 0.9) for word in ("refund", "money", "back")])
    assert book.match("refund, money back").confidence == pytest.approx(MAX_CONFIDENCE)


def test_the_same_rule_twice_counts_once_at_its_larger_weight() -> None:
    book = RuleBook([Rule("refund", "refund", 0.4), Rule("refund", "refund", 0.6)])
    assert book.match("refund").confidence == pytest.approx(0.6)


def test_a_rival_lowers_the_confidence_and_equal_rivals_are_a_draw() -> None:
    book = RuleBook([Rule("refund", "refund", 0.9), Rule("order", "order", 0.5), Rule("fee", "fee", 0.9)])
    alone, rival, equal = (book.match(t) for t in ("refund", "refund order", "refund fee"))
    assert alone.confidence > rival.confidence > 0.75
    assert rival.runner_up == "order"
    assert equal.confidence == equal.runner_up_confidence < 0.5


def test_the_words_that_matched_are_named_for_and_against() -> None:
    book = RuleBook([Rule("cancel", "cancel* order", 0.8), Rule("fee", "fee", 0.4)])
    terms = {term.text: term.weight for term in book.match("cancelling an order: any fee?").terms}
    assert terms == {"cancelling + order": 0.8, "fee": -0.4}


def test_nothing_matched_names_nothing() -> None:
    match = RuleBook([Rule("refund", "refund")]).match("hello")
    assert (match.intent, match.confidence, match.terms) == (None, 0.0, ())


def test_the_first_guard_that_holds_is_reported() -> None:
    guards = [Guard("security", "hacked"), Guard("person", '"a person"|human')]
    book = RuleBook([], guards)
    assert book.guard("I was hacked, give me a human") == guards[0]
    assert book.guard("Give me a  person!") == guards[1]
    assert book.guard("all is well") is None


def test_the_fingerprint_tells_books_apart_and_is_stable() -> None:
    one = RuleBook([Rule("a", "x")], [Guard("g", "y")])
    same = RuleBook([Rule("a", "x")], [Guard("g", "y")])
    others = [RuleBook([Rule("a", "x", 0.7)], [Guard("g", "y")]), RuleBook([Rule("a", "x")])]
    assert one.fingerprint == same.fingerprint
    assert len({one.fingerprint, *(other.fingerprint for other in others)}) == 3


WORDS = [
    f"{a}{b}{c}" for a in ("re", "or", "pay", "log") for b in ("fun", "der", "mi", "go") for c in "abcdefg"
]


def random_pattern(rng: random.Random) -> str:
    def atom() -> str:
        word = rng.choice(WORDS)
        return rng.choice([word, word[:4] + "*", f'"{word} {rng.choice(WORDS)}"'])

    def term() -> str:
        return "|".join(atom() for _ in range(rng.randint(1, 3)))

    return " ".join([term() for _ in range(rng.randint(1, 3))] + [f"-{term()}"] * rng.randint(0, 1))


def naive(pattern: str, text: str) -> bool:
    """The pattern language read literally, over a text of plain words."""
    padded = f" {text} "

    def occurs(atom: str) -> bool:
        bare = atom.replace('"', "")
        return f" {bare[:-1]}" in padded if bare.endswith("*") else f" {bare} " in padded

    terms = [t.strip() for t in re.findall(r'-?(?:"[^"]*"|[^\s"])+', pattern)]
    return all(
        any(occurs(atom) for atom in term.removeprefix("-").split("|")) != term.startswith("-")
        for term in terms
    )


@given(st.randoms(use_true_random=False))
def test_the_index_finds_what_reading_every_rule_finds(rng: random.Random) -> None:
    patterns = [random_pattern(rng) for _ in range(20)]
    text = " ".join(rng.choices(WORDS, k=30))
    book = RuleBook([], [Guard(str(n), p) for n, p in enumerate(patterns)])
    first = next((str(n) for n, p in enumerate(patterns) if naive(p, text)), None)
    found = book.guard(text)
    assert (found.topic if found else None) == first


@given(st.text())
def test_no_text_makes_the_rules_fail(text: str) -> None:
    book = RuleBook([Rule("a", 'refund*|"money back"'), Rule("b", "order -refund")], [Guard("g", "x*")])
    match = book.match(text)
    assert 0.0 <= match.runner_up_confidence <= match.confidence <= MAX_CONFIDENCE
    book.guard(text)


@given(st.text(max_size=60))
def test_any_pattern_is_either_understood_or_refused(pattern: str) -> None:
    try:
        check_pattern(pattern)
    except RuleError:
        return
    RuleBook([Rule("a", pattern)]).match(pattern)


@pytest.mark.flaky(reruns=2)  # a neighbour on the same core doubles what a second of CPU costs
def test_four_hundred_rules_take_less_than_a_millisecond() -> None:
    rng = random.Random(1)
    book = RuleBook([Rule(f"intent{n % 40}", random_pattern(rng)) for n in range(400)])
    fillers = [f"word{n}" for n in range(500)]
    texts = [" ".join(rng.choices(WORDS, k=6) + rng.choices(fillers, k=24)) for _ in range(50)]
    best = min(_cpu_seconds(book, texts) for _ in range(7))
    assert best / len(texts) <= 0.001


def _cpu_seconds(book: RuleBook, texts: list[str]) -> float:
    start = time.process_time()
    for text in texts:
        book.match(text)
    return time.process_time() - start
