"""What only the house can tell: the typed facts that answers need, asked once and checked by kind.

Answers name a fact as a variable, ``{delivery_days}``. Adding a fact is one record in :data:`FACTS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from triage.answers import language_tags

MAX_CHARS: Final = 300  # of a text; longer ones belong into the answer itself
MAX_LINK_CHARS: Final = 500
MAX_DAYS: Final = 365
MAX_ENTRIES: Final = 40  # of a list


class Kind(StrEnum):
    TEXT = "text"
    HOURS = "hours"
    LIST = "list"
    DAYS = "days"
    WORKING_DAYS = "working days"
    MONEY = "money"
    LINK = "link"
    PHONE = "phone"
    YES_NO = "yes or no"

    @property
    def is_worded(self) -> bool:
        """Whether the house writes it itself, and so once for each language."""
        return self in {Kind.TEXT, Kind.HOURS, Kind.LIST}


class Group(StrEnum):
    SHOP = "Your shop"
    DELIVERY = "Delivery"
    PAYMENT = "Payment"
    RETURNS = "Returns and refunds"
    REACH = "How people reach you"
    PAGES = "Pages that answers point to"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to ask the house. ``hint`` says how to write it, ``example`` shows it."""

    key: str
    group: Group
    kind: Kind
    question: str
    example: str
    hint: str = ""

    @property
    def label(self) -> str:
        return self.key.replace("_", " ")

    @property
    def variable(self) -> str:
        return f"{{{self.key}}}"

    @property
    def gap(self) -> str:
        """What a letter shows where the house has not said it."""
        return f"[{self.label}?]"


def _page(key: str, question: str, path: str) -> Fact:
    return Fact(key, Group.PAGES, Kind.LINK, question, f"https://shop.example.com/{path}")


ACCOUNTS: Final = "accounts"
HOURS: Final = "hours"  # the calendar's words where one tells its hours
_SENTENCE = "One whole sentence, as the customer is to read it."

FACTS: Final = (
    Fact(ACCOUNTS, Group.SHOP, Kind.YES_NO, "Can customers have an account in your shop?", "yes",
         "With “no”, everybody gets the text for people without an account."),
    Fact("stores", Group.SHOP, Kind.TEXT, "Do you have shops to walk into, and where?",
         "You can also visit our shop at 12 Mill Lane, Leeds.", f"{_SENTENCE} If there are none, say so."),
    Fact("delivery_days", Group.DELIVERY, Kind.WORKING_DAYS, "How long does standard delivery take?", "2-4"),
    Fact("delivery_countries", Group.DELIVERY, Kind.LIST, "Which countries do you deliver to?",
         "the United Kingdom, Ireland", "As they stand in “We deliver to …”."),
    Fact("delivery_cost", Group.DELIVERY, Kind.TEXT, "What does standard delivery cost?",
         "Standard delivery costs £3.95 and is free from £50.", _SENTENCE),
    Fact("express_delivery", Group.DELIVERY, Kind.TEXT, "Is there a faster delivery, and what does it cost?",
         "Express delivery takes one working day and costs £7.95.", f"{_SENTENCE} If there is none, say so."),
    Fact("payment_methods", Group.PAYMENT, Kind.LIST, "How can people pay?", "Visa, Mastercard, PayPal"),
    Fact("return_days", Group.RETURNS, Kind.DAYS, "How many days do people have to send something back?", "30"),
    Fact("return_cost", Group.RETURNS, Kind.TEXT, "Who pays for sending it back?",
         "Sending it back is free with our label.", _SENTENCE),
    Fact("cancellation_fee", Group.RETURNS, Kind.MONEY, "What does it cost to cancel an order?", "0",
         "0 where it costs nothing."),
    Fact("refund_days", Group.RETURNS, Kind.WORKING_DAYS,
         "How soon after it is back with you is the money sent?", "3-5"),
    Fact("phone", Group.REACH, Kind.PHONE, "Which number can people call?", "+44 113 496 0000"),
    Fact(HOURS, Group.REACH, Kind.HOURS, "When does somebody answer?", "Monday to Friday, 9 am to 5 pm",
         "As it stands behind “open”."),
    Fact("emergency_phone", Group.REACH, Kind.PHONE, "Is there a number for emergencies?", "+44 113 496 0999"),
    Fact("emergency_words", Group.REACH, Kind.TEXT, "What should people do in an emergency?",
         "If you smell gas, open the windows, leave the house and call us.", _SENTENCE),
    _page("shop_page", "Where does the shop begin?", ""),
    _page("account_page", "Where do people log in, sign up and see their account?", "account"),
    _page("orders_page", "Where do people see their orders, parcels and invoices?", "account/orders"),
    _page("returns_page", "Where are returns explained and announced?", "returns"),
    _page("password_page", "Where does one ask for a new password?", "account/password"),
    _page("newsletter_page", "Where is the newsletter ordered and ended?", "newsletter"),
    _page("gift_card_page", "Where are gift cards sold and their balance shown?", "gift-cards"),
    _page("privacy_page", "Where is your privacy notice?", "privacy"),
)  # fmt: skip
BY_KEY: Final = {fact.key: fact for fact in FACTS}


