"""Which form of an answer a requester gets, what it lacks, and that no gap is ever sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.channels.email.models import Mailbox
from tickets.models import Status, Ticket
from triage.answers.facts import set_fact
from triage.answers.house import House
from triage.answers.letter import Letter, is_short
from triage.answers.variables import fill, sample_ticket
from triage.models import Answer, Intent, PolicyRevision
from triage.running.runtime import read_policies

LETTER = Letter("en", "Log in at {orders_page}.", "Your mail has the link.", "In {delivery_days}.")
LINK = {("orders_page", ""): "https://shop.example.com/orders"}
DAYS = {("delivery_days", ""): "2-4"}
YES, NO = {("accounts", ""): "yes"}, {("accounts", ""): "no"}


LONG = "I sent the shoes back last week and would like to know when the money comes."


def keys(letter: Letter, said: dict[tuple[str, str], str]) -> list[str]:
    return [fact.key for fact in letter.missing(House(said))]


def test_a_letter_says_that_one_may_reply_only_where_mail_is_read(db: None) -> None:
    ticket = sample_ticket()
    assert fill("If not, {reply_hint}.", ticket, House({}), "en") == "If not, write to us below."
    Mailbox.objects.create(address="support@example.com", way=Mailbox.Way.HANDED)
    assert fill("If not, {reply_hint}.", ticket, House({}), "en") == "If not, just reply."


def test_an_answer_lacks_the_facts_of_every_form() -> None:
    assert keys(LETTER, {}) == ["accounts", "delivery_days", "orders_page"]
    assert keys(LETTER, YES | LINK) == ["delivery_days"]
    assert keys(LETTER, YES | LINK | DAYS) == []


def test_a_house_without_accounts_needs_nothing_for_them() -> None:
    assert keys(LETTER, NO | DAYS) == []


def test_an_answer_of_one_form_need_not_know_about_accounts() -> None:
    assert keys(Letter("en", "Hello"), {}) == []


def test_a_fact_in_words_is_needed_in_the_answers_language() -> None:
    said = {("hours", "en"): "9 to 5"}
    assert keys(Letter("de", "{hours}"), said) == ["hours"]
    assert keys(Letter("en-GB", "{hours}"), said) == []


@pytest.mark.parametrize(
    ("has_account", "said", "text"),
    [(True, YES, LETTER.body), (False, YES, LETTER.guest), (True, NO, LETTER.guest), (True, {}, LETTER.body)],
)
def test_who_has_no_account_is_not_told_to_log_in(
    has_account: bool, said: dict[tuple[str, str], str], text: str
) -> None:
    assert LETTER.text(has_account=has_account, is_short=False, facts=House(said)) == text


@pytest.mark.parametrize(
    ("asked", "short"),
    [
        ("phone number?", True),
        ("How long does delivery take, please?", True),
        ("I ordered two lamps on Monday, how long will it take?", False),
        ("", False),
        ("送" * 101, False),
    ],
)
def test_a_question_of_one_line_gets_the_short_form(asked: str, short: bool) -> None:
    assert is_short(asked) is short


def test_a_missing_fact_leaves_a_gap_that_an_agent_sees() -> None:
    assert fill("In {delivery_days}.", sample_ticket(), House(), "en") == "In [delivery days?]."


def test_how_to_answer_is_said_in_the_letters_language(db: None) -> None:
    assert fill("Bitte {reply_hint}.", sample_ticket(), House(), "de") == "Bitte schreiben Sie uns unten."
    assert fill("{greeting},", sample_ticket(), House(), "fr") == "Bonjour Robin Sample,"


@pytest.mark.django_db
def test_a_language_that_has_no_words_for_a_variable_is_refused(refund_intent: Intent) -> None:
    with pytest.raises(ValidationError, match="exists in"):
        Answer.objects.create(intent=refund_intent, language="pl", body="Witaj, {reply_hint}.")


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["guest_body", "summary"])
def test_every_form_is_checked_for_unknown_variables(refund_intent: Intent, form: str) -> None:
    with pytest.raises(ValidationError, match="Unknown variable"):
        Answer.objects.create(intent=refund_intent, body="Hello", **{form: "{nonsense}"})


# --- on the way of a ticket -----------------------------------------------------------------------------


@pytest.fixture
def needs_days(refund_intent: Intent) -> Intent:
    """An automated intent whose answer needs a fact."""
    answer = Answer.objects.create(
        intent=refund_intent,
        body="Dear {requester_name}, it takes {refund_days}.",
        guest_body="Dear guest, it takes {refund_days}.",
        summary="{refund_days}.",
    )
    answer.approve(None)
    return refund_intent


def say(**said: object) -> None:
    for key, value in said.items():
        set_fact(key, value, language="en", by=None)


def test_an_answer_that_lacks_a_fact_counts_as_none(needs_days: Intent) -> None:
    assert read_policies(None)[needs_days.slug].answer_languages == frozenset()
    say(accounts=True, refund_days=5)
    assert read_policies(None)[needs_days.slug].answer_languages == {"en"}


def test_a_complete_answer_in_another_language_keeps_the_mode(needs_days: Intent) -> None:
    Answer.objects.create(intent=needs_days, language="fr", body="Bonjour").approve(None)
    policy = read_policies(None)[needs_days.slug]
    assert (policy.mode, policy.answer_languages) == ("auto", {"fr"})


def test_an_intent_without_any_answer_keeps_its_mode(db: None) -> None:
    Intent.objects.create(slug="mute", mode="auto")
    assert read_policies(None)["mute"].mode == "auto"


def test_a_gap_is_not_sent_even_if_the_policy_would(
    needs_days: Intent, engine: FakeEngine, submit: Callable[..., Ticket]
) -> None:
    engine.says(needs_days.slug, 0.99)
    ticket = submit(body=LONG)
    assert ticket.state is Status.ESCALATED
    decision = ticket.decisions.get()
    assert (decision.reason, decision.response) == ("no_answer", "Dear guest, it takes [refund days?].")


@pytest.mark.parametrize("has_account", [True, False])
def test_a_ticket_gets_the_form_for_its_writer(
    needs_days: Intent, engine: FakeEngine, submit: Callable[..., Ticket], requester: User, has_account: bool
) -> None:
    say(accounts=True, refund_days=5)
    engine.says(needs_days.slug, 0.99)
    ticket = submit(
        requester=requester if has_account else None,
        body=LONG,
    )
    who = "Rita" if has_account else "guest"
    assert ticket.messages.last().body == f"Dear {who}, it takes 5 working days."


def test_a_line_is_answered_with_a_line(
    needs_days: Intent, engine: FakeEngine, submit: Callable[..., Ticket]
) -> None:
    say(accounts=True, refund_days=5)
    engine.says(needs_days.slug, 0.99)
    assert submit(body="How long do refunds take?").messages.last().body == "5 working days."


def test_a_fact_counts_from_the_next_ticket_on(db: None) -> None:
    before = PolicyRevision.current()
    say(refund_days=5)
    said = PolicyRevision.current()
    say(refund_days="")
    assert before < said < PolicyRevision.current()
