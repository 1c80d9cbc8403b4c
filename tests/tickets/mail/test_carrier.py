"""One connection for mail after mail, what a refusal means, and the names by which mails are known elsewhere."""

from __future__ import annotations

import re
import smtplib
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives, send_mail
from django.db import IntegrityError, transaction

from tickets.background import jobs
from tickets.background.faults import Permanent, Unreachable
from tickets.mail import outbox
from tickets.models import Job, OutgoingMail


class Line:
    """A connection that notes what is done with it, and fails where it is told to."""

    def __init__(self, sending: Exception | None = None, closing: Exception | None = None) -> None:
        self.done: list[str] = []
        self.sending, self.closing = sending, closing

    def open(self) -> None:
        self.done.append("open")

    def send_messages(self, mails: list[EmailMessage]) -> None:
        self.done += [one.subject for one in mails]
        if self.sending is not None:
            raise self.sending

    def close(self) -> None:
        self.done.append("close")
        if self.closing is not None:
            raise self.closing


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def dial(monkeypatch: pytest.MonkeyPatch) -> Callable[..., outbox.Carrier]:
    """``dial(line, …)``: a carrier that is given these connections, one after the other."""

    def carrier(*lines: Line) -> outbox.Carrier:
        waiting = list(lines)
        monkeypatch.setattr(outbox, "get_connection", lambda backend: waiting.pop(0))
        return outbox.Carrier()

    return carrier


def letter(subject: str) -> EmailMessage:
    return EmailMessage(subject, "Words", to=["rita@example.com"])


def test_a_connection_carries_mail_for_ten_seconds_and_is_closed_before_the_next(
    clock: list[float], dial: Callable[..., outbox.Carrier]
) -> None:
    first, second = Line(), Line()
    carrier = dial(first, second)
    for subject, passed in (("one", 0.0), ("two", 10.0), ("three", 0.5)):
        clock[0] += passed
        carrier.send(letter(subject))
    assert first.done == ["open", "one", "two", "close"]
    assert second.done == ["open", "three"]
    carrier.hang_up()
    carrier.hang_up()
    assert second.done == ["open", "three", "close"]


def test_the_age_of_a_connection_counts_from_its_opening(
    clock: list[float], dial: Callable[..., outbox.Carrier]
) -> None:
    clock[0] = 3.0  # a machine that has just started
    line = Line()
    carrier = dial(line)
    carrier.send(letter("one"))
    clock[0] += 9.5
    carrier.send(letter("two"))
    assert line.done == ["open", "one", "two"]


def test_a_connection_that_failed_carries_nothing_more(dial: Callable[..., outbox.Carrier]) -> None:
    broken, whole = Line(sending=OSError("cut")), Line()
    carrier = dial(broken, whole)
    with pytest.raises(OSError, match="cut"):
        carrier.send(letter("one"))
    carrier.send(letter("one"))
    assert (broken.done, whole.done) == (["open", "one", "close"], ["open", "one"])


@pytest.mark.parametrize("closing", [OSError("gone"), smtplib.SMTPServerDisconnected("gone")])
def test_a_farewell_that_fails_stops_no_mail(closing: Exception, dial: Callable[..., outbox.Carrier]) -> None:
    carrier = dial(Line(closing=closing))
    carrier.send(letter("one"))
    carrier.hang_up()