def named(key: str) -> Fact:
    """The fact of that key; ValidationError that lists the keys where there is none."""
    if key not in BY_KEY:
        raise ValidationError(
            f"There is no house fact “{key}”. Use one of: {', '.join(BY_KEY)}.", code="unknown_fact"
        )
    return BY_KEY[key]


# --- Checking what the house says ---------------------------------------------------------------------


def clean(fact: Fact, said: Any) -> str:
    """What the house said, in the one form that is stored; ValidationError says how to write it."""
    if fact.kind is Kind.LIST:
        return _clean_list(fact, said)
    if isinstance(said, bool):  # YAML reads a plain yes so
        said = "yes" if said else "no"
    if not isinstance(said, str | int | float):
        raise ValidationError(f"{fact.key}: one value is expected, not several.", code="several")
    text = " ".join(str(said).split())
    _refuse_unprintable(fact, text)
    return _CLEANERS.get(fact.kind, _clean_text)(fact, text)


def _refuse_unprintable(fact: Fact, text: str) -> None:
    if not text:
        raise ValidationError(f"{fact.key}: say something.", code="empty")
    if not text.isprintable() or "{" in text or "}" in text:
        raise ValidationError(
            f"{fact.key}: use plain characters only, no control characters and no curly brackets.",
            code="unprintable",
        )


def _clean_text(fact: Fact, text: str) -> str:
    if len(text) > MAX_CHARS:
        raise ValidationError(
            f"{fact.key}: {len(text)} characters are too many; {MAX_CHARS} fit.", code="long"
        )
    return text


def _clean_hours(fact: Fact, text: str) -> str:
    if not any(sign.isdigit() for sign in text):
        raise ValidationError(
            f"{fact.key}: say days and times, for instance “{fact.example}”.", code="no_hours"
        )
    return _clean_text(fact, text)


def _clean_list(fact: Fact, said: Any) -> str:
    parts: Iterable[Any] = said if isinstance(said, list | tuple) else re.split(r"[,;\n]", str(said))
    entries = [" ".join(str(part).split()) for part in parts]
    entries = [entry for entry in dict.fromkeys(entries) if entry]
    if len(entries) > MAX_ENTRIES:
        raise ValidationError(f"{fact.key}: at most {MAX_ENTRIES} entries.", code="long")
    for entry in entries or [""]:
        _refuse_unprintable(fact, entry)
        _clean_text(fact, entry)
    return "\n".join(entries)


_DAYS = re.compile(r"(\d{1,3})(?: ?(?:-|–|to) ?(\d{1,3}))?")


