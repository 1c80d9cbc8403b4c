"""A mail in two: what its writer says now, and the rest; together they are all of it."""

from __future__ import annotations

from collections import Counter

import pytest

from triage.core.reading.letter import signature_start
from triage.core.reading.mail import MAX_MAIL_LINES, split_mail

QUOTED = "On Monday, 2 March 2026 at 10:00, Anna <anna@example.com> wrote:\n> We sent it on Friday.\n> Anna"


def filled(*texts: str) -> Counter[str]:
    return Counter(line.rstrip() for text in texts for line in text.split("\n") if line.strip())


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("It has not come.", "It has not come."),
        (f"It has not come.\n\n{QUOTED}", "It has not come."),
        ("It has not come.\n-- \nGina Guest\nRome", "It has not come."),
        ("It has not come.\n\nSent from my iPhone", "It has not come."),
        (QUOTED, ""),
    ],
)
def test_what_the_writer_says_now_is_apart_from_the_rest_and_no_line_is_lost(text: str, own: str) -> None:
    said, rest = split_mail(text)
    assert said.strip() == own
    assert filled(said, rest) == filled(text)


def test_lines_below_the_last_that_is_read_are_kept_with_the_rest() -> None:
    text = "\n".join(f"Line {number}" for number in range(MAX_MAIL_LINES + 3))
    said, rest = split_mail(text)
    assert said.endswith(f"Line {MAX_MAIL_LINES - 1}")
    assert filled(said, rest) == filled(text)
    assert rest.split() == [
        "Line",
        f"{MAX_MAIL_LINES}",
        "Line",
        f"{MAX_MAIL_LINES + 1}",
        "Line",
        f"{MAX_MAIL_LINES + 2}",
    ]


def test_of_a_mail_that_is_passed_on_the_older_one_is_what_its_writer_shows() -> None:
    text = "FYI\n\n---------- Forwarded message ---------\nFrom: Ann <ann@example.com>\nDate: Mon, 2 Mar 2026\nSubject: Parcel\nTo: us@example.com\n\nWhere is it?"
    assert split_mail(text, forwarded=True) == (text, "")


@pytest.mark.parametrize(
    ("lines", "start"),
    [
        (["Where is it?", "-- ", "Gina"], 1),
        (["Where is it?", "", "Sent from my iPhone"], 2),
        (["Where is it?", "Best, Gina"], 2),
        ([], 0),
    ],
)
def test_a_signature_begins_where_it_is_marked(lines: list[str], start: int) -> None:
    assert signature_start(lines) == start
