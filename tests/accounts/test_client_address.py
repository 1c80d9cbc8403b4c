"""One answer to where a request comes from, and everybody who needs it uses it."""

from __future__ import annotations

import pytest
from allauth.account.adapter import get_adapter
from axes.helpers import get_client_ip_address
from django.test import RequestFactory

from accounts.client_address import UNKNOWN, client_address, client_source, network_of
from accounts.limits.models import Allowance
from accounts.models import User
from tests.conftest import PASSWORD
from tickets.models import OutgoingMail

HOME, OFFICE = "198.51.100.7", "203.0.113.9"


def request(forwarded: str = "", peer: str = "10.0.0.1"):
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    return RequestFactory().get("/", REMOTE_ADDR=peer, **headers)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "peer", "address"),
    [
        (0, "", HOME, HOME),
        (0, OFFICE, HOME, HOME),  # nobody in front: the header is the client's own invention
        (1, OFFICE, "10.0.0.1", OFFICE),
        (1, f"1.2.3.4, {OFFICE}", "10.0.0.1", OFFICE),
        (2, f"1.2.3.4, {OFFICE}, 10.0.0.2", "10.0.0.1", OFFICE),
        (2, OFFICE, "10.0.0.1", OFFICE),
        (1, "", HOME, HOME),
        (1, "unknown", HOME, HOME),
        (1, f"{OFFICE}:51000", HOME, OFFICE),
        (1, "[2001:db8::1]:443", HOME, "2001:db8::1"),
        (1, "2001:db8::1%eth0", HOME, "2001:db8::1"),
        (0, "", "::ffff:198.51.100.7", HOME),
        (0, "", "", UNKNOWN),
        (1, f"{OFFICE}, ", HOME, OFFICE),
    ],
)
def test_it_is_what_the_outermost_trusted_proxy_saw(settings, proxies, forwarded, peer, address):
    settings.TRUSTED_PROXIES = proxies
    assert client_address(request(forwarded, peer)) == address


def test_an_ipv6_client_is_its_whole_subnet():
    one, other = (client_source(request(peer=f"2001:db8:1:2::{n}")) for n in ("1", "ffff:1"))
    assert one == other == "2001:db8:1:2::"
    assert client_source(request(peer="2001:db8:1:3::1")) != one


def test_a_network_is_what_a_client_can_change_addresses_in():
    assert network_of("198.51.100.7") == network_of("198.51.100.200") == "198.51.100.0"
    assert network_of("2001:db8:1:2::1") == network_of("2001:db8:1:ffff::1") == "2001:db8:1::"


def test_the_lock_and_the_account_mails_use_it(settings):
    settings.TRUSTED_PROXIES = 1
    behind = request(f"1.2.3.4, {OFFICE}")
    assert get_client_ip_address(behind) == OFFICE
    assert get_adapter().get_client_ip(behind) == OFFICE


def log_in(browser, person: User, password: str, address: str):
    form = {"login": person.email, "password": password}
    return browser.post("/accounts/login/", form, HTTP_X_FORWARDED_FOR=address)


def test_behind_a_proxy_an_attacker_locks_only_their_own_address(settings, web, api, requester):
    settings.TRUSTED_PROXIES = 1
    for _ in range(6):
        refused = log_in(web(), requester, "wrong", OFFICE)
    assert refused.status_code == 429
    wish = {"email": requester.email, "password": PASSWORD}
    assert api().post("/api/auth/login", wish, HTTP_X_FORWARDED_FOR=OFFICE).status_code == 429
    assert api().post("/api/auth/login", wish, HTTP_X_FORWARDED_FOR=HOME).status_code == 200
    assert log_in(web(), requester, PASSWORD, HOME).status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("operation", "path", "form"),
    [
        ("register", "/accounts/signup/", {"email": "n{}@example.com", "name": "N"}),
        ("account_mail", "/accounts/password/reset/", {"email": "n{}@example.com"}),
        ("guest_ticket", "/tickets/new/", {"email": "n{}@example.com", "body": "Where?"}),
        ("register", "/api/auth/register", {"email": "n{}@example.com", "name": "N", "password": PASSWORD}),
        ("login", "/api/auth/login", {"email": "n{}@example.com", "password": PASSWORD}),
    ],
)
def test_behind_a_proxy_limits_count_the_client_not_the_proxy(
    settings, web, api, engine, operation, path, form
):
    settings.TRUSTED_PROXIES = 1
    settings.LIMITS = {**settings.LIMITS, operation: {"address": (2, 3600)}}
    client = api() if path.startswith("/api") else web()

    def send(number: int, address: str) -> int:
        filled = {name: value.format(number) for name, value in form.items()}
        return client.post(path, filled, HTTP_X_FORWARDED_FOR=f"6.6.6.6, {address}").status_code

    assert [send(number, OFFICE) == 429 for number in range(3)] == [False, False, True]
    assert send(3, HOME) != 429
    assert Allowance.objects.filter(key__startswith=f"{operation}:").count() == 2


def test_a_notice_of_the_account_names_the_client(settings, web, requester):
    settings.TRUSTED_PROXIES = 1
    browser = web(requester)
    new = "another-Long-Passw0rd"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    browser.post("/accounts/password/change/", form, HTTP_X_FORWARDED_FOR=f"6.6.6.6, {OFFICE}")
    assert OFFICE in OutgoingMail.objects.get().body
