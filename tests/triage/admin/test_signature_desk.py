"""Below what an agent writes to a customer stands their signature: in the message, its mail and its page, never in a note."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tickets.models import Ticket

SIGNATURE = "Anna\nNorthwind Supplies"


@pytest.fixture
def signing(agent: User) -> User:
    agent.signature = "Anna\n{company}"
    agent.save()
    return agent


@pytest.fixture
def escalated(engine, refund_intent, submit: Callable[..., Ticket]) -> Ticket:
    engine.says("track_refund", 0.6)
    return submit(guest_name="Lee Wong")


def send(browser: Client, ticket: Ticket, body: str, **facts: Any) -> Any:
    seen = ticket.messages.latest("pk").pk
    form = {
        "step": "send_and_wait",
        "reply-body": body,
        "reply-seen": seen,
        "reply-page": uuid.uuid4(),
        **facts,
    }
    return browser.post(reverse("admin:tickets_ticket_change", args=[ticket.pk]), form)


def test_the_message_and_its_mail_are_signed(web, signing, escalated, time_is_up) -> None:
    send(web(signing), escalated, "It is on its way.")
    time_is_up()
    assert escalated.messages.latest("pk").body == f"It is on its way.\n\n{SIGNATURE}"
    assert SIGNATURE in mail.outbox[-1].body


def test_taken_back_and_sent_again_it_is_signed_once(web, signing, escalated, time_is_up) -> None:
    browser = web(signing)
    send(browser, escalated, "Done.")
    browser.post(reverse("desk-undo", args=[escalated.held_replies.get().pk]))
    send(browser, escalated, signing.drafts.get(ticket=escalated).reply)
    time_is_up()
    assert escalated.messages.latest("pk").body == f"Done.\n\n{SIGNATURE}"


def test_an_empty_reply_is_no_signature(web, signing, escalated) -> None:
    assert send(web(signing), escalated, " ").status_code == 400
    assert not escalated.held_replies.exists()


def test_a_note_is_not_signed(web, signing, escalated) -> None:
    form = {"step": "note", "note-body": "Called the bank."}
    web(signing).post(reverse("admin:tickets_ticket_change", args=[escalated.pk]), form)
    assert escalated.messages.latest("pk").body == "Called the bank."


def test_the_writer_shows_what_will_stand_below(web, signing, other_agent, escalated) -> None:
    address = reverse("admin:tickets_ticket_change", args=[escalated.pk])
    assert SIGNATURE in web(signing).get(address).content.decode()
    assert "writer-signature" not in web(other_agent).get(address).content.decode()


def test_a_suggestion_leaves_name_and_closing_to_the_signature(web, signing, escalated) -> None:
    page = web(signing).get(reverse("admin:tickets_ticket_change", args=[escalated.pk])).content.decode()
    assert "refunds take five days.</div>" in page
