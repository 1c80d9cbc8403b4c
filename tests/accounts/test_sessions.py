"""What a late answer does to a session that has changed meanwhile: nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db

COOKIE = settings.SESSION_COOKIE_NAME


def told(client: Client, path: str, **cookies: str) -> Any:
    """What the answer makes of the session cookie; None: nothing."""
    for name, value in cookies.items():
        client.cookies[name] = value
    return client.get(path).cookies.get(COOKIE)


def test_a_request_that_was_on_its_way_during_the_log_in_logs_nobody_out(requester) -> None:
    before = Client()
    session = before.session
    session["something"] = 1
    session.save()
    old = str(session.session_key)
    person = Client()
    person.cookies[COOKIE] = old
    person.force_login(requester)  # the old key is gone
    assert person.cookies[COOKIE].value != old
    assert told(Client(), "/", **{COOKIE: old}) is None
    assert "Cookie" in Client(headers={"cookie": f"{COOKIE}={old}"}).get("/").headers["Vary"]
    assert person.get("/tickets/").status_code == 200


def test_a_log_out_takes_the_cookie_back(requester) -> None:
    person = Client()
    person.force_login(requester)
    cookie = person.post("/accounts/logout/").cookies[COOKIE]
    assert (cookie.value, cookie["max-age"]) == ("", 0)


def test_a_dead_key_is_never_taken_over(requester) -> None:
    """Who brings a key that nobody gave out gets another one with the log-in."""
    person = Client()
    person.cookies[COOKIE] = "a" * 32
    person.force_login(requester)
    assert person.cookies[COOKIE].value != "a" * 32
