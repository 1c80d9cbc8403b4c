"""People with an authenticator app, and the codes it shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.test import Client

from accounts.models import User
from tests.conftest import PASSWORD


@dataclass
class App:
    """An authenticator app and the recovery codes that came with it."""

    secret: str
    spare: list[str]

    def code(self, steps: int = 0) -> str:
        """What it shows now, or did so many steps of 30 s ago (negative)."""
        return format_hotp_value(hotp_value(self.secret, int(time.time()) // 30 + steps))

    def wrong(self) -> str:
        near = {self.code(step) for step in range(-3, 4)}
        return next(code for code in (f"{number:06}" for number in range(10)) if code not in near)


@pytest.fixture
def with_app(db: None) -> Callable[[User], App]:
    def add(person: User) -> App:
        secret = generate_totp_secret()
        TOTP.activate(person, secret)
        return App(secret, RecoveryCodes.activate(person).generate_codes())

    return add


def log_in(browser: Client, person: User, password: str = PASSWORD, **more: Any) -> Any:
    return browser.post("/accounts/login/", {"login": person.email, "password": password, **more})


def step(browser: Client, code: str) -> Any:
    return browser.post("/accounts/2fa/authenticate/", {"code": code})


def is_in(browser: Client) -> bool:
    return browser.get("/accounts/profile/").status_code == 200
