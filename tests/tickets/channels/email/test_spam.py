"""Spam: learnt from what agents say, never on little evidence, always in quarantine and never lost."""

from __future__ import annotations

import random
from itertools import count

import pytest

from accounts.models import User
from tests.tickets.channels.email.conftest import Take, mail
from tickets.background import jobs
from tickets.channels.email import spam
from tickets.channels.email.models import Outcome, SpamLesson, SpamWord
from tickets.models import Job, OutgoingMail, Status, Ticket

pytestmark = pytest.mark.django_db
SOLD = [
    "backlinks",
    "ranking",
    "casino",
    "bonus",
    "crypto",
    "wallet",
    "profit",
    "guaranteed",
    "traffic",
    "visitors",
    "leads",
    "unlimited",
    "discount",
    "pills",
]
ASKED = [
    "parcel",
    "refund",
    "invoice",
    "order",
    "delivery",
    "broken",
    "size",
    "exchange",
    "address",
    "password",
    "login",
    "account",
    "shipping",
    "colour",
    "receipt",
]
SHARED = [
    "hello",
    "please",
    "thank",
    "you",
    "regards",
    "team",
    "would",
    "like",
    "with",
    "this",
    "that",
    "from",
    "our",
    "your",
    "have",
]
numbers = count()


def written(random_: random.Random, words: list[str]) -> str:
    return " ".join(random_.sample(words, 9) + random_.sample(SHARED, 8))


def teach(hand_over: Take, agent: User, lessons: int, *, seed: int = 1) -> None:
    """As many of each kind, marked and answered by an agent."""
    made = random.Random(seed)
    for number in range(lessons):
        bad = hand_over(
            mail(written(made, SOLD), sender=f"b{next(numbers)}@sell.example", subject=f"Offer {number}")
        )
        good = hand_over(
            mail(written(made, ASKED), sender=f"g{next(numbers)}@home.example", subject=f"Help {number}")
        )
        bad.ticket.quarantine("marked_spam", agent)
        good.ticket.escalate("low_confidence")
        good.ticket.reply("Soon.", author=agent)
    learn_all()


def learn_all() -> None:
    for job in Job.objects.filter(kind=spam.KIND, finished_at=None):
        jobs.run_one(job.pk)


def spam_mail(**changed: str) -> str:
    return written(random.Random(99), SOLD)


def test_what_agents_marked_teaches_what_comes(hand_over: Take, agent: User) -> None:
    teach(hand_over, agent, spam.LEAST_LESSONS)
    OutgoingMail.objects.all().delete()
    bad = hand_over(mail(spam_mail(), sender="new@sell.example", subject="Offer"))
    assert bad.outcome == Outcome.TICKET
    assert "looks like spam" in bad.reason
    assert bad.ticket.is_quarantined
    assert not OutgoingMail.objects.exists()
    good = hand_over(mail(written(random.Random(98), ASKED), sender="new@home.example", subject="Help"))
    assert not good.ticket.is_quarantined


def test_below_enough_evidence_nothing_is_spam(hand_over: Take, agent: User) -> None:
    teach(hand_over, agent, spam.LEAST_LESSONS - 1)
    assert SpamLesson.objects.filter(is_spam=True).count() == spam.LEAST_LESSONS - 1
    assert not hand_over(mail(spam_mail(), sender="new@sell.example")).ticket.is_quarantined


def test_a_mail_of_unknown_words_is_never_spam(hand_over: Take, agent: User) -> None:
    teach(hand_over, agent, spam.LEAST_LESSONS)
    for body in ("Kde je moje zásilka? Čekám už dva týdny.", "ok", "Where?", "casino"):
        assert not hand_over(mail(body, sender=f"n{next(numbers)}@new.example")).ticket.is_quarantined


def test_who_was_answered_here_sends_no_spam(hand_over: Take, agent: User) -> None:
    teach(hand_over, agent, spam.LEAST_LESSONS)
    known = hand_over(mail("Where is my parcel?", sender="known@sell.example")).ticket
    known.escalate("low_confidence")
    known.reply("Soon.", author=agent)
    assert not hand_over(mail(spam_mail(), sender="known@sell.example")).ticket.is_quarantined


