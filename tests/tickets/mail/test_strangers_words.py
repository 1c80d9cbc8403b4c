"""Whoever gives somebody else's address sends them nothing of their own."""

from __future__ import annotations

import pytest

from accounts.names import is_plain_name
from tickets.background import jobs
from tickets.mail import notices
from tickets.models import OutgoingMail, Ticket
from triage.models import Answer, Intent

pytestmark = pytest.mark.django_db
NEW = "/tickets/new/"
SPAM = {"subject": "Cheap watches", "body": "Buy at http://evil.example/win now", "name": "Wendy Watchseller"}
WORDS = ("cheap", "watch", "evil", "buy", "wendy")


@pytest.mark.parametrize("name", ["http://evil.example/win", "evil.example", "a@b.de", "Call 0900 123", "a" * 61, "Win。now", "x\ny: z", "one two three four five six seven"])  # fmt: skip
def test_a_name_with_more_than_a_name_in_it_is_refused_at_every_door(web, api, agent, name, engine):
    refused = web().post(NEW, {"email": "v@example.com", "body": "Where?", "name": name})
    assert refused.status_code == 422
    assert not Ticket.objects.exists()
    wish = {"requester_email": "v@example.com", "requester_name": name, "body": "Where?"}
    assert api(agent).post("/api/tickets", wish).status_code == 400
    sign_up = {"email": "v@example.com", "name": name, "password": "a-Long-enough-Pass1"}
    assert api().post("/api/auth/register", sign_up).status_code == 400
    form = {
        "email": "v@example.com",
        "name": name,
        "password1": "a-Long-enough-Pass1",
        "password2": "a-Long-enough-Pass1",
    }
    assert web().post("/accounts/signup/", form).status_code == 200
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(
    "name", ["", "Renée O’Hara-Smith", "J. R. R. Tolkien", "Dr. Müller", "王小明", "Мария", "Tom & Anna"]
)
def test_names_are_names_in_any_language(name):
    assert is_plain_name(name)


@pytest.mark.parametrize("sure", [True, False])
def test_mail_to_an_address_that_is_only_claimed_carries_no_word_of_the_sender(web, engine, sure):
    intent = Intent.objects.create(slug="track_refund", title="Where is my refund", mode="auto")
    Answer.objects.create(intent=intent, body="Refunds take five days. It was about {subject}.").approve(None)
    if sure:
        engine.says("track_refund", 0.99)
    web().post(NEW, {**SPAM, "email": "victim@example.com"})
    ticket = Ticket.objects.get()
    notices.access_link(ticket)
    mails = OutgoingMail.objects.all()
    assert len(mails) == 2
    for mail in mails:
        told = f"{mail.subject}\n{mail.body}".lower()
        assert [word for word in WORDS if word in told] == []
        assert ticket.reference in mail.subject
    jobs.run_due()


def test_who_is_logged_in_reads_their_own_subject(web, engine, requester):
    web(requester).post(NEW, SPAM)
    mail = OutgoingMail.objects.get()
    assert mail.subject == "Re: Cheap watches"
    assert "Hello Rita," in mail.body


def test_an_address_without_an_account_gets_few_receipts_however_it_is_spelled(
    submit, engine, agent, requester
):
    engine.says("track_refund", 0.1)
    spellings = (
        "victim@gmail.com",
        "vic.tim@gmail.com",
        "victim+1@gmail.com",
        "Victim@Gmail.com",
        "v.i.c.t.i.m+2@gmail.com",
    )
    tickets = [
        submit(guest_email=spelling, body=f"Question {number}?") for number, spelling in enumerate(spellings)
    ]
    assert OutgoingMail.objects.count() == 3
    tickets[-1].reply("Here is your answer.", author=agent)
    assert OutgoingMail.objects.count() == 4  # what a person writes always goes
    for number in range(4):
        submit(requester=requester, body=f"Question {number}?")
    assert OutgoingMail.objects.count() == 8
