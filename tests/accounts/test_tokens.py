"""Tokens: what ends them, what stands of them in the database, and every forged kind that is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import retention
from accounts.models import Role, User
from accounts.tokens import families
from accounts.tokens.models import TokenFamily
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
Pair = dict[str, str]
KEY = settings.SIMPLE_JWT["SIGNING_KEY"]


@pytest.fixture
def pair(requester: User) -> Pair:
    return families.begin(requester)


def opens(access: str) -> int:
    """The status that a token gets at the list of tickets."""
    client = APIClient(raise_request_exception=False)
    return client.get("/api/tickets", HTTP_AUTHORIZATION=f"Bearer {access}").status_code


def renewed(refresh: str) -> Any:
    return APIClient(raise_request_exception=False).post("/api/auth/refresh", {"refresh": refresh})


def ended(pair: Pair) -> bool:
    """Neither token is good for anything; a refresh token that is refused is not used up by asking."""
    return opens(pair["access"]) == renewed(pair["refresh"]).status_code == 401


# --- What ends them -----------------------------------------------------------------------------------


def test_a_pair_is_good_and_handed_on(pair: Pair) -> None:
    assert opens(pair["access"]) == 200
    second = renewed(pair["refresh"]).json()
    assert opens(second["access"]) == opens(pair["access"]) == 200
    assert renewed(second["refresh"]).status_code == 200


def test_a_refresh_token_used_again_ends_the_whole_log_in_and_no_other(requester: User, pair: Pair) -> None:
    other = families.begin(requester)
    second = renewed(pair["refresh"]).json()
    third = renewed(second["refresh"]).json()
    reused = renewed(pair["refresh"])
    assert (reused.status_code, reused.json()["code"]) == (401, "token_not_valid")
    assert ended(third)
    assert opens(second["access"]) == 401
    assert opens(other["access"]) == 200


def test_of_two_uses_at_once_one_wins_and_the_log_in_ends(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, family = families.read_refresh(pair["refresh"])
    monkeypatch.setattr(
        families, "read_refresh", lambda raw: (token, family)
    )  # both looked before either wrote
    answers = [renewed(pair["refresh"]) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 401]
    monkeypatch.undo()
    assert ended(answers[0].json())


def change_password(user: User) -> None:
    user.set_password("another-Long-Passw0rd")
    user.save(update_fields=["password"])


def switch_off(user: User) -> None:
    user.is_active = False
    user.save()


def switch_off_and_on(user: User) -> None:
    switch_off(user)
    user.is_active = True
    user.save()


ENDS: list[Callable[[User], object]] = [
    change_password, switch_off, switch_off_and_on, families.end_everywhere, User.delete,
]  # fmt: skip


@pytest.mark.parametrize("what", ENDS, ids=lambda what: what.__name__)
def test_what_ends_every_token_and_every_browser_at_once(
    what: Callable[[User], object], requester: User, stranger: User, pair: Pair, web: Callable[..., Client]
) -> None:
    pairs, theirs = [pair, families.begin(requester)], families.begin(stranger)
    browser = web(requester)
    assert browser.get("/accounts/profile/").status_code == 200
    what(requester)
    assert all(ended(each) for each in pairs)
    assert browser.get("/accounts/profile/").status_code == 302
    assert opens(theirs["access"]) == 200


def test_a_row_that_was_read_before_brings_no_log_in_back(requester: User, pair: Pair) -> None:
    stale = User.objects.get(pk=requester.pk)
    before = requester.get_session_auth_hash()
    families.end_everywhere(requester)
    stale.name = "Rita R."
    stale.save()
    again = User.objects.get(pk=requester.pk)
    assert again.name == "Rita R."
    assert again.get_session_auth_hash() == requester.get_session_auth_hash() != before


def test_a_withdrawn_role_counts_for_tokens_given_before(agent: User) -> None:
    pair = families.begin(agent)
    call = {"HTTP_AUTHORIZATION": f"Bearer {pair['access']}"}
    User.objects.filter(pk=agent.pk).update(role=Role.SUPERVISOR)
    assert APIClient().get("/api/admin/metrics", **call).status_code == 200
    User.objects.filter(pk=agent.pk).update(role=Role.REQUESTER)
    assert APIClient().get("/api/admin/metrics", **call).status_code == 403


def test_logging_out_ends_the_access_token_too(requester: User, pair: Pair) -> None:
    other = families.begin(requester)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    assert client.post("/api/auth/logout", {"refresh": pair["refresh"]}).status_code == 204
    assert ended(pair)
    assert opens(other["access"]) == 200


def test_logging_out_everywhere_over_the_api(
    requester: User, stranger: User, pair: Pair, web: Callable[..., Client]
) -> None:
    others, browser, theirs = families.begin(requester), web(requester), families.begin(stranger)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    assert client.post("/api/auth/logout", {}).status_code == 400
    assert client.post("/api/auth/logout", {"everywhere": True}).status_code == 204
    assert ended(pair)
    assert ended(others)
    assert browser.get("/accounts/profile/").status_code == 302
    assert opens(theirs["access"]) == 200


def test_logging_out_everywhere_in_a_browser(requester: User, pair: Pair, web: Callable[..., Client]) -> None:
    here, there = web(requester), web(requester)
    assert b"Log out everywhere" in here.get("/accounts/profile/").content
    assert here.get("/accounts/logout/everywhere/").status_code == 405
    page = here.post("/accounts/logout/everywhere/", follow=True)
    assert "You’re logged out on every device." in page.content.decode()
    assert here.get("/accounts/profile/").status_code == there.get("/accounts/profile/").status_code == 302
    assert ended(pair)


def test_however_often_it_is_refreshed_a_log_in_ends_some_day(pair: Pair) -> None:
    now = timezone.now()
    TokenFamily.objects.update(began_at=now - families.LONGEST + timedelta(hours=1))
    pair = renewed(pair["refresh"]).json()
    assert TokenFamily.objects.get().ends_at <= now + timedelta(hours=1)
    TokenFamily.objects.update(ends_at=now)
    assert ended(pair)


# --- What stands of them in the database ---------------------------------------------------------------


def test_no_token_stands_in_the_database(requester: User, pair: Pair) -> None:
    second = renewed(pair["refresh"]).json()
    secrets = [
        part
        for token in (*pair.values(), *second.values())
        for part in (token, token.rpartition(".")[2], jwt.decode(token, KEY, ["HS256"])["jti"])
    ]
    dump = ""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            dump += repr(cursor.fetchall())
    assert hashlib.sha256(jwt.decode(second["refresh"], KEY, ["HS256"])["jti"].encode()).hexdigest() in dump
    assert [secret for secret in secrets if secret in dump] == []


def test_what_ran_out_is_swept_and_so_are_the_clear_tokens_of_a_release_before(
    requester: User, pair: Pair
) -> None:
    old = apps.get_model("token_blacklist", "OutstandingToken")
    old.objects.create(
        user=requester, jti="a", token="in.clear", expires_at=timezone.now() + timedelta(days=1)
    )
    families.begin(requester)
    TokenFamily.objects.filter(pk=jwt.decode(pair["access"], KEY, ["HS256"])["family"]).update(
        ends_at=timezone.now()
    )
    retention.sweep()
    assert TokenFamily.objects.count() == 1
    assert not old.objects.exists()


# --- Forged kinds -------------------------------------------------------------------------------------


def claims(pair: Pair, **changed: Any) -> dict[str, Any]:
    """Those of the access token; a change to None leaves the claim out."""
    facts = {**jwt.decode(pair["access"], KEY, ["HS256"]), **changed}
    return {name: value for name, value in facts.items() if value is not None}


def signed(facts: dict[str, Any], key: str = KEY, algorithm: str = "HS256", **headers: Any) -> str:
    """A token signed with ``key``, whatever a library would say to that key."""
    head = f"{part({'alg': algorithm, 'typ': 'JWT', **headers})}.{part(facts)}"
    seal = hmac.digest(key.encode(), head.encode(), f"sha{algorithm[2:]}")
    return f"{head}.{base64.urlsafe_b64encode(seal).decode().rstrip('=')}"


def part(facts: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(facts).encode()).decode().rstrip("=")


def unsigned(pair: Pair, spelling: str) -> str:
    return f"{part({'alg': spelling, 'typ': 'JWT'})}.{part(claims(pair))}."


def said_to_be(pair: Pair, algorithm: str) -> str:
    """Our own signature under the name of an algorithm that is not ours."""
    _head, body, seal = signed(claims(pair)).split(".")
    return f"{part({'alg': algorithm, 'typ': 'JWT'})}.{body}.{seal}"


FORGED: dict[str, Callable[[Pair], str]] = {
    "alg none": lambda pair: unsigned(pair, "none"),
    "alg None": lambda pair: unsigned(pair, "None"),
    "alg NONE": lambda pair: unsigned(pair, "NONE"),
    "no alg": lambda pair: f"{part({'typ': 'JWT'})}.{part(claims(pair))}.",
    "alg is a list": lambda pair: f"{part({'alg': ['HS256']})}.{part(claims(pair))}.x",
    "said to be RS256": lambda pair: said_to_be(pair, "RS256"),
    "said to be ES256": lambda pair: said_to_be(pair, "ES256"),
    "HS512 with our key": lambda pair: signed(claims(pair), algorithm="HS512"),
    "HS384 with our key": lambda pair: signed(claims(pair), algorithm="HS384"),
    "another key": lambda pair: signed(claims(pair), "another-key-of-thirty-two-characters"),
    "an empty key": lambda pair: signed(claims(pair), ""),
    "the site's key": lambda pair: signed(claims(pair), settings.SECRET_KEY),
    "a key of its own": lambda pair: signed(claims(pair), "k" * 32, jwk={"kty": "oct", "k": "a2tra2tra2s"}),
    "a key elsewhere": lambda pair: signed(claims(pair), "k" * 32, jku="http://127.0.0.1/keys", kid="../../dev/null"),
    "no exp": lambda pair: signed(claims(pair, exp=None)),
    "no jti": lambda pair: signed(claims(pair, jti=None)),
    "no kind": lambda pair: signed(claims(pair, token_type=None)),
    "another kind": lambda pair: signed(claims(pair, token_type="sliding")),
    "no family": lambda pair: signed(claims(pair, family=None)),
    "a family that never was": lambda pair: signed(claims(pair, family="0" * 32)),
    "a family that is no id": lambda pair: signed(claims(pair, family=["x"])),
    "expired": lambda pair: signed(claims(pair, exp=int(time.time()) - 1)),
    "exp is a word": lambda pair: signed(claims(pair, exp="never")),
    "exp beyond all time": lambda pair: signed(claims(pair, exp=10**30)),
    "iat in the future": lambda pair: signed(claims(pair, iat=int(time.time()) + 3600)),
    "nbf in the future": lambda pair: signed(claims(pair, nbf=int(time.time()) + 3600)),
    "a refresh token": lambda pair: pair["refresh"],
    "cut": lambda pair: pair["access"][:-1],
    "another's body": lambda pair: ".".join(
        [pair["access"].split(".")[0], part(claims(pair, user_id="1")), pair["access"].split(".")[2]]
    ),
    "huge": lambda pair: signed(claims(pair, padding="x" * 100_000)),
    "no JWT": lambda pair: "abc",
    "dots": lambda pair: "..",
    "four parts": lambda pair: f"{pair['access']}.x",
    "an array": lambda pair: f"{part({'alg': 'HS256'})}.{base64.urlsafe_b64encode(b'[1]').decode()}.x",
    "bytes": lambda pair: "\xff\xfe.\xff.\xff",
    "two headers": lambda pair: f"{pair['access']},Bearer {pair['access']}",
    "two tokens": lambda pair: f"{pair['access']} {pair['access']}",
    "nothing": lambda pair: "",
}  # fmt: skip


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_token_opens_nothing(pair: Pair, forged: str) -> None:
    token = FORGED[forged](pair)
    client = APIClient(raise_request_exception=False)
    answer = client.get("/api/tickets", HTTP_AUTHORIZATION=f"Bearer {token}")
    assert answer.status_code == 401
    assert set(answer.json()) >= {"code", "message", "errors"}
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert opens(pair["access"]) == 200


@pytest.mark.parametrize(
    "forged", sorted(set(FORGED) - {"a refresh token", "two headers", "two tokens", "bytes"})
)
def test_a_forged_token_is_exchanged_for_nothing(pair: Pair, forged: str) -> None:
    answer = renewed(FORGED[forged](pair))
    assert answer.status_code in {400, 401}
    assert "access" not in answer.json()
    assert renewed(pair["access"]).status_code == 401, "an access token is no refresh token"
    assert renewed(pair["refresh"]).status_code == 200


def test_a_token_of_another_person_names_only_its_own(requester: User, stranger: User, pair: Pair) -> None:
    """Who it speaks for stands in the family, not in the token."""
    moved = signed(claims(pair, user_id=str(stranger.pk)))
    assert opens(moved) == 200
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {moved}")
    made = client.post("/api/tickets", {"body": "Whose is this?"}).json()
    assert made["requester"]["email"] == requester.email


def test_the_ways_in_give_tokens_of_a_family(requester: User) -> None:
    answer = APIClient().post("/api/auth/login", {"email": requester.email, "password": PASSWORD})
    assert opens(answer.json()["access"]) == 200
    assert TokenFamily.objects.get().user == requester
