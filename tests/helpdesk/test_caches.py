"""Redis makes things fast and is needed for nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.utils.connection import ConnectionProxy

from accounts.models import User
from tests.conftest import PASSWORD
from tests.installation import free_port


@pytest.fixture
def redis_is_down(settings: Any) -> Iterator[ConnectionProxy]:
    settings.CACHES = {
        "default": {
            "BACKEND": "helpdesk.caches.RedisElseMemory",
            "LOCATION": f"redis://127.0.0.1:{free_port()}/0",
        }
    }
    yield caches["default"]
    caches["default"].clear()


def test_while_redis_is_away_a_process_remembers_for_itself(redis_is_down: Any) -> None:
    assert redis_is_down.add("key", 1, 60) is True
    assert redis_is_down.add("key", 2, 60) is False
    assert redis_is_down.incr("key") == 2
    redis_is_down.set("other", "x")
    assert redis_is_down.get_many(["key", "other"]) == {"key": 2, "other": "x"}
    assert redis_is_down.get_or_set("third", lambda: 3) == 3


def test_a_redis_that_is_away_is_not_asked_again_at_once(redis_is_down: Any) -> None:
    redis_is_down.get("x")
    started = time.monotonic()
    for _ in range(200):
        redis_is_down.get("x")
    assert redis_is_down.is_away()
    assert time.monotonic() - started < 1


@pytest.mark.django_db
def test_with_redis_away_people_log_in_and_send_tickets(
    redis_is_down: Any, api: Callable[..., Any], web: Callable[..., Any], agent: User
) -> None:
    login = {"email": agent.email, "password": PASSWORD}
    answer = api().post("/api/auth/login", login)
    assert answer.status_code == 200
    token = {"authorization": f"Bearer {answer.json()['access']}"}
    assert api().post("/api/tickets", {"body": "Where is it?"}, headers=token).status_code == 201
    page = web().post("/accounts/login/", {"login": agent.email, "password": PASSWORD})
    assert (page.status_code, page["Location"]) == (302, "/admin/")
