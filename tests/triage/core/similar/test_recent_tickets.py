"""Tickets resolved since the index was stored: in at once, out without a trace, ranked as counting them would."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from triage.core.similar.ranking import QueryTerm, count_keys, impacts_of
from triage.core.similar.recent_tickets import RecentTickets
from triage.core.terms import words
from triage.core.types import ResolvedTicket

TEXTS = {
    1: "Where is my parcel",
    2: "My parcel came broken, the parcel was wet",
    3: "How do I change my password",
    4: "Parcel and password",
}


def recent(texts: dict[int, str] = TEXTS, *confirmed: int) -> RecentTickets:
    rows = RecentTickets(words)
    for number, text in texts.items():
        rows.add(ResolvedTicket(number, text, f"intent{number}", confirmed=number in confirmed))
    return rows


def query(text: str, weight: int = 10) -> list[QueryTerm]:
    return [QueryTerm(key, weight, row=-1) for key in count_keys(text, words)]


def ids(
    rows: RecentTickets, text: str, k: int = 10, exclude: tuple[int, ...] = (), confirmed: int = 0
) -> list[int]:
    return [ticket.id for _, ticket in rows.weigh(query(text), k, exclude, confirmed)]


def test_what_is_taken_in_is_found_at_once_with_its_intent() -> None:
    rows = recent(TEXTS, 3)
    assert len(rows) == 4
    assert 3 in rows
    assert 5 not in rows
    ((weight, found),) = rows.weigh(query("broken"), 5, ())
    assert weight > 0
    assert (found.id, found.intent, found.confirmed, found.similarity) == (2, "intent2", False, 0.0)
    ((_, sure),) = rows.weigh(query("change"), 5, ())
    assert (sure.id, sure.confirmed) == (3, True)


def test_the_best_come_first_and_no_more_than_asked_for() -> None:
    rows = recent()
    assert ids(rows, "parcel password")[0] == 4
    assert set(ids(rows, "parcel")) == {1, 2, 4}
    assert len(ids(rows, "parcel", k=2)) == 2
    assert ids(rows, "nothing of it") == []


def test_those_that_weigh_the_same_stand_by_their_id() -> None:
    rows = recent({9: "parcel", 4: "parcel", 7: "parcel"})
    assert ids(rows, "parcel") == [4, 7, 9]


def test_the_best_confirmed_ones_come_beside_the_best() -> None:
    rows = recent({1: "parcel", 2: "parcel wet", 3: "parcel wet cold", 4: "parcel wet cold late"}, 3, 4)
    assert ids(rows, "parcel", k=1, confirmed=1) == [1, 3]
    assert ids(rows, "parcel", k=1, confirmed=5) == [1, 3, 4]


def test_what_is_excluded_is_left_out_and_what_is_unknown_does_no_harm() -> None:
    assert set(ids(recent(), "parcel", exclude=(2, 99))) == {1, 4}


def test_a_ticket_that_comes_again_replaces_itself() -> None:
    rows = recent()
    rows.add(ResolvedTicket(1, "How do I change my address", "address"))
    assert len(rows) == 4
    assert 1 not in ids(rows, "parcel")
    assert ids(rows, "address") == [1]


def test_what_is_discarded_leaves_no_trace() -> None:
    rows = recent()
    assert rows.discard(2) is True
    assert rows.discard(2) is False
    assert (2 in rows, len(rows)) == (False, 3)
    assert ids(rows, "broken wet") == []
    assert rows.frequencies(list(count_keys("broken", words))).tolist() == [0]


def test_it_is_known_how_many_tickets_hold_a_term() -> None:
    keys = [next(iter(count_keys(word, words))) for word in ("parcel", "password", "unheard")]
    assert recent().frequencies(keys).tolist() == [3, 2, 0]
    assert recent().frequencies([]).tolist() == []


SOME = st.lists(
    st.sampled_from(["parcel", "refund", "login", "card", "late", "broken"]), min_size=1, max_size=6
)


@given(st.dictionaries(st.integers(1, 50), SOME, min_size=1, max_size=12), SOME, st.sets(st.integers(1, 50)))
def test_the_order_is_that_of_counting_every_ticket(
    texts: dict[int, list[str]], asked: list[str], gone: set[int]
) -> None:
    rows = recent({number: " ".join(said) for number, said in texts.items()})
    for number in gone:
        rows.discard(number)
    expected: Counter[int] = Counter()
    terms = query(" ".join(asked))
    for number, said in texts.items():
        counts = count_keys(" ".join(said), words)
        weighed = dict(zip(counts, impacts_of(counts).tolist(), strict=True))
        total = sum(term.weight * weighed.get(term.key, 0) for term in terms)
        if total and number not in gone:
            expected[number] = total
    found = [(weight, ticket.id) for weight, ticket in rows.weigh(terms, 50, ())]
    assert found == sorted(((w, n) for n, w in expected.items()), key=lambda pair: (-pair[0], pair[1]))
