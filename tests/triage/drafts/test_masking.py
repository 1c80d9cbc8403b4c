"""What says who somebody is does not leave the house, and comes back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.drafts.masking import Masks, has_address, put_back


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Write to rita.b+x@mail.example.org.", "Write to [EMAIL-1]."),
        ("See https://shop.example/a?b=1 or www.shop.example", "See [LINK-1] or [LINK-2]"),
        ("See shop.example/a", "See [LINK-1]"),
        ("Order AB-48213 and again AB-48213", "Order [NUMBER-1] and again [NUMBER-1]"),
        ("Call +44 113 496 0000", "Call +[NUMBER-1]"),
        ("Card 4111 1111 1111 1111", "Card [NUMBER-1]"),
        ("IBAN GB82 WEST 1234 5698 7654 32", "IBAN [ACCOUNT-1]"),
        ("I am rita, RITA Moor", "I am [NAME-1], [NAME-2] [NAME-3]"),
        ("It took 5 days and cost 20 euros.", "It took 5 days and cost 20 euros."),
        ("I write [NUMBER-1] myself", "I write (NUMBER-1) myself"),
        ("Margarita is no Rita-name", "Margarita is no [NAME-1]-name"),
    ],
)
def test_what_names_a_person_is_masked(text: str, hidden: str) -> None:
    masks = Masks(["Rita", "Moor"])
    assert masks.hide(text) == hidden
    if "[NUMBER-1] myself" not in text:
        assert put_back(hidden, masks.kept) == text


@given(st.text(st.sampled_from("a1 .@/:[]-RitaNUMBERLINK\u200b0123456789"), max_size=80))
def test_nothing_that_was_put_back_is_read_as_a_mask_again(text: str) -> None:
    masks = Masks(["Rita"])
    hidden = masks.hide(text)
    assert not has_address(hidden)
    assert Masks().hide(put_back("plain", masks.kept)) == "plain"
    assert masks.hide(text) == hidden
