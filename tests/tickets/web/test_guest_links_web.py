"""The signed link of a guest: it opens one ticket to one browser, for a limited time."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from django.core import mail
from django.urls import reverse

from tickets.background import jobs
from tickets.intake import claims
from tickets.mail import guest_links
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(submit, engine) -> Ticket:
    return submit(guest_email="gus@example.com", subject="My parcel")


@pytest.fixture
def expired(ticket, settings) -> str:
    """A genuine link of too long ago."""
    token = guest_links.token_for(ticket)
    settings.GUEST_LINK_DAYS = -1
    return token


def link(token: str) -> str:
    return reverse("guest-link", args=[token])


def renew(token: str) -> str:
    return reverse("guest-link-renew", args=[token])


def sent() -> list[mail.EmailMessage]:
    jobs.run_due()
    return mail.outbox


def test_the_link_opens_the_ticket_to_this_browser_only(web, ticket):
    browser = web()
    response = browser.get(link(guest_links.token_for(ticket)), follow=True)
    assert "My parcel" in response.content.decode()
    assert browser.get(ticket.get_absolute_url()).status_code == 200
    assert web().get(ticket.get_absolute_url()).status_code == 302


def test_it_opens_no_other_ticket(web, submit, ticket):
    other = submit(guest_email="gus@example.com")
    browser = web()
    browser.get(link(guest_links.token_for(ticket)))
    assert browser.get(other.get_absolute_url()).status_code == 302


def test_the_mail_carries_a_link_that_works(web, ticket):
    path = re.search(r"http://testserver(/g/\S+)", sent()[0].body)[1]
    assert "My parcel" in web().get(path, follow=True).content.decode()


@pytest.mark.parametrize("token", ["nonsense", "a:b:c", "~"])
def test_a_forged_link_does_not_exist(web, token):
    assert web().get(link(token)).status_code == 404
    assert web().post(renew(token)).status_code == 404


def test_a_link_changed_in_one_letter_does_not_exist(web, ticket):
    token = guest_links.token_for(ticket)
    assert web().get(link(token[:-1] + ("A" if token[-1] != "A" else "B"))).status_code == 404


def test_the_link_of_a_vanished_ticket_does_not_exist(web, ticket):
    token = guest_links.token_for(ticket).replace("x", "x")
    Ticket.objects.filter(pk=ticket.pk).update(reference="ZZZZ-ZZZZ-ZZZZ")
    assert web().get(link(token)).status_code == 404


def test_an_expired_link_opens_nothing_and_offers_a_new_one(web, ticket, expired):
    browser = web()
    response = browser.get(link(expired))
    assert response.status_code == 410
    assert renew(expired) in response.content.decode()
    assert browser.get(ticket.get_absolute_url()).status_code == 302


def test_the_new_link_goes_to_the_tickets_own_address_and_opens_nothing_here(web, ticket, expired):
    sent().clear()
    browser = web()
    response = browser.post(renew(expired))
    assert "on its way" in response.content.decode()
    assert [message.to for message in sent()] == [["gus@example.com"]]
    assert browser.get(ticket.get_absolute_url()).status_code == 302


def test_asking_again_at_once_sends_no_second_mail(web, ticket, expired):
    sent().clear()
    for _ in range(3):
        assert web().post(renew(expired)).status_code == 200
    assert len(sent()) == 1


def test_once_the_ticket_joined_an_account_the_link_asks_for_the_login(
    web, requester, stranger, submit, engine
):
    ticket = submit(guest_email=requester.email)
    token = guest_links.token_for(ticket)
    claims.claim_guest_tickets(requester)
    assert web().get(link(token)).url == f"/accounts/login/?next={quote(ticket.get_absolute_url(), safe='')}"
    assert web(requester).get(link(token), follow=True).status_code == 200
    assert web(stranger).get(link(token), follow=True).status_code == 404


def test_a_guest_can_reply_ask_for_a_person_and_rate(web, ticket):
    browser = web()
    browser.get(link(guest_links.token_for(ticket)))
    for name, form in [
        ("ticket-reply", {"body": "Hello?"}),
        ("ticket-person", {}),
        ("ticket-feedback", {"solved": "no"}),
    ]:
        assert browser.post(reverse(name, args=[ticket.reference]), form).status_code == 302
    assert ticket.messages.last().author is None
