"""What became of the mail of a message: news of an earlier step that come late change nothing."""

from __future__ import annotations

import smtplib
from unittest.mock import patch

import pytest

from accounts.models import User
from tickets.background.faults import Permanent, Unreachable
from tickets.intake.submit import Submission, submit_ticket
from tickets.mail import sent
from tickets.mail.outbox import deliver
from tickets.mail.sent import SentMail, State
from tickets.models import OutgoingMail

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(requester: User, agent: User) -> SentMail:
    ticket = submit_ticket(Submission(subject="My refund", body="Where is it?", requester=requester))
    ticket.escalate("low_confidence")
    OutgoingMail.objects.all().delete()
    ticket.reply("On its way.", author=agent)
    return SentMail.objects.get()


def state(row: SentMail) -> str:
    row.refresh_from_db()
    return row.state


def test_a_mail_that_a_server_took_is_sent(row: SentMail) -> None:
    assert row.state == State.WAITING
    with patch("tickets.mail.outbox.carrier.send"):
        deliver(OutgoingMail.objects.get().pk)
    assert state(row) == State.SENT
    assert not OutgoingMail.objects.exists()


def test_a_mail_that_is_refused_for_good_has_failed(row: SentMail) -> None:
    refused = smtplib.SMTPRecipientsRefused({"rita@example.com": (550, b"no such user")})
    with patch("tickets.mail.outbox.carrier.send", side_effect=refused), pytest.raises(Permanent):
        deliver(OutgoingMail.objects.get().pk)
    assert state(row) == State.FAILED


def test_a_server_that_is_away_leaves_it_waiting(row: SentMail) -> None:
    with patch("tickets.mail.outbox.carrier.send", side_effect=OSError), pytest.raises(Unreachable):
        deliver(OutgoingMail.objects.get().pk)
    assert state(row) == State.WAITING


@pytest.mark.parametrize("later", list(State))
@pytest.mark.parametrize("earlier", list(State))
def test_only_what_comes_later_in_its_way_is_noted(row: SentMail, earlier: State, later: State) -> None:
    SentMail.objects.update(state=earlier)
    sent.note(f"<{row.internet_id}>", later)
    assert state(row) == max(earlier, later, key=sent.ORDER.index)
