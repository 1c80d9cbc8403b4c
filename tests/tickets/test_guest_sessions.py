"""What a guest's browser holds: opened by a link or by sending, under a new key, and never more than an account has."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import User
from tickets import access
from tickets.access import Viewer
from tickets.intake import claims
from tickets.mail import guest_links
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


def guest_ticket(**facts: object) -> Ticket:
    return Ticket.objects.create(**{"requester_email": "gus@example.com", "subject": "Refund", **facts})


def request_of(user: User | None = None, session: SessionStore | None = None) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    request.session = session if session is not None else SessionStore()
    return request


def link(ticket: Ticket) -> str:
    return reverse("guest-link", args=[guest_links.token_for(ticket)])


def test_who_knew_the_sessions_key_before_sees_nothing_that_is_opened_later(
    web: Callable[..., Client],
) -> None:
    first, second = guest_ticket(), guest_ticket()
    browser, thief = web(), web()
    browser.get(link(first))
    thief.cookies["sessionid"] = browser.cookies["sessionid"].value
    assert thief.get(first.get_absolute_url()).status_code == 200
    browser.get(link(second))
    assert browser.get(second.get_absolute_url()).status_code == 200
    assert browser.get(first.get_absolute_url()).status_code == 200
    for ticket in (first, second):
        assert "/accounts/login/" in thief.get(ticket.get_absolute_url()).headers["Location"]


def test_a_browser_keeps_no_access_to_what_an_account_has_claimed(
    web: Callable[..., Client], requester: User
) -> None:
    ticket, browser = guest_ticket(requester_email=requester.email), web()
    browser.get(link(ticket))
    assert browser.get(ticket.get_absolute_url()).status_code == 200
    ticket.claim(requester)
    assert "/accounts/login/" in browser.get(ticket.get_absolute_url()).headers["Location"]
    browser.post(reverse("ticket-reply", args=[ticket.reference]), {"body": "Hi"})
    assert not ticket.messages.filter(body="Hi").exists()
    assert claims.claim_guest_tickets(requester) == 0


def test_what_belongs_to_an_account_is_not_opened_to_a_session(requester: User) -> None:
    request, ticket = request_of(), guest_ticket(requester=requester)
    assert access.open_to_guest(request, ticket) is False
    assert access.in_browser(request).held == ()


def test_a_browser_holds_the_last_fifty_each_once() -> None:
    request, tickets = request_of(), [guest_ticket() for _ in range(51)]
    for ticket in tickets:
        assert access.open_to_guest(request, ticket) is True
    names = [ticket.reference for ticket in tickets]
    assert access.in_browser(request).held == tuple(names[1:])
    access.open_to_guest(request, tickets[1])
    assert access.in_browser(request).held == (*names[2:], names[1])


def test_a_session_without_tickets_holds_none() -> None:
    assert access.in_browser(request_of()).held == ()


def test_whoever_asks_is_known_by_their_login(requester: User) -> None:
    assert access.in_browser(request_of(requester)).person == requester
    assert access.in_browser(request_of()).person is None


def test_a_login_of_somebody_switched_off_counts_for_nothing(requester: User) -> None:
    requester.is_active = False
    assert access.person(request_of(requester)) is None


def test_a_guest_owns_what_they_may_see_and_is_no_agent() -> None:
    guest = Viewer(None)
    assert guest.held == ()
    assert not guest.reads_desk
    assert guest.owns(guest_ticket())


def test_an_agent_owns_only_what_they_asked_for_themselves(agent: User, other_agent: User) -> None:
    mine, theirs = guest_ticket(requester=agent), guest_ticket(requester=other_agent)
    assert [Viewer(agent).owns(ticket) for ticket in (mine, theirs, guest_ticket())] == [True, False, False]


def test_a_browser_lists_what_it_sent_and_not_what_a_link_opened() -> None:
    request, opened, sent = request_of(), guest_ticket(), [guest_ticket(), guest_ticket()]
    assert list(access.sent_here(request)) == []
    access.open_to_guest(request, opened)
    assert list(access.sent_here(request)) == []
    for ticket in sent:
        access.open_to_guest(request, ticket, sent=True)
    assert set(access.sent_here(request)) == set(sent)
    assert set(access.in_browser(request).held) == {ticket.reference for ticket in (opened, *sent)}


def test_a_browser_lists_the_last_fifty_that_it_sent() -> None:
    request, tickets = request_of(), [guest_ticket() for _ in range(51)]
    for ticket in tickets:
        access.open_to_guest(request, ticket, sent=True)
    assert set(access.sent_here(request)) == set(tickets[1:])


def test_a_session_from_before_an_update_keeps_its_tickets() -> None:
    request, opened, sent = request_of(), guest_ticket(), guest_ticket()
    request.session.update({"guest_tickets": [opened.reference], "guest_sent": [sent.reference]})
    assert access.in_browser(request).held == (opened.reference,)
    assert list(access.sent_here(request)) == [sent]


def test_a_new_ticket_is_a_guests_if_nobody_is_logged_in_and_a_follow_up_is_whose_the_earlier_one_is(
    requester: User,
) -> None:
    guest, known = request_of(), request_of(requester)
    assert access.sends_as_guest(guest) is True
    assert access.sends_as_guest(known) is False
    theirs, a_guests = guest_ticket(requester=requester), guest_ticket()
    for request in (guest, known):
        assert access.sends_as_guest(request, follow_up_of=theirs) is False
        assert access.sends_as_guest(request, follow_up_of=a_guests) is True
