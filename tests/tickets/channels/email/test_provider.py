"""Mail that providers post: believed only with their proof, taken the same way as any mail; and their word on ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import warnings
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import ImproperlyConfigured, SuspiciousOperation
from django.db import OperationalError
from django.http import HttpResponse
from django.test import RequestFactory

from accounts.models import User
from helpdesk import mail_provider
from tests.tickets.channels.email.conftest import MAILBOX, last_mail, mail
from tickets.channels.email import provider
from tickets.channels.email.models import AddressTrouble, InboundMail, Mailbox, Outcome
from tickets.mail.outbox import provider_headers
from tickets.mail.sent import SentMail

SECRET = "desk:a-secret-of-twenty-letters"
SITE = "https://help.example.com"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def post(settings: Any, name: str, kind: str, body: Any, *, auth: str = SECRET, **sent: Any) -> HttpResponse:
    settings.ANYMAIL = mail_provider.anymail(name, SECRET, SITE)
    view = next(one for one in provider.addresses_of(name) if kind in str(one.pattern)).callback
    carried = {"HTTP_AUTHORIZATION": f"Basic {base64.b64encode(auth.encode()).decode()}"} if auth else {}
    if isinstance(body, dict) and name == "postmark":
        body, sent = json.dumps(body), {"content_type": "application/json"}
    answer: HttpResponse = view(RequestFactory().post(f"/mail/{name}/{kind}/", body, **sent, **carried))
    return answer


def inbound(**changed: Any) -> dict[str, Any]:
    return {"RawEmail": mail().as_string(), "OriginalRecipient": MAILBOX, "Headers": [], **changed}


def test_a_posted_mail_is_taken_as_any_other(mailbox: Mailbox, settings: Any) -> None:
    assert post(settings, "postmark", "inbound", inbound()).status_code == 200
    row = InboundMail.objects.get()
    assert (row.outcome, row.mailbox, row.sender) == (Outcome.TICKET, mailbox, "gina@example.org")
    assert row.message is not None
    assert row.message.body == "Where is my parcel?"
    post(settings, "postmark", "inbound", inbound())
    assert InboundMail.objects.filter(outcome=Outcome.DUPLICATE).count() == 1


@pytest.mark.parametrize("auth", ["", "desk:wrong", "desk:", SECRET.upper()])
def test_without_the_secret_nothing_is_taken(mailbox: Mailbox, settings: Any, auth: str) -> None:
    for kind in ("inbound", "tracking"):
        with pytest.raises(SuspiciousOperation):
            post(settings, "postmark", kind, inbound(), auth=auth)
    assert not InboundMail.objects.exists()


def test_a_database_that_is_away_makes_the_provider_try_again(mailbox: Mailbox, settings: Any) -> None:
    with (
        patch("tickets.channels.email.taking._take", side_effect=OperationalError),
        pytest.raises(OperationalError),
    ):
        post(settings, "postmark", "inbound", inbound())


def test_a_mail_without_a_return_path_is_never_answered(mailbox: Mailbox, settings: Any) -> None:
    post(settings, "postmark", "inbound", inbound(Headers=[{"Name": "Return-Path", "Value": ""}]))
    row = InboundMail.objects.get()
    assert row.ticket is not None
    assert row.ticket.machine_sent


def test_what_the_library_cannot_write_is_put_aside_whole(mailbox: Mailbox, settings: Any) -> None:
    with patch(
        "anymail.inbound.AnymailInboundMessage.as_bytes", side_effect=UnicodeEncodeError("a", "b", 0, 1, "c")
    ):
        post(settings, "postmark", "inbound", inbound())
    row = InboundMail.objects.get()
    assert row.outcome == Outcome.QUARANTINE
    assert b"Where is my parcel?" in bytes(row.raw.content)


def signed(**fields: Any) -> dict[str, Any]:
    token, at = "t" * 50, "1700000000"
    made = hmac.new(SECRET.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
    return {"token": token, "timestamp": at, "signature": made, **fields}


def test_a_signed_form_with_a_large_mail(mailbox: Mailbox, settings: Any) -> None:
    raw = mail("Where is my parcel?\n" + "x" * 3_000_000).as_string()
    form = signed(**{"recipient": MAILBOX, "sender": "gina@example.org", "body-mime": raw})
    assert post(settings, "mailgun", "inbound", form, auth="").status_code == 200
    row = InboundMail.objects.get()
    assert row.outcome == Outcome.TICKET
    assert row.size > 3_000_000


def test_a_form_with_another_signature_is_refused(mailbox: Mailbox, settings: Any) -> None:
    form = signed(**{"recipient": MAILBOX, "body-mime": mail().as_string()}) | {"timestamp": "1700000001"}
    with pytest.raises(SuspiciousOperation):
        post(settings, "mailgun", "inbound", form, auth="")


def test_more_than_a_mail_is_refused_unread(mailbox: Mailbox, settings: Any) -> None:
    with patch.object(provider, "MOST_POSTED", 1_000):
        assert post(settings, "postmark", "inbound", inbound(RawEmail="x" * 2_000)).status_code == 413


@pytest.mark.parametrize("secret", ["", "short:one", "no-colon-in-it-at-all-here"])
def test_a_provider_without_its_secret_starts_nothing(secret: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="MAIL_PROVIDER_SECRET"):
        mail_provider.anymail("postmark", secret, SITE)


@pytest.mark.parametrize("name", mail_provider.PROVIDERS)
def test_every_provider_has_its_addresses(name: str) -> None:
    assert [str(one.pattern) for one in provider.addresses_of(name)] == [
        f"mail/{name}/inbound/",
        f"mail/{name}/tracking/",
    ]


# --- what became of ours ---------------------------------------------------------------------------------


@pytest.fixture
def answered(mailbox: Mailbox, agent: User, settings: Any) -> SentMail:
    post(settings, "postmark", "inbound", inbound())
    ticket = InboundMail.objects.get().ticket
    assert ticket is not None
    ticket.escalate("low_confidence")
    ticket.reply("It is on its way.", author=agent)
    return SentMail.objects.get()


def told(kind: str, sent: SentMail, **facts: Any) -> dict[str, Any]:
    return {
        "RecordType": kind, "MessageID": "of-their-own", "Metadata": {"message_id": sent.internet_id},
        "Recipient": "gina@example.org", "DeliveredAt": "2026-11-01T10:00:00Z", "BouncedAt": "2026-11-01T10:00:00Z",
        "Email": "gina@example.org", **facts,
    }  # fmt: skip


def test_delivery_shows_on_the_message(answered: SentMail, settings: Any) -> None:
    assert answered.state == SentMail.State.WAITING
    assert f"<{answered.internet_id}>" == last_mail().message_id
    post(settings, "postmark", "tracking", told("Delivery", answered))
    answered.refresh_from_db()
    assert answered.state == SentMail.State.DELIVERED


def test_a_bounce_shows_on_the_message_and_counts_at_the_address(answered: SentMail, settings: Any) -> None:
    bounce = told("Bounce", answered, Type="HardBounce", TypeCode=1, Details="smtp;550 5.1.1 no such user")
    post(settings, "postmark", "tracking", bounce)
    answered.refresh_from_db()
    assert (answered.state, answered.code) == (SentMail.State.FAILED, "5.1.1")
    assert AddressTrouble.objects.get().hard == 1
    assert answered.message.ticket.events.filter(kind="mail_bounced").exists()
    post(settings, "postmark", "tracking", told("Delivery", answered))
    answered.refresh_from_db()
    assert answered.state == SentMail.State.FAILED  # an older word that comes late


def test_a_complaint_shows_on_the_message(answered: SentMail, settings: Any) -> None:
    post(settings, "postmark", "tracking", told("SpamComplaint", answered))
    answered.refresh_from_db()
    assert answered.state == SentMail.State.UNWANTED


def test_that_a_mail_was_opened_is_not_kept(answered: SentMail, settings: Any) -> None:
    opened = told("Open", answered, ReceivedAt="2026-11-01T10:00:00Z", UserAgent="x", FirstOpen=True)
    post(settings, "postmark", "tracking", opened)
    answered.refresh_from_db()
    assert answered.state == SentMail.State.WAITING


def test_a_report_on_a_mail_that_is_not_ours_changes_nothing(answered: SentMail, settings: Any) -> None:
    forged = told("Bounce", answered, Type="HardBounce", TypeCode=1) | {
        "Metadata": {"message_id": "x@example.org"}
    }
    post(settings, "postmark", "tracking", forged)
    assert not AddressTrouble.objects.exists()


def test_our_mail_carries_its_id_where_the_provider_makes_one_of_its_own(settings: Any) -> None:
    assert provider_headers("<a@b>") == {}
    settings.MAIL_PROVIDER = "postmark"
    assert provider_headers("<a@b>") == {"X-PM-Metadata-message_id": "a@b"}
    settings.MAIL_PROVIDER = "mailgun"
    assert provider_headers("<a@b>") == {}
