"""What becomes of a submission: the ticket, its first message and its Event, all or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError

from accounts.models import User
from tickets.intake import uploads
from tickets.intake.submit import SUBJECT_LENGTH, Submission, one_line, subject_from, submit_ticket
from tickets.models import Attachment, Channel, Event, Message, Status, Ticket

pytestmark = pytest.mark.django_db


def submitted(**facts: Any) -> Ticket:
    facts = {"subject": "My refund", "body": "Where is it?", "guest_email": "gus@example.com", **facts}
    ticket = submit_ticket(Submission(**facts))
    return Ticket.objects.get(pk=ticket.pk)


def test_a_guests_words_are_kept_as_what_they_claim() -> None:
    ticket = submitted(guest_email="Gus@EXAMPLE.com", guest_name=" Gus \n Guest ")
    assert (ticket.requester, ticket.sender_verified) == (None, False)
    assert ticket.requester_email == User.objects.normalize_email("Gus@EXAMPLE.com")
    assert (ticket.requester_name, ticket.subject) == ("Gus Guest", "My refund")
    assert (ticket.status, ticket.channel, ticket.human_requested) == (Status.OPEN, Channel.WEB, False)
    assert (ticket.follow_up_of, ticket.external_id) == (None, None)
    assert (ticket.machine_sent, ticket.language) == (False, "")
    assert ticket.seen_at is not None  # who has just written it has seen it
    message = ticket.messages.get()
    assert (message.sender, message.author, message.kind, message.body) == (
        "requester", None, "reply", "Where is it?",
    )  # fmt: skip


def test_who_gives_neither_name_nor_address_has_none() -> None:
    ticket = submit_ticket(Submission(subject="Call", body="Somebody rang."))
    assert (ticket.requester_email, ticket.requester_name) == ("", "")


def test_a_login_says_who_it_is_whatever_else_is_claimed(requester: User) -> None:
    ticket = submitted(requester=requester, guest_email="steve@example.com", guest_name="Steve")
    assert (ticket.requester, ticket.requester_email) == (requester, requester.email)
    assert (ticket.requester_name, ticket.sender_verified) == (requester.name, True)
    assert ticket.messages.get().author == requester


def test_every_wish_reaches_the_ticket(requester: User) -> None:
    earlier = submitted(requester=requester)
    ticket = submitted(
        requester=requester, channel=Channel.API, follow_up_of=earlier, human_requested=True,
        external_id="shop:7", files=[SimpleUploadedFile("a.txt", b"One line of a log.")], language="de",
        machine_sent=True,
    )  # fmt: skip
    assert (ticket.language, ticket.machine_sent) == ("de", True)
    assert (ticket.channel, ticket.follow_up_of, ticket.human_requested) == ("api", earlier, True)
    assert ticket.external_id == "shop:7"
    assert Attachment.objects.get().message == ticket.messages.get()
    event = Event.objects.get(ticket=ticket)
    assert (event.kind, event.actor, event.facts) == ("created", requester, {"channel": "api"})


def test_files_that_came_ahead_go_with_the_first_message() -> None:
    ahead = [
        uploads.keep(SimpleUploadedFile(name, b"One line of a log."), "a browser")
        for name in ("a.txt", "b.txt")
    ]
    ticket = submitted(uploaded=ahead[:1])
    assert list(ticket.messages.get().attachments.all()) == ahead[:1]
    assert list(uploads.waiting("a browser")) == ahead[1:]


def test_a_mail_server_that_vouches_for_the_address_verifies_it() -> None:
    assert submitted(sender_verified=True).sender_verified is True


def test_nothing_is_left_of_a_submission_whose_event_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(event: Event, *args: Any, **options: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(Event, "save", refuse)
    with pytest.raises(DatabaseError):
        submitted()
    assert not Ticket.objects.exists()
    assert not Message.objects.exists()


def test_the_senders_own_name_for_it_is_taken_once() -> None:
    submitted(external_id="shop:7")
    with pytest.raises(IntegrityError):
        submitted(external_id="shop:7")


@pytest.mark.parametrize(
    ("subject", "body", "kept"),
    [
        ("My\nrefund ", "Where?", "My refund"),
        ("", "Where is\nmy refund?", "Where is my refund?"),
        ("  ", "x" * 80, "x" * 80),
        ("", "word " * 20, "word " * 14 + "word…"),
        ("s" * 300, "Where?", "s" * SUBJECT_LENGTH),
    ],
)
def test_the_subject_is_one_line_or_the_first_words(subject: str, body: str, kept: str) -> None:
    assert submitted(subject=subject, body=body).subject == kept


def test_a_word_without_end_is_cut_too() -> None:
    assert subject_from("x" * 81) == "x" * 79 + "…"
    assert subject_from("ab " + "x" * 90) == "ab…"
    assert subject_from("ab " + "x" * 75 + " and more") == "ab " + "x" * 75 + "…"
    assert one_line("") == ""
