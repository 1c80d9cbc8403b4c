"""What becomes of a mail: a ticket, a reply, or aside with its bytes; never nothing, never twice."""

from __future__ import annotations

from email import message_from_bytes
from unittest.mock import patch

import pytest
from django.db import OperationalError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import User
from tests.tickets.channels.email.conftest import MAILBOX, Take, last_mail, mail
from tickets.channels.email.account import account
from tickets.channels.email.models import InboundMail, Mailbox, Outcome
from tickets.channels.email.screen import SAME_TEXTS
from tickets.channels.email.taking import take
from tickets.errors import InvalidTransition
from tickets.intake import replies
from tickets.mail import threads
from tickets.models import Channel, Closure, Message, OutgoingMail, Status, Ticket


def escalated(ticket: Ticket) -> Ticket:
    ticket.refresh_from_db()
    if ticket.state is Status.OPEN:
        ticket.escalate("low_confidence")
    return ticket


def test_a_mail_becomes_a_ticket(hand_over: Take) -> None:
    row = hand_over(mail("Hello,\n\nwhere is my parcel?\n\nGina\n"))
    assert row.outcome == Outcome.TICKET
    assert row.ticket is not None
    assert row.ticket.channel == Channel.EMAIL
    assert (row.ticket.requester_email, row.ticket.requester_name) == ("gina@example.org", "Gina Guest")
    assert not row.ticket.sender_verified
    assert row.message is not None
    assert row.message.body == "Hello,\n\nwhere is my parcel?\n\nGina"
    assert bytes(row.raw.content) == mail("Hello,\n\nwhere is my parcel?\n\nGina\n").as_bytes()


def test_the_same_mail_is_one_ticket(hand_over: Take) -> None:
    first, second = hand_over(mail()), hand_over(mail())
    assert (first.outcome, second.outcome) == (Outcome.TICKET, Outcome.DUPLICATE)
    assert Ticket.objects.count() == 1
    assert account().total == 2


def test_another_mail_with_the_same_id_is_not_lost(hand_over: Take) -> None:
    hand_over(mail("Where is my parcel?", message_id="<1@example.org>"))
    second = hand_over(mail("Please cancel my order.", message_id="<1@example.org>"))
    assert second.outcome == Outcome.TICKET


def test_a_reply_to_the_signed_address_joins_its_ticket(hand_over: Take) -> None:
    ticket = escalated(hand_over(mail()).ticket)
    address = threads.reply_address(MAILBOX, ticket.reference)
    row = hand_over(
        mail("It was order 55.\n\n> Where is my parcel?\n", to=address, subject="Re: something else")
    )
    assert (row.outcome, row.ticket) == (Outcome.REPLY, ticket)
    assert row.message.body == "It was order 55."
    assert row.quoted == "> Where is my parcel?"


def test_our_mail_names_the_signed_address_and_the_thread(hand_over: Take, agent: User) -> None:
    row = hand_over(mail(message_id="<first@example.org>"))
    escalated(row.ticket).reply("It is on its way.", author=agent)
    sent = last_mail()
    assert sent.headers["Reply-To"] == threads.reply_address(MAILBOX, row.ticket.reference)
    assert sent.headers["In-Reply-To"] == "<first@example.org>"
    assert threads.reference_in_id(sent.message_id) == row.ticket.reference
    again = hand_over(mail("Thank you, but where?", subject="Re: x", In_Reply_To=sent.message_id))
    assert (again.outcome, again.ticket) == (Outcome.REPLY, row.ticket)


def test_a_forged_address_opens_nothing(hand_over: Take) -> None:
    ticket = escalated(hand_over(mail()).ticket)
    forged = threads.reply_address(MAILBOX, ticket.reference).replace("-", "-", 1)
    tag, _, domain = forged.partition("@")
    forged = f"{tag[:-1]}{'a' if tag[-1] != 'a' else 'b'}@{domain}"
    row = hand_over(mail("Let me in.", to=forged, sender="eve@example.net", subject="Hi"))
    assert row.outcome == Outcome.TICKET
    assert row.ticket != ticket


