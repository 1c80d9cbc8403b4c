"""What counts as something to see in a text."""

from __future__ import annotations

import pytest

from tickets.intake.written import as_written


@pytest.mark.parametrize("text", ["?", "7", "😀", "\u200bש", "ᄀ", "👩\u200d💻", "é"])
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert as_written(text) == text


@pytest.mark.parametrize("text", ["", "\x00", "\u202e\u202c", "\U000e0001", "\ufe0f", "\u180e\u2028"])
def test_what_cannot_be_seen_is_nothing(text: str) -> None:
    assert as_written(text) == ""


def test_every_line_end_becomes_a_plain_one() -> None:
    assert as_written("a\r\nb\rc\nd") == "a\nb\nc\nd"
