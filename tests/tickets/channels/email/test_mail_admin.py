"""Mailboxes and the account of mail, for supervisors only."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.tickets.channels.email.conftest import MAILBOX, Take, mail
from tickets.channels.email.models import InboundMail, Mailbox, Outcome
from tickets.mail import threads

Web = Callable[[User], Client]
FORM = {
    "address": "help@example.com", "name": "", "active": "on", "way": "imap", "host": "mail.example.com", "port": "",
    "security": "tls", "username": "desk", "password": "geheim-123", "token_command": "", "folder": "INBOX",
    "trusted_server": "",
}  # fmt: skip


def test_a_password_is_kept_sealed_and_never_shown(web: Web, supervisor: User) -> None:
    browser = web(supervisor)
    browser.post(reverse("admin:email_channel_mailbox_add"), FORM)
    box = Mailbox.objects.get(address="help@example.com")
    assert box.password == "geheim-123"
    assert "geheim" not in box.sealed_password
    address = reverse("admin:email_channel_mailbox_change", args=[box.pk])
    assert "geheim" not in browser.get(address).content.decode()
    browser.post(address, {**FORM, "password": "", "name": "Desk"})
    box.refresh_from_db()
    assert (box.password, box.name) == ("geheim-123", "Desk")


def test_a_password_never_travels_in_clear(web: Web, supervisor: User) -> None:
    page = web(supervisor).post(reverse("admin:email_channel_mailbox_add"), {**FORM, "security": "none"})
    assert "travel in clear" in page.content.decode()
    assert not Mailbox.objects.exists()


def test_a_connection_that_fails_says_what_to_do(web: Web, supervisor: User) -> None:
    box = Mailbox.objects.create(
        address="a@example.com", host="127.0.0.1", port=1, security="none", username="x"
    )
    url = reverse("admin:email_channel_mailbox_test_connection", args=[box.pk])
    assert "Check server and port" in web(supervisor).get(url, follow=True).content.decode()


@pytest.mark.parametrize("name", ["mailbox", "inboundmail", "addresstrouble"])
def test_agents_do_not_enter(web: Web, agent: User, supervisor: User, name: str) -> None:
    address = reverse(f"admin:email_channel_{name}_changelist")
    assert web(agent).get(address).status_code == 403
    assert web(supervisor).get(address).status_code == 200


def test_the_list_adds_up_and_raw_mail_is_a_download(
    web: Web, supervisor: User, agent: User, hand_over: Take
) -> None:
    row = hand_over(mail())
    hand_over(mail())
    page = web(supervisor).get(reverse("admin:email_channel_inboundmail_changelist")).content.decode()
    assert "2 mails in all" in page
    raw = reverse("admin:email_channel_raw", args=[row.pk])
    answer = web(supervisor).get(raw)
    assert (answer["Content-Type"], answer.content) == ("application/octet-stream", mail().as_bytes())
    assert web(agent).get(raw).status_code == 404


def test_what_was_put_aside_can_be_taken_anyway(
    web: Web, supervisor: User, hand_over: Take, settings: object
) -> None:
    settings.MAIL_SENDER_HOURLY = 1  # type: ignore[attr-defined]
    hand_over(mail("One."))
    aside = hand_over(mail("Two.", message_id="<2@example.org>"))
    assert aside.outcome == Outcome.QUARANTINE
    for _ in range(2):
        web(supervisor).post(
            reverse("admin:email_channel_inboundmail_changelist"),
            {"action": "take_anyway", "_selected_action": [aside.pk]},
        )
    aside.refresh_from_db()
    assert aside.outcome == Outcome.TICKET
    assert InboundMail.objects.filter(outcome=Outcome.TICKET).count() == 2


def test_the_ticket_page_folds_what_a_mail_quotes(web: Web, agent: User, hand_over: Take) -> None:
    ticket = hand_over(mail("Where is my parcel?")).ticket
    address = threads.reply_address(MAILBOX, ticket.reference)
    reply = mail("Still not here.\n\n> <b>Where</b> is my parcel?", to=address, sender="eve@example.net")
    reply.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="run.exe")
    hand_over(reply)
    page = web(agent).get(reverse("admin:tickets_ticket_change", args=[ticket.pk])).content.decode()
    shown, _, folded = page.partition('<details class="talk-quoted">')
    assert "Still not here." in shown
    assert "&gt; &lt;b&gt;Where&lt;/b&gt; is my parcel?" in folded
    assert "run.exe" in folded
    assert "Its sender is not the requester." in folded
