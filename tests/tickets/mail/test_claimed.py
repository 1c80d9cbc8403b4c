"""Whoever floods somebody else's address reaches it with three mails a day, whichever way and however it is spelled."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.limits import spending
from accounts.models import User
from tests.conftest import FakeEngine
from tickets.following import copies
from tickets.following.copies import AskedEnough
from tickets.following.models import Copy
from tickets.mail import choices, claimed
from tickets.models import OutgoingMail, Status, Ticket
from tickets.states import Channel, Urgency
from triage.core.types import Assessment, Stance, StanceFound
from triage.models import Action, Intent
from triage.running import pipeline
from triage.running.basis import Basis

pytestmark = pytest.mark.django_db
Submit = Callable[..., Ticket]
VICTIM = "victim@gmail.com"
SPELLINGS = (
    "victim@gmail.com", "vic.tim@gmail.com", "victim+1@gmail.com", "Victim@GMail.com", "v.i.c.t.i.m+2@googlemail.com",
)  # fmt: skip
HOUR = 3600


@pytest.fixture(autouse=True)
def sure_of_refund(engine: FakeEngine, refund_intent: Intent, settings: Any) -> None:
    settings.TRIAGE_REPEAT_DAYS = 0  # or the second answer would be held back for another reason
    engine.says(refund_intent.slug, 0.97)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def go(seconds: int) -> None:
        moment = time.time_ns() + seconds * 10**9
        monkeypatch.setattr(spending.time, "time_ns", lambda: moment)

    return go


def mails() -> int:
    """To the victim, however they were spelled."""
    wanted = {one.lower() for one in SPELLINGS}
    return sum(one.recipients[0].lower() in wanted for one in OutgoingMail.objects.all())


def spend_all() -> None:
    for _ in range(3):
        claimed.count(VICTIM)


def test_automatic_answers_end_after_three_and_a_person_reads_the_rest(submit: Submit) -> None:
    tickets = [submit(guest_email=spelling) for spelling in SPELLINGS]
    assert [one.state for one in tickets] == [Status.AUTO_RESOLVED] * 3 + [Status.ESCALATED] * 2
    assert mails() == 3
    last, decision = tickets[-1], tickets[-1].decisions.get()
    assert (last.escalation_reason, last.messages.count()) == ("mail_spent", 1)
    assert (decision.action, decision.basis["failed"]) == (Action.ESCALATE, ["mail_spent"])
    assert decision.would_send
    assert "five days" in decision.response  # the agent finds it at hand


def test_ways_and_kinds_of_letters_count_together(
    submit: Submit, engine: FakeEngine, web: Callable[..., Client]
) -> None:
    submit(guest_email=VICTIM, channel=Channel.EMAIL)
    engine.says("track_refund", 0.1)
    submit(guest_email="victim+1@gmail.com", channel=Channel.API)
    grave = StanceFound(Stance.GRAVE, 0.4, topic="self_harm")
    engine.says("track_refund", 0.97, stance=grave)
    assert submit(guest_email="v.ictim@gmail.com").urgency == Urgency.URGENT
    assert OutgoingMail.objects.filter(recipients=["v.ictim@gmail.com"]).exists()
    again = submit(guest_email="vi.ctim@gmail.com")
    assert (again.state, again.urgency) == (Status.ESCALATED, Urgency.URGENT)
    assert not OutgoingMail.objects.filter(recipients=["vi.ctim@gmail.com"]).exists()
    engine.says("track_refund", 0.97)
    web().post("/tickets/new/", {"email": VICTIM, "body": "Where is my refund?"})
    assert OutgoingMail.objects.filter(recipients=[VICTIM]).count() == 1


def test_the_next_one_goes_after_a_day_and_never_four_within_one(
    submit: Submit, later: Callable[[int], None]
) -> None:
    for spelling in SPELLINGS[:3]:
        submit(guest_email=spelling)
    later(24 * HOUR - 10)
    assert submit(guest_email=VICTIM).escalation_reason == "mail_spent"
    later(24 * HOUR + 10)
    assert submit(guest_email=VICTIM).state == Status.AUTO_RESOLVED
    assert submit(guest_email=VICTIM).escalation_reason == "mail_spent"
    assert mails() == 4


def test_what_a_person_writes_neither_waits_nor_counts(
    submit: Submit, engine: FakeEngine, agent: User
) -> None:
    engine.says("track_refund", 0.1)
    first = submit(guest_email=VICTIM)
    engine.says("track_refund", 0.97)
    for number in range(3):
        first.reply(f"Word {number}.", author=agent)
    assert mails() == 4
    assert submit(guest_email=VICTIM).state == Status.AUTO_RESOLVED
    assert submit(guest_email=VICTIM).state == Status.AUTO_RESOLVED
    held = submit(guest_email=VICTIM)
    held.reply("Here is your answer.", author=agent)
    assert mails() == 7


def test_who_is_proved_is_answered_whatever_was_sent_in_their_name(submit: Submit, requester: User) -> None:
    for _ in range(3):
        claimed.count(requester.email)
    for _ in range(4):
        assert submit(requester=requester).state == Status.AUTO_RESOLVED
        assert submit(guest_email=requester.email, sender_verified=True).state == Status.AUTO_RESOLVED
    assert submit(guest_email=requester.email).escalation_reason == "mail_spent"


def test_what_is_spent_between_look_and_sending_is_found_out(
    submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, judged = pipeline.judge, []

    def judge_and_be_overtaken(ticket: Ticket) -> pipeline.Verdict:
        judged.append(judge(ticket))
        if len(judged) == 1:
            spend_all()
        return judged[-1]

    monkeypatch.setattr(pipeline, "judge", judge_and_be_overtaken)
    ticket = submit(guest_email=VICTIM)
    assert [one.decision.reason for one in judged] == ["confident", "mail_spent"]
    assert (ticket.escalation_reason, ticket.messages.count(), mails()) == ("mail_spent", 1, 0)


def test_who_wants_no_mails_is_answered_without_counting(submit: Submit) -> None:
    choices.choose(VICTIM, choices.Wanted.NONE)
    assert [submit(guest_email=VICTIM).state for _ in range(4)] == [Status.AUTO_RESOLVED] * 4


def test_what_is_rolled_back_was_not_counted(submit: Submit) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        spend_all()
        raise ZeroDivisionError
    assert submit(guest_email=VICTIM).state == Status.AUTO_RESOLVED


def test_a_redis_does_not_count_them(submit: Submit, settings: Any) -> None:
    """It would not take back what is rolled back."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    spend_all()
    with pytest.raises(claimed.Spent):
        claimed.count(VICTIM)
    assert submit(guest_email=VICTIM).escalation_reason == "mail_spent"


