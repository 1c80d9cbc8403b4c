"""Who wrote a mail, and what mail servers say of ours."""

from __future__ import annotations

import pytest

from accounts.models import User
from tests.tickets.channels.email.conftest import Take, last_mail, mail
from tickets.channels.email.models import AddressTrouble, Outcome
from tickets.channels.email.reading.machines import Writer, report_of, writer_of
from tickets.channels.email.reading.parts import Mail, read_bytes
from tickets.channels.email.reports import BOUNCED
from tickets.models import Ticket

DSN = """From: MAILER-DAEMON@mx.example.com
To: support@example.com
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn{number}@mx.example.com>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; gina@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b
Content-Type: text/rfc822-headers

Message-ID: {id}
Subject: Re: My parcel
--b--
"""


def read(text: str) -> Mail:
    return read_bytes(text.encode())


def answered(hand_over: Take, agent: User) -> Ticket:
    ticket = hand_over(mail()).ticket
    ticket.escalate("low_confidence")
    ticket.reply("It is on its way.", author=agent)
    assert isinstance(ticket, Ticket)
    return ticket


def test_a_bounce_shows_on_its_ticket_and_at_the_address(
    hand_over: Take, agent: User, settings: object
) -> None:
    ticket = answered(hand_over, agent)
    for number in range(3):
        row = hand_over(
            DSN.format(number=number, action="failed", status="5.1.1", id=last_mail().message_id).encode()
        )
        assert (row.outcome, row.ticket) == (Outcome.BOUNCE, ticket)
    assert ticket.events.filter(kind=BOUNCED).count() == 3
    trouble = AddressTrouble.objects.get(address="gina@example.org")
    assert (trouble.hard, trouble.status, trouble.is_dead) == (3, "5.1.1", True)


def test_a_delay_kills_no_address(hand_over: Take, agent: User) -> None:
    answered(hand_over, agent)
    row = hand_over(
        DSN.format(number=1, action="delayed", status="4.4.1", id=last_mail().message_id).encode()
    )
    assert row.outcome == Outcome.BOUNCE
    assert not AddressTrouble.objects.exists()


def test_a_report_on_somebody_elses_mail_is_on_no_ticket(hand_over: Take) -> None:
    row = hand_over(DSN.format(number=1, action="failed", status="5.1.1", id="<other@example.net>").encode())
    assert (row.outcome, row.ticket) == (Outcome.BOUNCE, None)


@pytest.mark.parametrize(
    ("subject", "body", "kind", "status"),
    [
        ("Undelivered Mail Returned to Sender", "<gina@example.org>: host mx said: 550 5.1.1 User unknown", "failed", "5.1.1"),
        ("Mail delivery failed: returning message to sender", "gina@example.org\n  550 No such user here", "failed", "5.0.0"),
        ("failure notice", "<gina@example.org>:\nSorry, no mailbox here by that name. (#5.1.1)", "failed", "5.1.1"),
        ("Delivery Status Notification (Failure)", "Delivery to gina@example.org failed permanently: does not exist", "failed", "5.0.0"),
        ("Warning: message 1abc delayed 24 hours", "gina@example.org\nNo action is required. We will retry.", "delayed", ""),
        ("Unzustellbar: Ihre Anfrage", "gina@example.org: Empfänger unbekannt", "failed", "5.0.0"),
        ("Undeliverable: hello", "gina@example.org 452 4.2.2 mailbox full", "failed", "4.2.2"),
    ],
)  # fmt: skip
def test_reports_without_the_standard_form_are_known(subject: str, body: str, kind: str, status: str) -> None:
    found = report_of(
        read(
            f"From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\nTo: s@example.com\nSubject: {subject}\n\n{body}\n"
        )
    )
    assert found is not None
    assert (found.kind, found.recipient, found.status) == (kind, "gina@example.org", status)


def test_a_person_who_writes_of_a_failed_delivery_is_no_report() -> None:
    text = "From: gina@example.org\nTo: s@example.com\nSubject: Delivery failed, where is my parcel?\n\nNo such address, it says.\n"
    assert report_of(read(text)) is None
    assert writer_of(read(text)) is Writer.PERSON


@pytest.mark.parametrize(
    ("headers", "body", "writer"),
    [
        ("Subject: Automatic reply: x\nX-Auto-Response-Suppress: All", "I am away.", Writer.AUTOREPLY),
        ("Subject: Abwesenheitsnotiz", "Ich bin bis zum 3. nicht im Büro.", Writer.AUTOREPLY),
        ("Subject: Réponse automatique", "Je suis absente jusqu'au 3.", Writer.AUTOREPLY),
        ("Subject: Fuera de la oficina", "Estoy de vacaciones.", Writer.AUTOREPLY),
        ("Subject: Re: x\nReturn-Path: <>\nIn-Reply-To: <a@b>", "Away.", Writer.AUTOREPLY),
        ("Subject: Invoice\nAuto-Submitted: auto-generated", "Attached.", Writer.PROGRAM),
        ("Subject: News\nList-Unsubscribe: <https://example.org>", "Read on.", Writer.PROGRAM),
        ("Subject: Hi\nAuto-Submitted: no", "Where is it?", Writer.PERSON),
        ("Subject: Out of office furniture order", "Where is my desk?", Writer.PERSON),
        ("Subject: Hi\nX-Auto-Response-Suppress: None", "Where is it?", Writer.PERSON),
    ],
)
def test_who_wrote(headers: str, body: str, writer: Writer) -> None:
    assert writer_of(read(f"From: gina@example.org\nTo: s@example.com\n{headers}\n\n{body}\n")) is writer


@pytest.mark.parametrize("address", ["no-reply@x.org", "noreply+55@x.org", "do_not_reply@x.org", "notifications@x.org", "nicht-antworten@x.org"])  # fmt: skip
def test_an_address_that_reads_nothing_is_known(address: str) -> None:
    assert writer_of(read(f"From: {address}\nTo: s@example.com\nSubject: x\n\nHello\n")) is Writer.PROGRAM


@pytest.mark.parametrize("address", ["norah@x.org", "alertson@x.org", "bounceback.ltd@x.org"])
def test_people_whose_names_begin_alike_are_people(address: str) -> None:
    assert writer_of(read(f"From: {address}\nTo: s@example.com\nSubject: x\n\nHello\n")) is Writer.PERSON