def _clean_days(fact: Fact, text: str) -> str:
    found = _DAYS.fullmatch(text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 0 < first <= last <= MAX_DAYS:
        raise ValidationError(
            f"{fact.key}: write a number of {fact.kind} such as 14, or a span such as 2-4.", code="no_days"
        )
    return str(first) if first == last else f"{first}-{last}"


_CURRENCY = r"(?:[A-Z]{3}|[€£$¥])"
_MONEY = re.compile(rf"(?:{_CURRENCY} ?)?\d{{1,7}}(?:[.,]\d{{2}})?(?: ?{_CURRENCY})?")


def _clean_money(fact: Fact, text: str) -> str:
    if re.fullmatch(r"0(?:[.,]00?)?", re.sub(rf" ?{_CURRENCY} ?", "", text)):
        return "0"
    if not _MONEY.fullmatch(text) or not re.search(_CURRENCY, text):
        raise ValidationError(
            f"{fact.key}: write an amount with its currency such as £4.95 or 4,95 EUR, or 0.", code="no_money"
        )
    return text


def _clean_phone(fact: Fact, text: str) -> str:
    digits = sum(sign.isdigit() for sign in text)
    if not re.fullmatch(r"\+?[0-9(][0-9 ()/.-]*[0-9]", text) or not 3 <= digits <= 15:
        raise ValidationError(f"{fact.key}: write a number such as {fact.example}.", code="no_phone")
    return text


_check_address = URLValidator(schemes=["http", "https"])


def _clean_link(fact: Fact, text: str) -> str:
    try:
        _check_address(text)
        plain = len(text) <= MAX_LINK_CHARS and "@" not in urlsplit(text).netloc
    except (ValidationError, ValueError):
        plain = False
    if not plain:
        raise ValidationError(
            f"{fact.key}: write a whole address that begins with https://, such as {fact.example}.",
            code="no_link",
        )
    return text


_YES_NO: Final = {"yes": "yes", "y": "yes", "true": "yes", "no": "no", "n": "no", "false": "no"}


def _clean_yes_no(fact: Fact, text: str) -> str:
    if text.lower() not in _YES_NO:
        raise ValidationError(f"{fact.key}: write yes or no.", code="no_yes_no")
    return _YES_NO[text.lower()]


_CLEANERS: Final[Mapping[Kind, Callable[[Fact, str], str]]] = {
    Kind.HOURS: _clean_hours,
    Kind.DAYS: _clean_days,
    Kind.WORKING_DAYS: _clean_days,
    Kind.MONEY: _clean_money,
    Kind.PHONE: _clean_phone,
    Kind.LINK: _clean_link,
    Kind.YES_NO: _clean_yes_no,
}


# --- Saying it in a letter ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Wording:
    """How a language says a span, a list and "it costs nothing"."""

    to: str
    both: str
    day: tuple[str, str]
    working_day: tuple[str, str]
    nothing: str


_WORDINGS: Final = {
    "en": _Wording("to", "and", ("day", "days"), ("working day", "working days"), "nothing"),
    "de": _Wording("bis", "und", ("Tag", "Tage"), ("Werktag", "Werktage"), "nichts"),
    "fr": _Wording("à", "et", ("jour", "jours"), ("jour ouvré", "jours ouvrés"), "aucun"),
    "es": _Wording("a", "y", ("día", "días"), ("día laborable", "días laborables"), "ninguno"),
}


@dataclass(frozen=True)
class House:
    """What the house has said so far: value by (key, language); the language is empty where it makes none."""

    values: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def value(self, key: str, language: str) -> str | None:
        """As stored, for an answer in ``language``."""
        tag = language_tags.base(language) if BY_KEY[key].kind.is_worded else ""
        return self.values.get((key, tag))

    def wording(self, key: str, language: str) -> str | None:
        """As a customer reads it; None where the house has not said it (in that language)."""
        value = self.value(key, language)
        if value is None:
            return None
        return worded(BY_KEY[key].kind, value, _WORDINGS.get(language_tags.base(language)))

    @property
    def has_accounts(self) -> bool | None:
        """None where the house has not said."""
        said = self.values.get((ACCOUNTS, ""))
        return None if said is None else said == "yes"


def worded(kind: Kind, value: str, words: _Wording | None) -> str:
    """A stored value in words. Languages that we have no words for get bare numbers and lists."""
    if kind is Kind.LIST:
        *others, last = value.split("\n")
        joint = f" {words.both} " if words else ", "
        return f"{', '.join(others)}{joint}{last}" if others else last
    if kind in {Kind.DAYS, Kind.WORKING_DAYS}:
        first, _, end = value.partition("-")
        if words is None:
            return f"{first}–{end}" if end else first
        one, many = words.day if kind is Kind.DAYS else words.working_day
        return f"{first} {words.to} {end} {many}" if end else f"{first} {one if first == '1' else many}"
    if kind is Kind.MONEY and value == "0" and words:
        return words.nothing
    return value
