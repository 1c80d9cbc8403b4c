"""Every message, one mail a day, or none: chosen behind a letter's link, and by a mail program's one click."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tickets.intake.submit import Submission, submit_ticket
from tickets.mail import choices, notices
from tickets.mail.choices import Wanted
from tickets.models import DigestEntry, MailChoice, OutgoingMail, SentMail, Ticket

pytestmark = pytest.mark.django_db


def made(requester: User | None, subject: str = "My refund") -> Ticket:
    ticket = submit_ticket(
        Submission(subject=subject, body="Where is it?", requester=requester, guest_email="gina@example.org")
    )
    ticket.escalate("low_confidence")
    OutgoingMail.objects.all().delete()
    return ticket


@pytest.fixture
def ticket(requester: User) -> Ticket:
    return made(requester)


def path(ticket: Ticket) -> str:
    return "/" + choices.link(ticket).split("/", 3)[3]


def test_every_letter_carries_the_link(ticket: Ticket, agent: User) -> None:
    ticket.reply("On its way.", author=agent)
    letter = OutgoingMail.objects.get()
    for body in (letter.body, letter.html_body):
        found = body[body.index("/emails/") :].split("/")[2]
        assert choices.reference_in(found) == ticket.reference
    assert ticket.requester_email not in choices.link(ticket)


def test_a_link_is_only_looked_at_and_a_button_chooses(client: Client, ticket: Ticket) -> None:
    page = client.get(path(ticket)).content.decode()
    assert 'value="every" checked' in page
    assert not MailChoice.objects.exists()
    assert client.post(path(ticket), {"wanted": "daily"}).status_code == 302
    assert choices.wanted_by("Rita+shop@example.com") is Wanted.DAILY
    assert 'value="daily" checked' in client.get(path(ticket)).content.decode()
    client.post(path(ticket), {"wanted": "hourly"})
    assert choices.wanted_by(ticket.requester_email) is Wanted.DAILY


def test_a_mail_program_unsubscribes_by_one_click(ticket: Ticket) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(path(ticket), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200  # RFC 8058: no redirect
    assert choices.wanted_by(ticket.requester_email) is Wanted.NONE


def test_a_forged_link_chooses_nothing(client: Client, ticket: Ticket) -> None:
    forged = path(ticket)[:-3] + "xx/"
    assert client.get(forged).status_code == 404
    assert client.post(forged, {"List-Unsubscribe": "One-Click"}).status_code == 404
    assert not MailChoice.objects.exists()


def test_who_wants_none_gets_no_letter_but_the_link_they_ask_for(ticket: Ticket, agent: User) -> None:
    choices.choose(ticket.requester_email, Wanted.NONE)
    ticket.reply("On its way.", author=agent)
    assert not OutgoingMail.objects.exists()
    assert not SentMail.objects.exists()
    assert not DigestEntry.objects.exists()
    notices.access_link(ticket)
    assert OutgoingMail.objects.count() == 1


def test_one_mail_a_day_names_what_is_new_once(requester: User, ticket: Ticket, agent: User) -> None:
    other = made(requester, "My parcel")
    choices.choose(ticket.requester_email, Wanted.DAILY)
    for one in (ticket, other, ticket):
        one.refresh_from_db()
        one.reply("On its way.", author=agent)
    notices.digests()
    assert not OutgoingMail.objects.exists()  # not before a day has gone
    DigestEntry.objects.filter(ticket=ticket).update(at=timezone.now() - timedelta(hours=25))
    notices.digests()
    notices.digests()
    digest = OutgoingMail.objects.get()
    assert digest.recipients == [ticket.requester_email]
    assert digest.subject == "What is new on your tickets"
    for one in (ticket, other):
        assert digest.body.count(one.subject) == 1
        assert one.get_absolute_url() in digest.html_body
    assert "On its way." not in digest.body
    assert digest.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    unsubscribe = digest.headers["List-Unsubscribe"].strip("<>")
    assert choices.reference_in(unsubscribe.split("/")[-2]) in {ticket.reference, other.reference}


def test_a_guest_s_digest_repeats_no_word_of_whoever_wrote(agent: User) -> None:
    ticket = made(None, "Buy at evil.example")
    choices.choose(ticket.requester_email, Wanted.DAILY)
    ticket.reply("Hello.", author=agent)
    DigestEntry.objects.update(at=timezone.now() - timedelta(hours=25))
    notices.digests()
    digest = OutgoingMail.objects.get()
    assert "evil.example" not in digest.body + digest.html_body + digest.subject
    assert ticket.reference in digest.body


def test_who_changes_to_none_gets_no_digest_any_more(ticket: Ticket, agent: User) -> None:
    choices.choose(ticket.requester_email, Wanted.DAILY)
    ticket.reply("On its way.", author=agent)
    choices.choose(ticket.requester_email, Wanted.NONE)
    assert not DigestEntry.objects.exists()


def test_a_grave_ticket_s_emergency_line_is_always_sent(
    requester: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickets.mail.notices.grave.is_grave", lambda ticket: True)
    choices.choose(requester.email, Wanted.NONE)
    ticket = submit_ticket(Submission(subject="Help", body="I cannot go on", requester=requester))
    ticket.escalate("low_confidence")
    assert OutgoingMail.objects.count() == 1
