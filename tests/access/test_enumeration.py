"""Whether an address has an account, or a reference a ticket, is told by no byte, no query and no hash."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, urlencode

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from scipy.stats import mannwhitneyu

from tests.access import scene as house
from tests.access.scene import FORM, STRANGE, Scene
from tickets.models import Attachment, Ticket

pytestmark = pytest.mark.django_db
KNOWN, UNKNOWN = "rita@example.com", "nina@example.com"  # of the same length, as an attacker would choose
#: Asked about an address: the door, and what is sent. ``@`` stands for the address.
ABOUT_ADDRESSES: Final[dict[str, dict[str, str]]] = {
    "/api/auth/login": {"email": "@", "password": "a-wrong-Passw0rd"},
    "/api/auth/register": {"name": "Nina", "email": "@", "password": "a-long-enough-Passw0rd"},
    "/accounts/login/": {"login": "@", "password": "a-wrong-Passw0rd"},
    "/accounts/signup/": {"name": "Nina", "email": "@", "password1": "a-long-enough-Passw0rd", "password2": "a-long-enough-Passw0rd"},
    "/accounts/password/reset/": {"email": "@"},
    "/tickets/new/": {"name": "Nina", "email": "@", "subject": "S", "body": "B"},
}  # fmt: skip
#: Asked about an object: who, how, where.
ABOUT_OBJECTS: Final = [
    *[("requester", "GET", path) for path in ("/api/tickets/{}", "/tickets/{}/", "/tickets/{}/live/", "/tickets/{}/follow-up/")],
    *[("requester", "POST", path) for path in ("/api/tickets/{}/messages", "/api/feedback/{}", "/api/tickets/{}/resolve", "/tickets/{}/reply/", "/tickets/{}/close/")],
    *[("anonymous", "GET", path) for path in ("/tickets/{}/", "/tickets/{}/live/")],
    ("guest", "GET", "/tickets/{}/"), ("other-guest", "POST", "/tickets/{}/person/"), ("former", "GET", "/api/tickets/{}"),
    ("requester", "GET", "/attachments/{file}/"), ("requester", "GET", "/api/attachments/{file}"), ("anonymous", "GET", "/attachments/{file}/"), ("requester", "POST", "/uploads/{waiting}/remove/"),
]  # fmt: skip
CHANGES: Final = re.compile(
    rb'(csrfmiddlewaretoken" value=")[^"]+|(name="once"[^>]*value=")[^"]+|(resume=)[\w-]+|(held(?:=|%3D))[\w-]+|(nonce[-=]"?)[\w-]+'
    rb'|("instance": "[^"#]*#)\w+'
)


@pytest.fixture
def scene(submit: Callable[..., Ticket], engine: Any) -> Scene:
    return house.build(submit, engine)


def about_address(scene: Scene, path: str, address: str) -> HttpResponse:
    body = {name: address if value == "@" else value for name, value in ABOUT_ADDRESSES[path].items()}
    raw = json.dumps(body) if path.startswith("/api") else urlencode(body)
    return scene.send(
        "anonymous", "POST", path, raw.encode(), "application/json" if path.startswith("/api") else FORM
    )


def about_object(
    scene: Scene, who: str, method: str, path: str, is_there: bool
) -> tuple[HttpResponse, list[str]]:
    file, waiting = (
        Attachment.objects.get(name="foreign.txt").token,
        Attachment.objects.get(holder="held by somebody", name="w.txt").token,
    )
    names = {"file": file, "waiting": waiting} if is_there else {"file": STRANGE, "waiting": STRANGE}
    reference = scene.tickets["foreign"].reference if is_there else "ZZZZ-ZZZZ-ZZZZ"
    body = json.dumps({"body": "x", "rating": 1}) if path.startswith("/api") else urlencode({"body": "x"})
    kind = "application/json" if path.startswith("/api") else FORM
    answer = scene.send(
        who, method, path.format(reference, **names), body.encode() if method == "POST" else b"", kind
    )
    return answer, [reference, *map(str, names.values())]


def masked(answer: HttpResponse, words: list[str]) -> tuple[int, bytes, dict[str, str]]:
    """All that a client gets, without what is another each time and what it has said itself."""
    content = CHANGES.sub(rb"\1\2\3\4\5\6", answer.content)
    headers = {
        name: value
        for name, value in answer.items()
        if name not in {"X-Request-ID", "Content-Length", "Expires"}
    }
    for word in words:
        content = (
            content.replace(word.encode(), b"*")
            .replace(quote(word).encode(), b"*")
            .replace(quote(word, safe="").encode(), b"*")
        )
        headers = {
            name: value.replace(word, "*").replace(quote(word, safe=""), "*")
            for name, value in headers.items()
        }
    headers = {
        name: CHANGES.sub(rb"\1\2\3\4\5\6", value.encode()).decode() for name, value in headers.items()
    }
    headers["Set-Cookie"] = " ".join(sorted(answer.cookies))
    return answer.status_code, content, headers


@pytest.mark.parametrize("path", [path for path in ABOUT_ADDRESSES if path != "/tickets/new/"])
def test_an_address_with_an_account_gets_the_same_bytes(scene: Scene, path: str) -> None:
    known, unknown = (masked(about_address(scene, path, who), [who]) for who in (KNOWN, UNKNOWN))
    assert known == unknown


def test_a_guest_ticket_for_the_address_of_an_account_is_taken_like_any_other(scene: Scene) -> None:
    answers = [about_address(scene, "/tickets/new/", who) for who in (KNOWN, UNKNOWN)]
    assert {answer.status_code for answer in answers} == {302}
    shapes = {re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", "*", answer["Location"]) for answer in answers}
    assert len(shapes) == 1


@pytest.mark.parametrize(
    "path", ["/api/auth/login", "/api/auth/register", "/accounts/login/", "/accounts/signup/"]
)
def test_an_address_with_an_account_costs_as_many_hashes(
    scene: Scene, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[int] = []
    real = MD5PasswordHasher.encode

    def encode(hasher: Any, password: str, salt: str) -> str:
        hashed.append(1)
        return str(real(hasher, password, salt))

    monkeypatch.setattr(MD5PasswordHasher, "encode", encode)
    costs = []
    for address in (KNOWN, UNKNOWN):
        hashed.clear()
        about_address(scene, path, address)
        costs.append(len(hashed))
    assert costs[0] == costs[1] >= 1


def test_a_strangers_object_and_an_absent_one_get_the_same_bytes_for_the_same_work(scene: Scene) -> None:
    for door in ABOUT_OBJECTS:
        answers: list[Any] = []
        work: list[int] = []
        for is_there in (True, False):
            with CaptureQueriesContext(connection) as asked:
                answer, words = about_object(scene, *door, is_there)
            answers.append(masked(answer, words))
            work.append(len(asked))
        assert answers[0] == answers[1], door
        assert work[0] == work[1] >= 1, door


@pytest.mark.prove
@pytest.mark.parametrize(("who", "method", "path"), ABOUT_OBJECTS)
def test_times_do_not_tell_a_strangers_object_from_an_absent_one(
    scene: Scene, who: str, method: str, path: str
) -> None:
    """300 of each by turns, by the time that this thread computes (Mann and Whitney's test)."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for at in range(620):
        began = time.thread_time()
        about_object(scene, who, method, path, is_there=at % 2 == 0)
        if at >= 20:
            times[at % 2 == 0].append(time.thread_time() - began)
    assert mannwhitneyu(times[True], times[False]).pvalue > 1e-4