def test_offers_of_copies_by_a_requester_count_and_an_agent_s_do_not(
    submit: Submit, requester: User, agent: User, web: Callable[..., Client]
) -> None:
    own = [submit(requester=requester) for _ in range(4)]
    for ticket, spelling in zip(own[:3], SPELLINGS, strict=False):
        copies.add(ticket, spelling, way=Copy.Way.REQUESTER, by=requester)
    with pytest.raises(AskedEnough):
        copies.add(own[3], VICTIM, way=Copy.Way.REQUESTER, by=requester)
    page = web(requester).post(f"{own[3].get_absolute_url()}copies/", {"address": VICTIM}, follow=True)
    assert "enough emails for today" in page.content.decode()
    assert (mails(), own[3].copies.count()) == (3, 0)
    assert submit(guest_email=VICTIM).escalation_reason == "mail_spent"
    assert copies.add(own[3], VICTIM, way=Copy.Way.TEAM, by=agent)
    assert mails() == 4


def test_what_was_spent_then_is_replayed(submit: Submit) -> None:
    spend_all()
    kept = submit(guest_email=VICTIM).decisions.get().basis
    sure = Assessment(intent="track_refund", confidence=0.97, margin=0.97)
    assert Basis.from_json(kept).decide(sure).reason == "mail_spent"
    del kept["mail_spent"]  # as decided before there was such a gate
    assert Basis.from_json(kept).decide(sure).reason == "confident"
