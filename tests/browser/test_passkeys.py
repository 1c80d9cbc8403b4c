"""Passkeys in a real browser with a virtual device: made, used alone, used as the second step, refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.conftest import PASSWORD

Device = Callable[..., None]


@pytest.fixture(autouse=True)
def at_the_site(settings: Any, live_server: Any) -> None:
    """Passkeys are made for the site's own name."""
    settings.SITE_URL = live_server.url


@pytest.fixture
def confirmed(requester: User) -> User:
    EmailAddress.objects.filter(user=requester).update(verified=True)
    return requester


@pytest.fixture
def device(page: Page) -> Device:
    """A device with a sensor; ``device(recognises=False)`` turns its owner away from then on."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    made = tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def change(*, recognises: bool) -> None:
        known = {"authenticatorId": made["authenticatorId"], "isUserVerified": recognises}
        tools.send("WebAuthn.setUserVerified", known)

    return change


def give_password(page: Page, user: User) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email address").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()


def inside(page: Page) -> None:
    """The log-in is over."""
    page.wait_for_url(lambda address: "/login/" not in address and "/2fa/" not in address)


def log_out(page: Page) -> None:
    page.goto("/accounts/profile/")
    page.get_by_role("button", name="Log out", exact=True).first.click()
    page.wait_for_url(lambda address: "/profile/" not in address)


def add_passkey(page: Page, user: User, *, alone: bool = True) -> None:
    give_password(page, user)
    inside(page)
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("Password", exact=True).fill(PASSWORD)  # asked once more for whatever opens the account
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Name").fill("My phone")
    page.get_by_label("Log in with it, without a password").set_checked(alone)
    page.get_by_role("button", name="Add a passkey").click()


def test_a_passkey_is_made_and_logs_in_alone(page: Page, confirmed: User, device: Device) -> None:
    add_passkey(page, confirmed)
    page.wait_for_url(lambda address: "/add/" not in address)
    assert Authenticator.objects.filter(user=confirmed, type=Authenticator.Type.WEBAUTHN).count() == 1
    page.goto("/accounts/2fa/webauthn/")
    expect(page.get_by_role("strong").get_by_text("My phone")).to_be_visible()
    log_out(page)
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Log in with a passkey").click()
    inside(page)
    page.goto("/tickets/")
    assert "/accounts/login/" not in page.url


def test_it_is_the_second_step_after_a_password(page: Page, confirmed: User, device: Device) -> None:
    add_passkey(page, confirmed, alone=False)
    page.wait_for_url(lambda address: "/add/" not in address)
    log_out(page)
    give_password(page, confirmed)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.goto("/tickets/")
    assert "/2fa/authenticate/" in page.url, "half a log-in opens nothing"
    page.get_by_role("button", name="Use your passkey").click()
    inside(page)
    page.goto("/tickets/")
    assert "/accounts/login/" not in page.url


def test_whom_the_device_does_not_know_stays_outside(page: Page, confirmed: User, device: Device) -> None:
    add_passkey(page, confirmed)
    page.wait_for_url(lambda address: "/add/" not in address)
    log_out(page)
    device(recognises=False)
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_text("That didn’t work, or was cancelled. Try again.")).to_be_visible()
    page.goto("/tickets/")
    assert "/accounts/login/" in page.url


def test_a_second_passkey_on_the_same_device_is_said(page: Page, confirmed: User, device: Device) -> None:
    add_passkey(page, confirmed)
    page.wait_for_url(lambda address: "/add/" not in address)
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("This device has a passkey for your account already.")).to_be_visible()
    assert Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).count() == 1
