"""Login, tokens and sign-up over the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from axes.models import AccessAttempt
from django.db.models import F
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from tests.conftest import PASSWORD
from tickets.models import OutgoingMail

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]


def login(client: APIClient, email: str, password: str = PASSWORD) -> Any:
    return client.post("/api/auth/login", {"email": email, "password": password})


def test_login_gives_tokens_that_open_the_api(api: Api, requester: User) -> None:
    client = api()
    tokens = login(client, "RITA@example.com").json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    assert client.get("/api/tickets").status_code == 200


def test_wrong_password_and_unknown_address_get_the_same_answer(api: Api, requester: User) -> None:
    wrong, unknown = login(api(), requester.email, "nope"), login(api(), "nobody@example.com")
    assert wrong.status_code == unknown.status_code == 401
    said = [{**answer.json(), "instance": ""} for answer in (wrong, unknown)]
    assert said[0] == said[1]
    assert wrong.json()["code"] == "invalid_credentials"


def test_a_sixth_try_is_locked_out_even_with_the_right_password(api: Api, requester: User) -> None:
    for _ in range(5):
        login(api(), requester.email, "nope")
    answer = login(api(), requester.email)
    assert (answer.status_code, answer.json()["code"]) == (429, "locked_out")
    assert answer["Retry-After"] == "900"


def test_tries_while_the_lock_holds_do_not_prolong_it(api: Api, requester: User) -> None:
    for _ in range(5):
        login(api(), requester.email, "nope")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    refused = login(api(), requester.email, "nope")
    assert refused.status_code == 429
    assert 50 <= int(refused["Retry-After"]) <= 60
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - timedelta(minutes=1))
    assert login(api(), requester.email).status_code == 200


def test_the_lock_of_one_person_does_not_shut_out_another(api: Api, requester: User, stranger: User) -> None:
    for _ in range(6):
        login(api(), requester.email, "nope")
    assert login(api(), stranger.email).status_code == 200


def test_a_person_who_was_switched_off_cannot_log_in(api: Api, requester: User) -> None:
    requester.is_active = False
    requester.save(update_fields=["is_active"])
    assert login(api(), requester.email).status_code == 401


def test_a_login_forgets_the_failures_before_it(api: Api, requester: User) -> None:
    for _ in range(2):
        for _ in range(4):
            login(api(), requester.email, "nope")
        assert login(api(), requester.email).status_code == 200


@pytest.mark.parametrize("variant", ["RITA@example.com", " rita@example.com ", "rita@example.com\t"])
def test_another_spelling_of_the_address_does_not_get_round_the_lock(
    api: Api, requester: User, variant: str
) -> None:
    for _ in range(5):
        login(api(), variant, "nope")
    assert login(api(), requester.email).status_code == 429


def test_a_forged_sender_does_not_get_round_the_lock(api: Api, requester: User) -> None:
    wish = {"email": requester.email, "password": "nope"}
    for last in range(5):
        api().post("/api/auth/login", wish, HTTP_X_FORWARDED_FOR=f"10.0.0.{last}")
    assert login(api(), requester.email).status_code == 429


def test_logout_makes_the_refresh_token_useless(api: Api, requester: User) -> None:
    client = api()
    tokens = login(client, requester.email).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    assert client.post("/api/auth/logout", {"refresh": tokens["refresh"]}).status_code == 204
    assert client.post("/api/auth/refresh", {"refresh": tokens["refresh"]}).status_code == 401


def test_nobody_logs_another_person_out(api: Api, requester: User, stranger: User) -> None:
    theirs = login(api(), stranger.email).json()["refresh"]
    assert api(requester).post("/api/auth/logout", {"refresh": theirs}).status_code == 400
    assert api().post("/api/auth/refresh", {"refresh": theirs}).status_code == 200


def test_whoever_registers_must_confirm_the_address_before_logging_in(api: Api, db: None) -> None:
    wish = {"name": "Nina New", "email": "Nina@example.com", "password": PASSWORD}
    assert api().post("/api/auth/register", wish).status_code == 202
    refused = login(api(), "nina@example.com")
    assert (refused.status_code, refused.json()["code"]) == (403, "email_not_verified")
    EmailAddress.objects.filter(email="nina@example.com").update(verified=True)
    assert login(api(), "nina@example.com").status_code == 200


def test_registering_a_known_address_looks_the_same_and_tells_its_owner(api: Api, requester: User) -> None:
    wish = {"name": "X", "email": requester.email, "password": PASSWORD}
    new = api().post("/api/auth/register", {**wish, "email": "fresh@example.com"})
    known = api().post("/api/auth/register", wish)
    assert (known.status_code, known.json()) == (new.status_code, new.json())
    assert [requester.email] in OutgoingMail.objects.values_list("recipients", flat=True)
    assert User.objects.filter(email=requester.email).count() == 1


def test_a_weak_password_is_refused_at_the_field(api: Api, db: None) -> None:
    answer = api().post("/api/auth/register", {"name": "N", "email": "n@example.com", "password": "12345678"})
    assert answer.status_code == 400
    assert "password" in answer.json()["errors"]
