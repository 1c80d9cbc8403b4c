"""Guest tickets join an account only when its owner has proved to own the address."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.test import RequestFactory

from accounts.models import User
from tests.conftest import PASSWORD
from tickets.intake import claims
from tickets.models import Event, Ticket

pytestmark = pytest.mark.django_db


def guest_ticket(email: str) -> Ticket:
    return Ticket.objects.create(requester_email=email, subject="Refund")


def address_of(user: User, *, verified: bool) -> EmailAddress:
    address, _ = EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": verified, "primary": True}
    )
    return address


def test_a_claimed_address_alone_opens_nothing(requester: User) -> None:
    address_of(requester, verified=False)
    ticket = guest_ticket(requester.email)
    assert claims.claim_guest_tickets(requester) == 0
    ticket.refresh_from_db()
    assert ticket.requester is None


def test_the_owner_gets_all_guest_tickets_of_the_address_with_an_audit_row(requester: User) -> None:
    address_of(requester, verified=True)
    own, foreign = [guest_ticket(requester.email) for _ in range(2)], guest_ticket("steve@example.com")
    assert claims.claim_guest_tickets(requester) == 2
    assert set(Ticket.objects.for_requester(requester)) == set(own)
    assert [event.actor for event in Event.objects.filter(kind=Event.Kind.CLAIMED)] == [requester] * 2
    foreign.refresh_from_db()
    assert foreign.requester is None


def test_claiming_twice_changes_nothing_the_second_time(requester: User) -> None:
    address_of(requester, verified=True)
    guest_ticket(requester.email)
    claims.claim_guest_tickets(requester)
    assert claims.claim_guest_tickets(requester) == 0
    assert Event.objects.filter(kind=Event.Kind.CLAIMED).count() == 1


def test_a_ticket_of_somebody_else_is_never_taken_over(requester: User, stranger: User) -> None:
    address_of(requester, verified=True)
    ticket = Ticket.objects.create(requester=stranger, requester_email=requester.email, subject="Refund")
    assert claims.claim_guest_tickets(requester) == 0
    ticket.refresh_from_db()
    assert ticket.requester == stranger


def test_confirming_the_address_joins_the_tickets(requester: User) -> None:
    ticket, address = guest_ticket(requester.email), address_of(requester, verified=True)
    email_confirmed.send(sender=EmailAddress, request=RequestFactory().get("/"), email_address=address)
    ticket.refresh_from_db()
    assert ticket.requester == requester


def test_a_ticket_sent_as_a_guest_by_somebody_with_an_account_joins_it_at_the_next_login(
    requester: User, web: Any, api: Any
) -> None:
    first = guest_ticket(requester.email)
    web().post("/accounts/login/", {"login": requester.email, "password": PASSWORD})
    second = guest_ticket(requester.email)
    api().post("/api/auth/login", {"email": requester.email, "password": PASSWORD})
    assert set(Ticket.objects.for_requester(requester)) == {first, second}


def test_an_account_without_any_proof_of_its_address_opens_nothing(requester: User) -> None:
    EmailAddress.objects.all().delete()
    guest_ticket(requester.email)
    assert claims.claim_guest_tickets(requester) == 0