def test_it_is_taken_out_again_and_that_is_learnt(hand_over: Take, agent: User) -> None:
    teach(hand_over, agent, spam.LEAST_LESSONS)
    ticket = hand_over(mail(spam_mail(), sender="new@sell.example")).ticket
    assert not SpamLesson.objects.filter(ticket=ticket).exists()  # its own verdict is no lesson
    ticket.release(agent)
    learn_all()
    assert SpamLesson.objects.get(ticket=ticket).is_spam is False
    ticket.refresh_from_db()
    assert (ticket.state, ticket.is_quarantined) == (Status.ESCALATED, False)


def test_a_ticket_is_counted_once_and_another_word_replaces_the_first(hand_over: Take, agent: User) -> None:
    ticket = hand_over(mail("Buy backlinks now", sender="x@sell.example", subject="Offer")).ticket
    counted = spam.words_of(ticket.subject, "Buy backlinks now", "x@sell.example")
    ticket.quarantine("marked_spam", agent)
    for _ in range(3):
        spam.learn(ticket.pk)
    assert set(SpamWord.objects.values_list("spam", "wanted")) == {(1, 0)}
    assert set(SpamWord.objects.values_list("pk", flat=True)) == counted
    ticket.release(agent)
    learn_all()
    assert set(SpamWord.objects.values_list("spam", "wanted")) == {(0, 1)}


@pytest.mark.parametrize(
    ("header", "value"),
    [("X-Spam-Flag", "YES"), ("X-Spam-Status", "Yes, score=9.1"), ("X-Bogosity", "Spam, tests=bogofilter"),
     ("X-Spam", "Yes"), ("X-Rspamd-Action", "add header")],
)  # fmt: skip
def test_the_mail_server_s_filter_is_heard(hand_over: Take, header: str, value: str) -> None:
    row = hand_over(mail(**{header.replace("-", "_"): value}))
    assert row.ticket.is_quarantined
    assert "filter" in row.reason


@pytest.mark.parametrize(
    ("header", "value"),
    [("X-Spam-Flag", "NO"), ("X-Spam-Status", "No, score=1"), ("X-Bogosity", "Ham, tests=bogofilter"),
     ("X-Bogosity", "Unsure"), ("X-Rspamd-Action", "no action")],
)  # fmt: skip
def test_its_no_is_no_spam(hand_over: Take, header: str, value: str) -> None:
    assert not hand_over(mail(**{header.replace("-", "_"): value})).ticket.is_quarantined


def test_a_reply_on_a_ticket_and_a_proved_sender_are_never_judged(hand_over: Take, agent: User) -> None:
    proved = hand_over(
        mail(X_Spam_Flag="YES", Authentication_Results="mx.example.com; dmarc=pass header.from=example.org")
    )
    assert not proved.ticket.is_quarantined
    proved.ticket.escalate("low_confidence")
    proved.ticket.reply("Which size?", author=agent)
    last = OutgoingMail.objects.latest("id").message_id
    reply = hand_over(mail("42", subject="Re: x", In_Reply_To=last, X_Spam_Flag="YES"))
    assert reply.outcome == Outcome.REPLY
    assert not Ticket.objects.get(pk=reply.ticket_id).is_quarantined


def test_words_are_kept_as_numbers_that_another_house_cannot_read(settings: object) -> None:
    here = spam.words_of("a", "casino", "x@y.z")
    settings.SECRET_KEY = "another" * 10  # type: ignore[attr-defined]
    assert not here & spam.words_of("a", "casino", "x@y.z")


@pytest.mark.parametrize("beliefs", [[0.99] * 3 + [0.01] * 3, [0.5] * 20, [0.99] * 10 + [0.02] * 9])
def test_words_that_speak_against_it_keep_a_mail_out(beliefs: list[float]) -> None:
    assert spam.combined(beliefs) < spam.SURE
    assert spam.combined([0.98] * 10) > spam.SURE
    assert spam.combined([0.02] * 10) < 0.01
