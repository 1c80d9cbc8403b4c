"""Mail over a real SMTP server: delivered once, kept while the server is down, the same name on every try."""

from __future__ import annotations

import asyncio
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core.mail import send_mail
from django.utils import timezone

from tests.installation import free_port
from tickets.background import jobs
from tickets.background.lanes import LANES, MAIL
from tickets.mail import delivery
from tickets.models import Job, OutgoingMail

pytestmark = pytest.mark.django_db


class Postbox:
    """Keeps what it is sent; answers ``refusals`` first, one a mail."""

    def __init__(self, *refusals: str) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refusals = list(refusals)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = cast(bytes, envelope.content)
        self.mails.append(cast(EmailMessage, message_from_bytes(content, policy=policy.default)))
        self.recipients.append(list(envelope.rcpt_tos))
        return self.refusals.pop(0) if self.refusals else "250 OK"


@pytest.fixture
def port(settings: Any) -> int:
    """Where the product believes its mail server to be."""
    settings.MAIL_DELIVERY_BACKEND = "tickets.mail.delivery.Backend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", free_port(), 5
    return int(settings.EMAIL_PORT)


@pytest.fixture
def serve(port: int) -> Iterator[Any]:
    """``serve(postbox)`` starts a mail server that hands what comes to ``postbox``."""
    running: list[Controller] = []

    def start(postbox: Postbox) -> Postbox:
        controller = Controller(postbox, hostname="127.0.0.1", port=port)
        controller.start()
        running.append(controller)
        return postbox

    yield start
    for controller in running:
        controller.stop()


def make_due() -> None:
    """Let the time of the next try come."""
    LANES[MAIL].is_well()
    Job.objects.update(run_at=timezone.now())


def write(subject: str = "Your refund") -> str:
    """A mail into the outbox; returns the Message-ID it will have."""
    send_mail(
        subject, "It is on its way – five days.", None, ["rita@example.com"], html_message="<p>Soon</p>"
    )
    return OutgoingMail.objects.latest("id").message_id


def test_a_mail_arrives_once_whole_and_under_its_name(serve: Any) -> None:
    postbox, name = serve(Postbox()), write("Wäre das gut?")
    jobs.run_due()
    jobs.run_due()
    (mail,) = postbox.mails
    assert (mail["Message-ID"], mail["Subject"], mail["To"]) == (name, "Wäre das gut?", "rita@example.com")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_body(("plain",)).get_content().strip() == "It is on its way – five days."  # type: ignore[union-attr]
    assert mail.get_body(("html",)).get_content().strip() == "<p>Soon</p>"  # type: ignore[union-attr]


@pytest.mark.parametrize("refusal", ["451 Try again later", "421 Shutting down", "452 Full"])
def test_a_refused_mail_is_sent_again_under_the_same_name(serve: Any, refusal: str) -> None:
    postbox, name = serve(Postbox(refusal)), write()
    jobs.run_due()
    assert refusal[:3] in Job.objects.get().last_error
    make_due()
    jobs.run_due()
    assert [mail["Message-ID"] for mail in postbox.mails] == [name, name]
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize("refusal", ["554 No thanks", "550 Not here", "552 Too large"])
def test_a_mail_that_is_refused_for_good_is_not_sent_again(serve: Any, refusal: str) -> None:
    postbox = serve(Postbox(refusal))
    write()
    jobs.run_due()
    make_due()
    jobs.run_due()
    job = Job.objects.get()
    assert len(postbox.mails) == 1
    assert (job.failed_at is not None, job.last_error) == (True, f"SMTPDataError {refusal[:3]}")


def test_an_address_that_does_not_exist_stops_no_other_mail(serve: Any) -> None:
    class Choosy(Postbox):
        async def handle_RCPT(  # noqa: N802
            self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
        ) -> str:
            if address.startswith("gone"):
                return f"550 {address}: no such mailbox"
            envelope.rcpt_tos.append(address)
            return "250 OK"

    postbox = serve(Choosy())
    for address in ("gone@example.com", "rita@example.com", "gone2@example.com", "steve@example.com"):
        send_mail("Hello", "Body", None, [address])
    jobs.run_due()
    assert postbox.recipients == [["rita@example.com"], ["steve@example.com"]]
    given_up = Job.objects.exclude(failed_at=None).values_list("last_error", flat=True)
    assert list(given_up) == ["SMTPRecipientsRefused 550"] * 2


