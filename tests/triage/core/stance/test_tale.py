"""A question beside a tale of things that nobody taught stands for nothing."""

from __future__ import annotations

import pytest

from triage.core.stance.tale import is_foreign_tale

KNOWN = {
    "yesterday",
    "bought",
    "where",
    "order",
    "should",
    "arrive",
    "about",
    "question",
    "reach",
    "there",
    "wanted",
}
QUESTION = "How can we reach you?"


@pytest.mark.parametrize(
    ("tale", "foreign"),
    [
        ("The spindle of the router chatters above nine hundred turns and we trued it twice.", True),
        ("Yesterday I bought it, it should arrive on Monday and we wanted it there.", False),
        ("Yesterday I bought it with Aurelie Winterbourne of Larkspur Crescent and wanted it there.", False),
        ("The spindle chatters.", False),
        ("", False),
    ],
)
def test_a_tale_is_foreign_by_its_unknown_words_names_aside(tale: str, foreign: bool) -> None:
    assert is_foreign_tale(f"{tale} {QUESTION}".strip(), QUESTION, KNOWN) is foreign


def test_what_the_question_repeats_counts_as_asked() -> None:
    question = "Where is my order of a spindle and a chuck with turned jaws?"
    told = f"Yesterday I bought it and it should arrive on Monday, a spindle and jaws. {question}"
    assert not is_foreign_tale(told, question, KNOWN)
