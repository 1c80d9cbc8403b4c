"""What the starter pack says: enough, nothing twice, patterns that parse, guards that rarely misfire."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Set
from pathlib import Path
from typing import Any

import pytest
import yaml

from triage.answers import house
from triage.answers.facts import listed
from triage.answers.letter import Letter
from triage.answers.variables import check as check_variables
from triage.answers.variables import check_language, facts_in
from triage.core.deciding.rules import RuleBook, check_pattern, fold
from triage.core.types import PERSON_TOPIC, Guard, Mode
from triage.models import Guard as GuardRow
from triage.models import Rule as RuleRow

STARTER = Path(__file__).parents[3] / "triage" / "starter"
GUARDED_INTENTS = {"account_hacked", "data_request", "complaint", "contact_human_agent"}
INTENTS_ABOUT_PEOPLE = {"contact_human_agent", "contact_customer_service"}
TOPICS = {
    "death",
    "illness",
    "person",
    "legal",
    "security",
    "threat",
    "self_harm",
    "data_protection",
    "safety",
    "fraud",
    "press",
    "minor",
}
TICKET_KEYS = {"intent", "subject", "body", "requester_name", "reply", "days_ago"}

HITS = {
    "death": [
        "My father passed away in April. How do I close his account?",
        "my late husband had a subscription",
        "mum died last week, cancel her order",
    ],
    "illness": [
        "i had a stroke and cannot use the website",
        "she is in hospital, please cancel",
        "I was put on a drip",
    ],
    "person": [
        "let me talk to a human",
        "I want a real person, now",
        "Can someone call me back please?",
        "put me through to an agent",
        "Stop these automatic replies",
        "may i speak with somebody from your team",
    ],
    "legal": [
        "You'll hear from my lawyer.",
        "I'm going to sue you",
        "see you in court",
        "I have reported this to Trading Standards",
    ],
    "security": [
        "my account has been hacked",
        "Someone I don't know is using my account",
        "I found an SQL injection in your search",
        "I can see another customer's invoice: someone else's details",
    ],
    "threat": [
        "I know where you live",
        "I'll come and burn down your warehouse",
        "there's a bomb in your building",
    ],
    "self_harm": ["I want to die and nobody cares", "if this goes on I'll kill myself"],
    "data_protection": [
        "Please erase all personal data you hold about me",
        "GDPR request",
        "I want a copy of my personal data",
    ],
    "safety": [
        "the charger caught fire last night",
        "The kettle exploded.",
        "my daughter had an allergic reaction to the cream",
        "I got an electric shock from the lamp",
        "the battery of the phone is swollen",
    ],
    "fraud": ["I'll do a chargeback", "there are unauthorised payments on my card", "this is fraud"],
    "press": ["I am a journalist and would like a statement", "I'm going to the press with this"],
    "minor": ["my son bought it with my card without asking", "I'm 13 years old and ordered a game"],
}

MISSES = [
    "the phone battery died last week, is it under warranty",
    "the price nearly gave me a heart attack, how do I cancel",
    "do you sell funeral wreaths",
    "my late delivery, where is it",
    "Speak of the devil, my parcel has just come",
    "Can I have the number of human resources?",
    "I'd like to contact customer service, what are the opening hours?",
    "The delivery person left it at number 14",
    "Please send it to 3 Tennis Court Road",
    "How do I make the payment without the app?",
    "Is the firewood dry?",
    "I can't recall my password",
    "My daughter loves the bike, can I order a second one?",
    "the shoes are killing me, can I return them",
    "Do you sell smoke detectors?",
    "Change my personal data, I've moved",
    "The captcha doesn't believe that I'm human",
    "Where can I read the article about coffee on your site?",
]


def load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((STARTER / name).read_text(encoding="utf-8"))
    return content


INTENTS = {path.stem: load(f"intents/{path.name}") for path in sorted((STARTER / "intents").glob("*.yaml"))}
OUT_OF_SCOPE: list[str] = load("out_of_scope.yaml")["texts"]
TICKETS: list[dict[str, Any]] = load("resolved_tickets.yaml")["tickets"]
GUARDS = [Guard(**row) for row in load("never_automate.yaml")["guards"]]


FORMS = {"body", "guest_body", "summary"}
LOG_IN = {
    "en": re.compile(r"(?i)\b(log|sign) in (and|at|to)\b"),
    "de": re.compile(r"(?i)melden sie sich an und öffnen"),
    "fr": re.compile(r"(?i)connectez-vous et"),
    "es": re.compile(r"(?i)inicie sesión y"),
}
ABOUT_ACCOUNTS = {"create_account"}  # there is none yet, whoever asks
CARRIES = {
    "delivery_period": {"delivery_days", "express_delivery"},
    "delivery_options": {"delivery_days", "delivery_countries", "delivery_cost", "express_delivery"},
    "check_payment_methods": {"payment_methods"},
    "check_refund_policy": {"return_days", "return_cost", "refund_days", "returns_page"},
    "check_cancellation_fee": {"cancellation_fee"},
    "contact_customer_service": {"phone", "hours", "stores"},
    "product_availability": {"shop_page", "delivery_days"},
}


def answers(slug: str) -> list[dict[str, str]]:
    return [INTENTS[slug]["answer"], *INTENTS[slug].get("answers", [])]


def letter(answer: dict[str, str]) -> Letter:
    guest, short = answer.get("guest_body", ""), answer.get("summary", "")
    return Letter(answer["language"], answer["body"], guest, short)


def normalised(text: str) -> str:
    """The text as a reader compares it; signs alone stay as they are, else '?' and a smiley were the same."""
    return " ".join(fold(text)) or text


def examples(without: Set[str] = frozenset()) -> list[tuple[str, str]]:
    """(intent, text) of every example, but for the intents in ``without``."""
    kept = {slug: intent["examples"] for slug, intent in INTENTS.items() if slug not in without}
    return [(slug, text) for slug, texts in kept.items() for text in texts]


def guards(topic_is_person: bool) -> RuleBook:
    return RuleBook([], [guard for guard in GUARDS if (guard.topic == PERSON_TOPIC) == topic_is_person])


def twice(texts: list[str]) -> list[str]:
    return [text for text, count in Counter(map(normalised, texts)).items() if count > 1]


def test_the_pack_is_as_large_as_promised() -> None:
    assert len(INTENTS) >= 30
    assert len(OUT_OF_SCOPE) >= 400
    assert len(TICKETS) >= 200


@pytest.mark.parametrize("slug", INTENTS)
def test_an_intent_is_complete(slug: str) -> None:
    intent = INTENTS[slug]
    assert intent["intent"] == slug
    assert intent["title"] and intent["description"] and intent["group"]
    assert intent["mode"] in set(Mode)
    assert len(intent["rules"]) >= 2
    assert len(intent["examples"]) >= 40


def test_no_text_is_labelled_twice_anywhere() -> None:
    assert twice([text for _, text in examples()] + OUT_OF_SCOPE) == []


def test_no_example_stands_inside_an_out_of_scope_text() -> None:
    # Short ones do on purpose: "change of address" is ours, "change of address for the army pension" isn't.
    refused = "\n".join(f" {normalised(text)} " for text in OUT_OF_SCOPE)
    whole = [text for _, text in examples() if len(fold(text)) >= 5]
    assert [text for text in whole if f" {normalised(text)} " in refused] == []


@pytest.mark.parametrize("slug", INTENTS)
def test_examples_of_an_intent_open_in_many_ways(slug: str) -> None:
    texts = INTENTS[slug]["examples"]
    openings = Counter(" ".join(fold(text)[:3]) for text in texts)
    opening, count = openings.most_common(1)[0]
    assert count <= max(0.1 * len(texts), 2), f"{count} of {len(texts)} start with {opening!r}"


@pytest.mark.parametrize("slug", INTENTS)
def test_examples_of_an_intent_vary_in_length(slug: str) -> None:
    lengths = [len(fold(text)) for text in INTENTS[slug]["examples"]]
    assert min(lengths) <= 4
    assert max(lengths) >= 30


def test_every_pattern_parses_and_fits_its_column() -> None:
    written = [(rule["pattern"], RuleRow) for intent in INTENTS.values() for rule in intent["rules"]]
    written += [(guard.pattern, GuardRow) for guard in GUARDS]
    for pattern, row in written:
        check_pattern(pattern)
        assert len(pattern) <= row._meta.get_field("pattern").max_length, pattern


def test_rules_weigh_between_nothing_and_certainty() -> None:
    weights = [rule["weight"] for intent in INTENTS.values() for rule in intent["rules"]]
    assert all(0.3 <= weight <= 0.95 for weight in weights)


@pytest.mark.parametrize("slug", INTENTS)
def test_an_answer_is_a_short_letter_with_known_variables(slug: str) -> None:
    for answer in answers(slug):
        for form in FORMS & set(answer):
            check_variables(answer[form])
            check_language(answer[form], answer["language"])
            assert answer[form].startswith(("Hello {requester_name},\n", "{greeting}")), form
        assert 50 <= len(answer["body"].split()) <= 110
        assert 40 <= len(answer.get("guest_body", answer["body"]).split()) <= 110
        assert len(answer.get("summary", "").split()) <= 45
    assert len(INTENTS[slug]["answer"]["body"].split()) >= 60


@pytest.mark.parametrize("slug", INTENTS)
def test_nobody_without_an_account_is_told_to_log_in(slug: str) -> None:
    """Who may have none gets a text of their own, and the short form serves both."""
    for answer in answers(slug):
        login = LOG_IN[answer["language"]]
        assert not login.search(answer.get("guest_body", "")) and not login.search(answer.get("summary", ""))
        if "guest_body" not in answer and slug not in ABOUT_ACCOUNTS:
            assert not login.search(answer["body"])
            assert "{orders_page}" not in answer["body"] and "{account_page}" not in answer["body"]


@pytest.mark.parametrize("slug", INTENTS)
def test_no_letter_asks_to_reply_to_a_mail_that_nobody_reads(slug: str) -> None:
    for answer in answers(slug):
        whole = " ".join(answer[form] for form in FORMS & set(answer))
        assert not re.search(r"(?i)reply (here|to this)|answer this (message|mail)", whole)
        assert "{reply_hint}" in answer["body"]


def test_an_answer_asked_for_a_fact_carries_it() -> None:
    for slug, fact in CARRIES.items():
        for answer in answers(slug):
            assert {name for form in FORMS & set(answer) for name in facts_in(answer[form])} >= fact, slug


def test_the_demos_house_has_every_fact_that_an_answer_needs() -> None:
    said = {
        (key, tag if house.BY_KEY[key].kind.is_worded else ""): house.clean(house.named(key), value)
        for key, tag, value in listed(load("house.yaml"), language="en")
    }
    known = house.House(said)
    lacking = {
        (slug, answer["language"]): [fact.key for fact in missing]
        for slug in INTENTS
        for answer in answers(slug)
        if (missing := letter(answer).missing(known))
    }
    assert lacking == {}


def test_every_past_ticket_is_complete() -> None:
    for ticket in TICKETS:
        assert set(ticket) - {"rating"} == TICKET_KEYS, ticket["subject"]
        assert ticket["intent"] in INTENTS
        assert 0 < ticket["days_ago"] <= 730
        assert ticket.get("rating") in {None, 1, 2, 3, 4, 5}
        assert len(ticket["reply"].split()) >= 15, ticket["reply"]


def test_every_intent_has_past_tickets() -> None:
    seen = Counter(ticket["intent"] for ticket in TICKETS)
    assert {slug for slug in INTENTS if seen[slug] < 4} == set()


def test_no_past_ticket_or_reply_is_told_twice() -> None:
    assert twice([ticket["body"] for ticket in TICKETS]) == []
    assert twice([ticket["reply"] for ticket in TICKETS]) == []


def test_past_tickets_carry_no_addresses() -> None:
    told = [ticket["body"] + ticket["reply"] for ticket in TICKETS]
    assert [text for text in told if re.search(r"\w@\w", text)] == []


def test_guards_cover_every_topic_and_name_the_person_last() -> None:
    topics = [guard.topic for guard in GUARDS]
    assert set(topics) == TOPICS
    assert set(topics[topics.index(PERSON_TOPIC) :]) == {PERSON_TOPIC}


@pytest.mark.parametrize(("topic", "text"), [(topic, text) for topic in HITS for text in HITS[topic]])
def test_a_guard_hits_what_it_is_for(topic: str, text: str) -> None:
    guard = RuleBook([], GUARDS).guard(text)
    assert guard is not None and guard.topic == topic


@pytest.mark.parametrize("text", MISSES)
def test_no_guard_hits_an_ordinary_sentence(text: str) -> None:
    assert RuleBook([], GUARDS).guard(text) is None


def test_guards_rarely_hit_ordinary_examples() -> None:
    book = guards(topic_is_person=False)
    texts = [text for _, text in examples(without=GUARDED_INTENTS)]
    hits = [text for text in texts if book.guard(text)]
    assert len(hits) <= 0.005 * len(texts), hits


def test_asking_for_a_person_is_rarely_heard_where_nobody_asked() -> None:
    book = guards(topic_is_person=True)
    texts = [text for _, text in examples(without=INTENTS_ABOUT_PEOPLE)]
    hits = [text for text in texts if book.guard(text)]
    assert len(hits) <= 0.005 * len(texts), hits


def test_asking_for_a_person_is_mostly_heard() -> None:
    book = guards(topic_is_person=True)
    texts = INTENTS["contact_human_agent"]["examples"]
    assert sum(book.guard(text) is not None for text in texts) >= 0.85 * len(texts)


#: What is needed stands in these letters themselves, as numbered steps.
NEEDS_NO_FACT = {"discount_code", "double_charge", "trade_quote", "two_factor_issue", "warranty_repair"}


@pytest.mark.parametrize("slug", [slug for slug, content in INTENTS.items() if content["mode"] == "auto"])
def test_no_automated_letter_only_points_elsewhere(slug: str) -> None:
    body = INTENTS[slug]["answer"]["body"]
    if slug in NEEDS_NO_FACT:
        assert len(re.findall(r"^\d\. ", body, re.MULTILINE)) >= 3
    else:
        assert set(re.findall(r"{(\w+)}", body)) & set(house.BY_KEY)
