"""What a mail is while it waits: a row with all of it, written with what causes it, and gone once it is delivered."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.db import transaction

from tickets.background import jobs
from tickets.mail import outbox
from tickets.models import Job, OutgoingMail

pytestmark = pytest.mark.django_db


def write(**facts: Any) -> OutgoingMail:
    facts = {"subject": "Hello", "body": "Plain words", "to": ["rita@example.com"], **facts}
    EmailMultiAlternatives(**facts).send()
    return OutgoingMail.objects.latest("id")


def test_all_of_a_mail_is_kept() -> None:
    letter = EmailMultiAlternatives(
        "Hello", "Plain words", "us@example.com", ["rita@example.com"], bcc=["copy@example.com"],
        headers={"List-Id": "<help>"},
    )  # fmt: skip
    letter.attach_alternative("{}", "application/json")
    letter.attach_alternative("<p>Words</p>", "text/html")
    assert letter.send() == 1
    row = OutgoingMail.objects.get()
    assert (row.sender, row.subject, row.body) == ("us@example.com", "Hello", "Plain words")
    assert (row.html_body, row.headers) == ("<p>Words</p>", {"List-Id": "<help>"})
    assert row.recipients == ["rita@example.com", "copy@example.com"]


def test_a_mail_without_a_sender_is_from_the_house(settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "house@example.com"
    assert write().sender == "house@example.com"


def test_a_plain_mail_has_no_other_part() -> None:
    EmailMessage("Hello", "Plain words", to=["rita@example.com"]).send()
    row = OutgoingMail.objects.get()
    assert row.html_body == ""
    sent = row.as_email()
    assert (sent.subject, sent.body, sent.to, sent.from_email) == (
        "Hello", "Plain words", ["rita@example.com"], row.sender,
    )  # fmt: skip
    assert not sent.alternatives  # type: ignore[attr-defined]


def test_what_is_delivered_says_what_it_is_and_where_it_belongs() -> None:
    letter = EmailMultiAlternatives("Hello", "Words", to=["rita@example.com"], headers={"List-Id": "<help>"})
    letter.attach_alternative("<p>Words</p>", "text/html")
    letter.send()
    name = OutgoingMail.objects.get().message_id
    jobs.run_due()
    (sent,) = mail.outbox
    assert sent.extra_headers == {
        "List-Id": "<help>", "Message-ID": name, "Auto-Submitted": "auto-generated",
    }  # fmt: skip
    assert [tuple(part) for part in sent.alternatives] == [("<p>Words</p>", "text/html")]  # type: ignore[attr-defined]
    assert not OutgoingMail.objects.exists()


def test_a_subject_is_one_line_and_fits() -> None:
    assert write(subject="Two\n lines").subject == "Two lines"
    assert write(subject="x" * 400).subject == "x" * 300


def test_several_mails_are_kept_together_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    good = EmailMessage("One", "Words", to=["rita@example.com"])
    assert get_connection().send_messages([good, good]) == 2
    assert OutgoingMail.objects.count() == 2
    bad = EmailMessage("Two", "Words", to=["rita@example.com"], headers={"X": object()})  # type: ignore[dict-item]
    with pytest.raises(TypeError), transaction.atomic():
        get_connection().send_messages([good, bad])
    assert OutgoingMail.objects.count() == 2


def test_each_mail_has_one_job_of_its_own() -> None:
    first, second = write(), write()
    found = Job.objects.order_by("id").values_list("kind", "subject_id", "unique_key")
    assert list(found) == [(outbox.KIND, row.pk, f"{outbox.KIND}:{row.pk}") for row in (first, second)]


def test_a_mail_that_is_gone_needs_no_delivery() -> None:
    write()
    OutgoingMail.objects.all().delete()
    jobs.run_due()
    assert mail.outbox == []
    assert Job.objects.get().finished_at is not None


def test_names_of_mails_are_of_our_domain_and_differ(settings: Any) -> None:
    settings.SUPPORT_EMAIL = "help@shop.example.com"
    names = {outbox.new_message_id() for _ in range(20)}
    assert len(names) == 20
    assert all(name.startswith("<") and name.endswith("@shop.example.com>") for name in names)
    settings.SUPPORT_EMAIL = ""
    assert outbox.new_message_id().endswith("@localhost>")
