"""House facts: what each kind takes and refuses, and how a letter says it."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from triage.answers import house
from triage.answers.house import House, clean, named

TAKEN = [
    ("accounts", True, "yes"),
    ("accounts", "No", "no"),
    ("delivery_days", "2 to 4", "2-4"),
    ("delivery_days", "2 – 4", "2-4"),
    ("return_days", 30, "30"),
    ("return_days", "7-7", "7"),
    ("cancellation_fee", 0, "0"),
    ("cancellation_fee", "£0.00", "0"),
    ("cancellation_fee", "4,95 EUR", "4,95 EUR"),
    ("phone", " +44 113  496 0000 ", "+44 113 496 0000"),
    ("hours", "Monday\u00a0to Friday, 9 am to 5 pm", "Monday to Friday, 9 am to 5 pm"),
    ("orders_page", "https://shop.example.com/orders?tab=1", "https://shop.example.com/orders?tab=1"),
    ("payment_methods", "Visa, PayPal, Visa", "Visa\nPayPal"),
    ("payment_methods", ["Visa", "PayPal"], "Visa\nPayPal"),
    ("delivery_cost", "It costs\r\n£3.95.", "It costs £3.95."),
]
REFUSED = [
    ("accounts", "maybe"),
    ("delivery_days", "soon"),
    ("delivery_days", "4-2"),
    ("delivery_days", "0"),
    ("return_days", "366"),
    ("cancellation_fee", "5"),
    ("cancellation_fee", "five pounds"),
    ("phone", "call us"),
    ("phone", "12"),
    ("hours", "always"),
    ("orders_page", "javascript:alert(1)"),
    ("orders_page", "ftp://shop.example.com/"),
    ("orders_page", "https://user:secret@shop.example.com/"),
    ("orders_page", "shop.example.com"),
    ("orders_page", "https://shop.example.com/" + "x" * 500),
    ("payment_methods", ""),
    ("payment_methods", [f"card {number}" for number in range(41)]),
    ("payment_methods", ["Visa\u202e"]),
    ("delivery_cost", "x" * 301),
    ("delivery_cost", "free\u200b"),
    ("delivery_cost", "{company}"),
    ("delivery_cost", ["one", "two"]),
    ("delivery_cost", " "),
]


@pytest.mark.parametrize(("key", "said", "kept"), TAKEN)
def test_a_fact_is_kept_in_one_form(key: str, said: object, kept: str) -> None:
    assert clean(named(key), said) == kept


@pytest.mark.parametrize(("key", "said"), REFUSED)
def test_what_does_not_fit_its_kind_is_refused_by_name(key: str, said: object) -> None:
    with pytest.raises(ValidationError, match=key):
        clean(named(key), said)


@pytest.mark.parametrize("fact", house.FACTS, ids=lambda fact: fact.key)
def test_every_example_is_what_its_fact_takes(fact: house.Fact) -> None:
    assert clean(fact, fact.example)


def test_an_unknown_fact_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValidationError, match="delivery_days"):
        named("delivery_day")


SAYS = House(
    {
        ("delivery_days", ""): "2-4",
        ("return_days", ""): "1",
        ("cancellation_fee", ""): "0",
        ("payment_methods", "en"): "Visa\nPayPal\nApple Pay",
        ("payment_methods", "it"): "Visa\nPayPal",
    }
)


@pytest.mark.parametrize(
    ("key", "language", "words"),
    [
        ("delivery_days", "en", "2 to 4 working days"),
        ("delivery_days", "de", "2 bis 4 Werktage"),
        ("delivery_days", "pt-BR", "2–4"),
        ("return_days", "en-GB", "1 day"),
        ("return_days", "fr", "1 jour"),
        ("cancellation_fee", "en", "nothing"),
        ("cancellation_fee", "it", "0"),
        ("payment_methods", "en", "Visa, PayPal and Apple Pay"),
        ("payment_methods", "it", "Visa, PayPal"),
        ("payment_methods", "de", None),
        ("phone", "en", None),
    ],
)
def test_a_fact_is_said_in_the_words_of_the_letters_language(
    key: str, language: str, words: str | None
) -> None:
    assert SAYS.wording(key, language) == words