def refused(*codes: int) -> smtplib.SMTPRecipientsRefused:
    return smtplib.SMTPRecipientsRefused({f"{n}@example.com": (code, b"no") for n, code in enumerate(codes)})


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (smtplib.SMTPDataError(500, "no"), Permanent("SMTPDataError 500")),
        (smtplib.SMTPDataError(599, "no"), Permanent("SMTPDataError 599")),
        (smtplib.SMTPDataError(600, "no"), None),
        (smtplib.SMTPDataError(499, "no"), None),
        (smtplib.SMTPSenderRefused(550, b"no", "us@example.com"), Permanent("SMTPSenderRefused 550")),
        (refused(500, 599), Permanent("SMTPRecipientsRefused 500 599")),
        (refused(550, 450), None),
        (refused(550, 600), None),
        (smtplib.SMTPNotSupportedError("SMTPUTF8"), Permanent("SMTPNotSupportedError")),
        (ValueError("a header with a line break"), Permanent("ValueError")),
        (ConnectionRefusedError(111, "refused"), Unreachable("ConnectionRefusedError ECONNREFUSED")),
        (smtplib.SMTPServerDisconnected("cut"), Unreachable("SMTPServerDisconnected")),
        (KeyError("a fault of ours"), None),
    ],
)
def test_what_will_never_be_taken_is_told_from_what_may_be_later(
    error: Exception, told: Exception | None
) -> None:
    with pytest.raises(Exception) as caught, outbox.told_apart():
        raise error
    if told is None:
        assert caught.value is error
    else:
        assert (type(caught.value), str(caught.value)) == (type(told), str(told))
        assert caught.value.__suppress_context__  # the words of a mail server reach no log


@pytest.mark.django_db
def test_who_shall_be_answered_and_a_name_given_before_are_kept() -> None:
    EmailMultiAlternatives(
        "Hello", "Words", to=["rita@example.com"], reply_to=["one@example.com", "two@example.com"],
        headers={"Message-ID": "<named@example.com>"},
    ).send()  # fmt: skip
    row = OutgoingMail.objects.get()
    assert row.message_id == "<named@example.com>"
    assert row.headers == {"Reply-To": "one@example.com, two@example.com"}


@pytest.mark.django_db
def test_nobody_is_written_to_at_an_address_that_cannot_be() -> None:
    erased, alive = "erased-7@erased.invalid", "rita@example.com"
    for to in ([erased], [erased, "service@tokens.invalid"], [erased, alive], ["rita@valid"]):
        send_mail("Hello", "Words", None, to)
    kept = OutgoingMail.objects.order_by("id").values_list("recipients", flat=True)
    assert list(kept) == [[erased, alive], ["rita@valid"]]


@pytest.mark.django_db
def test_a_mail_is_sent_under_the_sender_that_was_kept() -> None:
    send_mail("Hello", "Words", "someone@example.com", ["rita@example.com"])
    assert OutgoingMail.objects.get().as_email().from_email == "someone@example.com"


@pytest.mark.parametrize("address", ["help@shop.example.com", '"a@b"@shop.example.com'])
def test_the_domain_of_a_name_is_what_follows_the_last_at(address: str, settings: Any) -> None:
    settings.SUPPORT_EMAIL = address
    assert re.fullmatch(r"<[0-9a-f]{32}@shop\.example\.com>", outbox.new_message_id())


@pytest.mark.django_db
def test_a_delivery_takes_the_mail_it_is_told_to_and_no_other() -> None:
    for subject in ("One", "Two", "Three"):
        letter(subject).send()
    outbox.deliver(OutgoingMail.objects.get(subject="Two").pk)
    assert [sent.subject for sent in mail.outbox] == ["Two"]
    assert set(OutgoingMail.objects.values_list("subject", flat=True)) == {"One", "Three"}


@pytest.mark.django_db
def test_mail_is_tried_for_five_days_under_a_name_that_rows_of_before_know() -> None:
    assert jobs.KINDS["deliver_mail"].patience == timedelta(days=5)
    send_mail("Hello", "Words", None, ["rita@example.com"])
    assert Job.objects.get().kind == "deliver_mail"


@pytest.mark.django_db
def test_who_catches_a_failed_mail_has_lost_the_transaction() -> None:
    """A savepoint for each mail would cost two queries and hide the fault."""
    named = {"Message-ID": "<twice@example.com>"}
    EmailMessage("One", "Words", to=["rita@example.com"], headers=named).send()
    with pytest.raises(transaction.TransactionManagementError), transaction.atomic():
        with pytest.raises(IntegrityError):
            EmailMessage("Two", "Words", to=["rita@example.com"], headers=named).send()
        OutgoingMail.objects.count()