def test_a_stranger_with_a_leaked_id_gets_a_ticket_of_their_own(hand_over: Take, agent: User) -> None:
    row = hand_over(mail())
    escalated(row.ticket).reply("It is on its way.", author=agent)
    stranger = hand_over(
        mail("Change the address.", sender="eve@example.net", In_Reply_To=last_mail().message_id)
    )
    assert stranger.outcome == Outcome.TICKET
    assert stranger.ticket != row.ticket
    assert row.ticket.reference in stranger.reason


def test_a_reference_in_the_subject_counts_from_its_requester_only(hand_over: Take) -> None:
    ticket = escalated(hand_over(mail()).ticket)
    subject = f"Re: your ticket {ticket.reference.lower()}"
    assert hand_over(mail("More.", subject=subject)).ticket == ticket
    assert hand_over(mail("More.", subject=subject, sender="eve@example.net")).ticket != ticket


def test_another_sender_at_the_signed_address_is_heard_but_closes_nothing(
    hand_over: Take, agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replies, "_reader", lambda text: "thanks")
    ticket = escalated(hand_over(mail()).ticket)
    ticket.resolve(actor=agent)
    address = threads.reply_address(MAILBOX, ticket.reference)
    row = hand_over(mail("Thanks!", to=address, sender="colleague@example.net"))
    assert row.outcome == Outcome.REPLY
    assert "not the requester" in row.reason
    ticket.refresh_from_db()
    assert ticket.state is Status.ESCALATED
    ticket.resolve(actor=agent)
    hand_over(mail("Thanks a lot!", to=address))
    ticket.refresh_from_db()
    assert ticket.state is Status.CLOSED


def test_an_agent_answers_by_mail_through_an_address_of_their_own(
    hand_over: Take, agent: User, supervisor: User
) -> None:
    ticket = escalated(hand_over(mail()).ticket)
    ticket.assign(agent, actor=agent)
    hand_over(mail("Any news?", subject=f"[{ticket.reference}]"))
    sent = last_mail()
    assert sent.recipients == [agent.email]
    address = sent.headers["Reply-To"]
    row = hand_over(mail("It comes on Monday.", to=address, sender=agent.email))
    assert row.message.sender == Message.Sender.AGENT
    other = hand_over(mail("It never comes.", to=address, sender=supervisor.email))
    assert other.outcome == Outcome.TICKET
    assert other.ticket != ticket


def test_a_reply_to_a_closed_ticket_begins_its_follow_up(hand_over: Take, agent: User) -> None:
    ticket = escalated(hand_over(mail()).ticket)
    ticket.resolve(actor=agent)
    ticket.close(Closure.AGENT, actor=agent)
    row = hand_over(mail("Still nothing.", to=threads.reply_address(MAILBOX, ticket.reference)))
    assert row.outcome == Outcome.TICKET
    assert row.ticket.follow_up_of == ticket


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ({"Auto_Submitted": "auto-replied"}, Outcome.IGNORED),
        ({"X_Autoreply": "yes"}, Outcome.IGNORED),
        ({"Precedence": "auto_reply"}, Outcome.IGNORED),
        ({"Auto_Submitted": "auto-generated"}, Outcome.TICKET),
        ({"Precedence": "bulk"}, Outcome.TICKET),
        ({"List_Id": "<news.example.org>"}, Outcome.TICKET),
        ({"Auto_Submitted": "no"}, Outcome.TICKET),
    ],
)
def test_a_machine_is_never_answered(hand_over: Take, headers: dict[str, str], outcome: Outcome) -> None:
    row = hand_over(mail(**headers))
    assert row.outcome == outcome
    if row.ticket is not None:
        assert row.ticket.machine_sent == (headers != {"Auto_Submitted": "no"})


def test_what_a_machine_sent_cannot_be_answered_automatically(hand_over: Take) -> None:
    with pytest.raises(InvalidTransition, match="reads no replies"):
        hand_over(mail(Precedence="list")).ticket.auto_resolve("Hello.", facts={})


def test_who_sends_from_an_address_that_reads_nothing_is_not_written_to(hand_over: Take) -> None:
    row = hand_over(mail(sender="no-reply@example.org"))
    escalated(row.ticket)
    assert not OutgoingMail.objects.exists()


