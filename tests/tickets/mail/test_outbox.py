"""Mail is a row first; a worker delivers it and then forgets it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core import mail
from django.core.mail import send_mail

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.background import jobs
from tickets.models import Job, OutgoingMail, Ticket

pytestmark = pytest.mark.django_db


def test_sending_writes_a_row_and_nothing_leaves_yet() -> None:
    send_mail("Hello", "Body", None, ["rita@example.com"])
    assert OutgoingMail.objects.get().recipients == ["rita@example.com"]
    assert mail.outbox == []


def test_the_worker_delivers_once_and_keeps_no_copy() -> None:
    send_mail("Hello", "Body", None, ["rita@example.com"], html_message="<p>Body</p>")
    message_id = OutgoingMail.objects.get().message_id
    jobs.run_due()
    jobs.run_due()
    assert [sent.extra_headers["Message-ID"] for sent in mail.outbox] == [message_id]
    assert not OutgoingMail.objects.exists()


def test_a_line_break_in_a_subject_cannot_add_headers() -> None:
    send_mail("Hello", "Body", None, ["rita@example.com"])
    OutgoingMail.objects.update(subject="Hi")
    assert "\n" not in OutgoingMail.objects.get().subject


def test_a_mail_server_that_is_down_costs_nothing_but_time(settings: object) -> None:
    settings.MAIL_DELIVERY_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # type: ignore[attr-defined]
    send_mail("Hello", "Body", None, ["rita@example.com"])
    jobs.run_due()
    job = Job.objects.get()
    assert (job.finished_at, job.attempts) == (None, 1)
    assert OutgoingMail.objects.exists()


def test_an_escalated_guest_gets_a_mail_with_a_signed_link(
    engine: FakeEngine, submit: Callable[..., Ticket]
) -> None:
    ticket = submit(guest_email="guest@example.com", guest_name="Gus")
    jobs.run_due()
    sent = mail.outbox[0]
    assert sent.to == ["guest@example.com"]
    assert "/g/" in sent.body
    assert ticket.reference in sent.body


def test_a_reply_is_told_to_the_agent_in_charge(
    engine: FakeEngine, submit: Callable[..., Ticket], requester: User, agent: User
) -> None:
    ticket = submit(requester=requester)
    ticket.assign(agent, actor=agent)
    ticket.reply("Any news?", author=requester)
    jobs.run_due()
    assert [agent.email] in [sent.to for sent in mail.outbox]


def test_somebody_who_is_no_longer_an_agent_gets_no_more_mail_and_no_more_tickets(
    engine: FakeEngine, submit: Callable[..., Ticket], requester: User, agent: User
) -> None:
    ticket = submit(requester=requester)
    ticket.assign(agent, actor=agent)
    agent.is_active = False
    agent.save()
    ticket.reply("My card number is …", author=requester)
    jobs.run_due()
    assert [agent.email] not in [sent.to for sent in mail.outbox]
    assert ticket in Ticket.objects.all().awaiting_agent().unassigned()


@pytest.mark.parametrize("step", ["assign", "request_person"])
def test_a_guest_whose_ticket_a_person_takes_before_triage_gets_the_link(agent: User, step: str) -> None:
    ticket = Ticket.objects.create(requester_email="guest@example.com", subject="Refund")
    ticket.assign(agent, actor=agent) if step == "assign" else ticket.request_person()
    jobs.run_due()
    assert [sent.to for sent in mail.outbox] == [["guest@example.com"]]
