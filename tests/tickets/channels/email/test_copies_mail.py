"""Copies by mail: who a mail names, and who may answer ours."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from tests.tickets.channels.email.conftest import MAILBOX, Take, mail
from tickets.channels.email.models import Outcome
from tickets.following import copies
from tickets.following.models import Copy
from tickets.intake.submit import Submission, submit_ticket
from tickets.mail import threads
from tickets.models import OutgoingMail, Status, Ticket

pytestmark = pytest.mark.django_db
COLLEAGUE = "cleo@example.org"


@pytest.fixture
def ticket(requester: User) -> Ticket:
    made = submit_ticket(Submission(subject="My refund", body="Where is it?", requester=requester))
    made.escalate("low_confidence")
    return made


@pytest.mark.parametrize("trusted", [True, False])
def test_a_mail_s_copies_get_copies_only_where_our_server_vouches_for_it(
    hand_over: Take, trusted: bool
) -> None:
    vouched = (
        {"Authentication_Results": "mx.example.com; dmarc=pass header.from=example.org"} if trusted else {}
    )
    row = hand_over(mail(to=f"{MAILBOX}, Ben <ben@example.org>", Cc=COLLEAGUE, **vouched))
    assert row.ticket is not None
    assert row.sender_verified is trusted
    wanted = {copy.address: copy.confirmed_at is not None for copy in row.ticket.copies.all()}
    assert wanted == {"ben@example.org": trusted, COLLEAGUE: trusted}
    assert not [one for one in OutgoingMail.objects.all() if COLLEAGUE in one.recipients]


def test_who_is_in_copy_may_answer_a_mail_and_still_opens_nothing(
    hand_over: Take,
    ticket: Ticket,
    agent: User,
) -> None:
    ours = threads.new_message_id(ticket.reference)
    answer = {"sender": f"Cleo <{COLLEAGUE}>", "In_Reply_To": ours}
    stranger = hand_over(mail("May I see?", subject="Re: x", **answer))
    assert (stranger.outcome, stranger.ticket == ticket) == (Outcome.TICKET, False)
    copies.add(ticket, COLLEAGUE, way=Copy.Way.TEAM, by=None)
    copies.confirm(Copy.objects.get())
    ticket.reply("Which size?", author=agent)
    row = hand_over(mail("Size 42, says Cleo.", subject="Re: x", **answer))
    assert (row.outcome, row.ticket) == (Outcome.REPLY, ticket)
    assert "in copy" in row.reason
    ticket.refresh_from_db()
    assert ticket.state is Status.ESCALATED  # a person looks at it; it confirms nothing
    named = hand_over(mail("From the subject", subject=ticket.reference, sender=COLLEAGUE))
    assert named.ticket != ticket


def test_what_is_sent_to_a_merged_thread_arrives_where_it_goes_on(
    hand_over: Take,
    ticket: Ticket,
    requester: User,
    agent: User,
) -> None:
    other = submit_ticket(Submission(subject="Again", body="Hello?", requester=requester))
    other.escalate("low_confidence")
    ticket.merge_into(other, actor=agent)
    row = hand_over(
        mail("And now?", sender="rita@example.com", to=threads.reply_address(MAILBOX, ticket.reference))
    )
    assert (row.outcome, row.ticket) == (Outcome.REPLY, other)


def test_what_somebody_in_copy_writes_is_shown_as_theirs(
    hand_over: Take, ticket: Ticket, agent: User, client: Client, requester: User
) -> None:
    for address in (COLLEAGUE, "ben@example.org"):
        copies.add(ticket, address, way=Copy.Way.TEAM, by=None)
    for copy in Copy.objects.all():
        copies.confirm(copy)
    OutgoingMail.objects.all().delete()
    ours = threads.new_message_id(ticket.reference)
    row = hand_over(mail("Size 42.", subject="Re: x", sender=f"Cleo <{COLLEAGUE}>", In_Reply_To=ours))
    assert row.message is not None
    assert row.message.written_by == COLLEAGUE
    (copied,) = OutgoingMail.objects.exclude(recipients=[agent.email])
    assert copied.recipients == ["ben@example.org"]  # who wrote it knows it already
    assert f"{COLLEAGUE} wrote to" in copied.body
    client.force_login(requester)
    page = client.get(f"/tickets/{ticket.reference}/").content.decode()
    assert f"<strong>{COLLEAGUE}</strong>" in page
    client.force_login(agent)
    desk = client.get(f"/admin/tickets/ticket/{ticket.pk}/change/").content.decode()
    assert f"<strong>{COLLEAGUE}</strong>" in desk
    assert "not the requester" in desk
    ticket.reply("42 it is.", author=agent)
    quoted = OutgoingMail.objects.filter(recipients=[requester.email]).latest("id")
    assert "Size 42." not in quoted.body  # the question quoted below is the requester's own


def test_whoever_writes_to_a_leaked_signed_address_is_not_shown_as_the_requester(
    hand_over: Take, ticket: Ticket
) -> None:
    row = hand_over(
        mail("Let me in.", sender="eve@example.net", to=threads.reply_address(MAILBOX, ticket.reference))
    )
    assert row.message is not None
    assert row.message.written_by == "eve@example.net"