def test_many_mails_go_over_one_connection(serve: Any) -> None:
    greeted: list[str] = []

    class Counting(Postbox):
        async def handle_EHLO(  # noqa: N802
            self, server: SMTP, session: Session, envelope: Envelope, name: str, answers: list[str]
        ) -> list[str]:
            session.host_name = name
            greeted.append(name)
            return answers

    postbox = serve(Counting())
    for number in range(20):
        write(f"Mail {number}")
    assert jobs.run_due() == 20
    assert (len(postbox.mails), len(greeted)) == (20, 1)


def test_mail_written_while_the_server_is_down_arrives_when_it_is_back(serve: Any) -> None:
    names = [write(), write()]
    jobs.run_due()
    assert OutgoingMail.objects.count() == 2
    postbox = serve(Postbox())
    jobs.run_due()
    assert postbox.mails == []  # each waits for its time
    make_due()
    jobs.run_due()
    assert [mail["Message-ID"] for mail in postbox.mails] == names


def test_a_mail_that_is_refused_does_not_hold_up_the_next(serve: Any) -> None:
    postbox, _, second = serve(Postbox("554 No thanks")), write(), write()
    jobs.run_due()
    assert [mail["Message-ID"] for mail in postbox.mails][1] == second
    assert OutgoingMail.objects.count() == 1


def test_a_worker_that_dies_after_sending_sends_again_under_the_same_name(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    postbox, name = serve(Postbox()), write()

    def die(self: OutgoingMail) -> None:
        raise MemoryError("killed before the row was deleted")

    with monkeypatch.context() as dying:
        dying.setattr(OutgoingMail, "delete", die)
        jobs.run_due()
    make_due()
    jobs.run_due()
    assert {mail["Message-ID"] for mail in postbox.mails} == {name}
    assert not OutgoingMail.objects.exists()


@pytest.fixture
def drip(port: int) -> Iterator[None]:
    """A mail server whose greeting never ends: a line every tenth of a second, so that no single wait is long."""
    ended = threading.Event()

    class Greeting(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                while not ended.wait(0.1):
                    self.request.sendall(b"220-welcome\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", port), Greeting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        ended.set()
        server.shutdown()


def test_a_delivery_without_end_is_ended_before_its_lease(
    drip: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SECONDS", 0.5)
    write()
    started = time.monotonic()
    jobs.run_due()
    assert time.monotonic() - started < 4
    job = Job.objects.get()
    assert (job.finished_at, job.lease_until, job.attempts) == (None, None, 1)
    assert OutgoingMail.objects.exists()


def test_a_server_that_is_slow_at_every_step_is_not_waited_for_longer(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sleepy(Postbox):
        async def handle_EHLO(  # noqa: N802
            self, server: SMTP, session: Session, envelope: Envelope, name: str, answers: list[str]
        ) -> list[str]:
            session.host_name = name
            await asyncio.sleep(0.6)
            return answers

    monkeypatch.setattr(delivery, "SECONDS", 0.3)
    postbox, _ = serve(Sleepy()), write()
    jobs.run_due()
    assert postbox.mails == []
    assert "SMTPServerDisconnected" in Job.objects.get().last_error


def test_a_delivery_has_time_but_less_than_its_lease(settings: Any) -> None:
    assert settings.EMAIL_TIMEOUT * 2 < delivery.SECONDS < jobs.LEASE.total_seconds() - settings.EMAIL_TIMEOUT


def test_a_recipient_that_tries_to_add_another_is_not_mailed(serve: Any) -> None:
    postbox = serve(Postbox())
    send_mail("Hello", "Body", None, ["rita@example.com\nBcc: all@example.com"])
    jobs.run_due()
    assert postbox.mails == []
