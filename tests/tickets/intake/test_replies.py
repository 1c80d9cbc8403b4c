"""A requester's reply is shown to a reader first: only thanks closes, anything else goes its ordinary way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from tickets.intake import replies
from tickets.models import Closure, Event, OutgoingMail, Status, Ticket

pytestmark = pytest.mark.django_db
Read = Callable[[Callable[[str], str] | None], None]


@pytest.fixture
def read_by(monkeypatch: pytest.MonkeyPatch) -> Iterator[Read]:
    monkeypatch.setattr(replies, "_free", threading.BoundedSemaphore(replies.READERS_AT_ONCE))
    before = replies._reader
    yield replies.use_reader
    replies.use_reader(before)


@pytest.fixture(params=[Status.AUTO_RESOLVED, Status.RESOLVED])
def answered(request: pytest.FixtureRequest, requester: User) -> Ticket:
    return Ticket.objects.create(
        requester=requester, requester_email=requester.email, subject="Refund", status=request.param
    )


def state(ticket: Ticket) -> tuple[str, str, str]:
    ticket.refresh_from_db()
    return ticket.status, ticket.closure, ticket.escalation_reason


CLOSED = (Status.CLOSED, Closure.CONFIRMED, "")
REOPENED = (Status.ESCALATED, "", "requester_replied")


def test_only_thanks_confirms_in_one_step_without_a_mail(
    answered: Ticket, requester: User, read_by: Read
) -> None:
    read_by(lambda text: "thanks")
    message = replies.send_reply(answered, requester, "All good")
    assert state(answered) == CLOSED
    assert answered.closed_at is not None
    event = Event.objects.get(ticket=answered)
    assert (event.kind, event.actor) == (Event.Kind.CLOSED, requester)
    assert event.facts == {"closure": "confirmed", "machine": False, "message": message.pk}
    assert answered.messages.get().body == "All good"
    assert not OutgoingMail.objects.exists()


def test_without_a_reader_every_reply_reopens(answered: Ticket, requester: User, read_by: Read) -> None:
    read_by(None)
    replies.send_reply(answered, requester, "Thanks!")
    assert state(answered) == REOPENED


def test_what_did_not_help_comes_back_as_that(answered: Ticket, requester: User, read_by: Read) -> None:
    read_by(lambda text: "did_not_help")
    replies.send_reply(answered, requester, "I did that already")
    assert state(answered) == (Status.ESCALATED, "", "not_solved")


def fail(text: str) -> str:
    raise RuntimeError("the reader is ill")


@pytest.mark.parametrize("reader", [fail, lambda text: "gibberish", lambda text: ""])
def test_a_reader_that_fails_leaves_an_ordinary_reply(
    answered: Ticket, requester: User, read_by: Read, reader: Callable[[str], str]
) -> None:
    read_by(reader)
    replies.send_reply(answered, requester, "Thanks!")
    assert state(answered) == REOPENED


def test_nobody_waits_for_a_slow_reader(answered: Ticket, requester: User, read_by: Read) -> None:
    def dawdle(text: str) -> str:
        time.sleep(0.6)
        return "thanks"

    read_by(dawdle)
    started = time.monotonic()
    replies.send_reply(answered, requester, "Thanks!")
    assert time.monotonic() - started < 0.5
    assert state(answered) == REOPENED


def test_a_reader_that_hangs_gathers_no_threads(answered: Ticket, requester: User, read_by: Read) -> None:
    begun: list[str] = []
    end = threading.Event()

    def hang(text: str) -> str:
        begun.append(text)
        end.wait(30)
        return ""

    read_by(hang)
    for _ in range(replies.READERS_AT_ONCE + 2):
        replies._meaning(answered, requester, "Thanks!")
    assert len(begun) == replies.READERS_AT_ONCE
    end.set()


def test_a_reply_with_a_file_is_never_only_thanks(answered: Ticket, requester: User, read_by: Read) -> None:
    read_by(lambda text: "thanks")
    replies.send_reply(answered, requester, "Thanks!", [SimpleUploadedFile("a.txt", b"See what came")])
    assert state(answered) == REOPENED


@pytest.mark.parametrize("status", [Status.OPEN, Status.ESCALATED, Status.PENDING])
def test_where_nothing_was_answered_nobody_is_asked(requester: User, read_by: Read, status: Status) -> None:
    read_by(fail)
    ticket = Ticket.objects.create(requester=requester, requester_email=requester.email, status=status)
    replies.send_reply(ticket, requester, "Thanks!")
    assert state(ticket)[0] == (Status.OPEN if status is Status.OPEN else Status.ESCALATED)


def test_an_agents_words_are_not_shown_to_the_reader(answered: Ticket, agent: User, read_by: Read) -> None:
    read_by(lambda text: "thanks")
    replies.send_reply(answered, agent, "Thanks!")
    assert state(answered)[0] == Status.PENDING


def test_a_ticket_that_came_back_meanwhile_is_not_closed(
    answered: Ticket, requester: User, read_by: Read
) -> None:
    read_by(lambda text: "thanks")
    Ticket.objects.get(pk=answered.pk).reopen()
    replies.send_reply(answered, requester, "Thanks!")
    assert state(answered) == (Status.ESCALATED, "", "reopened")


@pytest.mark.parametrize(("body", "expected"), [("Great, thank you!", CLOSED), ("Thanks, but no", REOPENED)])
def test_a_thank_you_on_the_page_closes_it_and_the_page_offers_the_way_back(
    web: Callable[..., Client], answered: Ticket, requester: User, body: str, expected: tuple[str, str, str]
) -> None:
    client = web(requester)
    client.post(f"{answered.get_absolute_url()}reply/", {"body": body})
    assert state(answered) == expected
    page = client.get(answered.get_absolute_url()).content.decode()
    closed = expected == CLOSED
    assert ("You told us it’s solved, so we closed your ticket." in page) is closed
    assert (f"{answered.get_absolute_url()}follow-up/" in page) is closed


def test_it_is_the_same_by_the_api(api: Callable[..., APIClient], answered: Ticket, requester: User) -> None:
    response = api(requester).post(f"/api/tickets/{answered.reference}/messages", {"body": "Thanks!"})
    assert response.status_code == 201
    assert state(answered) == CLOSED


def test_who_said_solved_by_the_button_is_not_told_of_a_reply(
    web: Callable[..., Client], answered: Ticket, requester: User
) -> None:
    answered.record_feedback(solved=True, actor=requester)
    page: Any = web(requester).get(answered.get_absolute_url()).content.decode()
    assert "Thanks for telling us." in page
    assert "You wrote that all is well" not in page
