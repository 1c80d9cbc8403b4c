"""The messages of strangers are whole: every one has an intent or a person as what is right, none comes twice."""

from __future__ import annotations

from collections import Counter

import pytest

from tests import honest
from tests.triage.learning.test_starter_pack_content import INTENTS, normalised
from triage.core.types import GraveTopic

STANCE_KINDS = {
    "negation", "info", "sarcasm", "settled", "tried", "unhelpful", "elsewhere", "third_person", "machine", "spam",
    "manipulation", "near", "two",
}  # fmt: skip
KINDS = {
    "askings": {"ask", "control", "goods", "rough"},
    "person": STANCE_KINDS | {f"grave_{topic}" for topic in set(GraveTopic) - {GraveTopic.HARDSHIP}},
    "general": {"general"},
    "long": {"long"},
}
UNANSWERED = {
    "account_hacked",
    "contact_human_agent",
    "data_request",
    "complaint",
    "bug_report",
    "service_outage",
}


def test_two_writers_wrote_four_sets_each() -> None:
    assert honest.sets() == sorted(f"{writer}_{name}" for writer in "ab" for name in KINDS)


@pytest.mark.parametrize("name", honest.sets())
def test_a_set_has_the_kinds_it_is_for(name: str) -> None:
    rows = honest.messages(name)
    assert {row.kind for row in rows} == KINDS[name[2:]]
    expected = set(INTENTS) - UNANSWERED if name.endswith("askings") else {honest.PERSON}
    assert {row.right for row in rows} == expected
    assert all(row.text.strip() for row in rows)


def test_reported_messages_name_an_intent_or_a_person() -> None:
    assert {row.right for row in honest.reported()} <= {*INTENTS, honest.PERSON}


def test_no_message_comes_twice() -> None:
    written = Counter(normalised(row.text) for name in honest.sets() for row in honest.messages(name))
    assert [text for text, count in written.items() if count > 1] == []
