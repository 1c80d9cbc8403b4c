"""A text teaches a stance in the form in which a ticket is read."""

from __future__ import annotations

from triage.core.stance.taught import SHOWN, as_shown, read

LONG = "where is my parcel " * 20


def test_a_mail_teaches_by_what_its_writer_says_and_not_by_what_it_quotes() -> None:
    mail = "It has not come.\n\nOn Monday, 2 March 2026 at 10:00, Anna <anna@example.com> wrote:\n> I will sue you."
    assert "has not come" in read(mail)
    assert "sue" not in read(mail)


def test_what_is_shown_of_a_taught_text_is_one_line_and_short() -> None:
    assert len(read(LONG)) > SHOWN
    assert len(as_shown(LONG)) == SHOWN
    assert "\n" not in as_shown("It has not come.\nWhere is it?")