def test_an_automatic_reply_is_folded_on_its_ticket_and_moves_nothing(hand_over: Take, agent: User) -> None:
    ticket = escalated(hand_over(mail()).ticket)
    ticket.reply("It is on its way.", author=agent)
    address = threads.reply_address(MAILBOX, ticket.reference)
    row = hand_over(
        mail("I am away until Monday.", to=address, subject="Out of office: x", Auto_Submitted="auto-replied")
    )
    ticket.refresh_from_db()
    assert (row.outcome, row.ticket, row.message) == (Outcome.IGNORED, ticket, None)
    assert ticket.state is Status.PENDING


def test_a_subject_alone_makes_no_machine(hand_over: Take) -> None:
    assert hand_over(mail("How do I set an auto-reply?", subject="Out of office")).outcome == Outcome.TICKET


def test_two_helpdesks_stop_writing_to_each_other(hand_over: Take) -> None:
    """One that answers every mail with the same text, without any header, and a new id each time."""
    outcomes = [
        hand_over(
            mail(
                "Thank you for your message.",
                sender="desk@example.net",
                subject="Your request",
                message_id=f"<{n}@x>",
            )
        ).outcome
        for n in range(8)
    ]
    assert outcomes[:SAME_TEXTS] == [Outcome.TICKET] * SAME_TEXTS
    assert set(outcomes[SAME_TEXTS:]) == {Outcome.IGNORED}


def test_a_flood_is_put_aside(hand_over: Take, settings: pytest.MonkeyPatch) -> None:
    settings.MAIL_SENDER_HOURLY = 2
    outcomes = [hand_over(mail(f"Question {n}", message_id=f"<{n}@x>")).outcome for n in range(4)]
    assert outcomes == [Outcome.TICKET, Outcome.TICKET, Outcome.QUARANTINE, Outcome.QUARANTINE]


def test_our_own_mail_that_comes_back_is_not_a_ticket(hand_over: Take) -> None:
    assert hand_over(mail(sender=MAILBOX)).outcome == Outcome.IGNORED


def test_files_come_along_and_refused_ones_are_named(hand_over: Take) -> None:
    made = mail()
    made.add_attachment(b"\x89PNG\r\n\x1a\n123", maintype="image", subtype="png", filename="röhre.png")
    made.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="run.exe")
    row = hand_over(made)
    assert [file.name for file in row.message.attachments.all()] == ["röhre.png"]
    assert any("run.exe" in remark for remark in row.remarks)


def test_the_sender_is_verified_by_our_own_server_only(hand_over: Take, requester: User) -> None:
    ours = "mx.example.com; dmarc=pass header.from=example.com"
    verified = hand_over(mail("One.", sender=requester.email, Authentication_Results=ours))
    assert (verified.ticket.requester, verified.ticket.sender_verified) == (requester, True)
    theirs = "mx.evil.example; dmarc=pass header.from=example.com"
    claimed = hand_over(mail("Two.", sender=requester.email, Authentication_Results=theirs))
    assert (claimed.ticket.requester, claimed.ticket.sender_verified) == (None, False)


def test_what_breaks_while_it_is_handled_is_put_aside_with_its_bytes(hand_over: Take) -> None:
    with patch("tickets.channels.email.taking.submit_ticket", side_effect=ValueError("odd")):
        row = hand_over(mail())
    assert (row.outcome, row.ticket) == (Outcome.QUARANTINE, None)
    assert message_from_bytes(bytes(row.raw.content))["Subject"] == "My parcel"


def test_a_database_that_is_away_takes_nothing(mailbox: Mailbox) -> None:
    with (
        patch("tickets.channels.email.taking.submit_ticket", side_effect=OperationalError("away")),
        pytest.raises(OperationalError),
    ):
        take(mail().as_bytes(), mailbox)
    assert not InboundMail.objects.exists()


class TestAnyBytes(TestCase):
    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.binary(max_size=400),
        st.sampled_from(
            [b"", b"From: a@example.org\n", b"Content-Type: multipart/mixed; boundary=a\n\n--a\n"]
        ),
    )
    def test_any_bytes_have_one_outcome(self, tail: bytes, head: bytes) -> None:
        row, taken = take(head + tail)
        assert row.outcome in Outcome.values
        assert row.outcome == taken.outcome
        assert not account().missing
