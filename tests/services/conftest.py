"""Real servers for the tests. One that is not there skips its tests, or fails them where it must be there."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from tests.conftest import FakeEngine
from triage.models import Answer, Intent


def what_is_missing(item: pytest.Item) -> str:
    """Why the test cannot run here; empty if it can."""
    if item.get_closest_marker("postgres") and not os.environ.get("TEST_DATABASE_URL", "").startswith(
        "postgres"
    ):
        return "TEST_DATABASE_URL names no PostgreSQL server"
    if item.get_closest_marker("broker") and not os.environ.get("TEST_REDIS_URL"):
        return "TEST_REDIS_URL names no Redis server"
    return ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip visibly what has no server; under REQUIRE_SERVICES (CI) that is a failure."""
    if reason := what_is_missing(item):
        (pytest.fail if os.environ.get("REQUIRE_SERVICES") else pytest.skip)(reason)


class Together:
    """Runs calls at the same moment, each in a thread with a database connection of its own."""

    def __call__(self, *calls: Callable[[], Any]) -> list[Any]:
        """What each call returned, or the exception it raised, in order."""
        outcomes: list[Any] = [None] * len(calls)
        start = threading.Barrier(len(calls))

        def run(place: int) -> None:
            try:
                start.wait(10)
                outcomes[place] = calls[place]()
            except Exception as error:  # whatever it is, the test looks at it
                outcomes[place] = error
            finally:
                connections.close_all()

        threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads), "a call hangs: deadlock?"
        return outcomes


@pytest.fixture
def together() -> Together:
    return Together()


@pytest.fixture
def sure_of_refund(engine: FakeEngine) -> FakeEngine:
    """An engine that answers every ticket, as far as it is let."""
    intent = Intent.objects.create(slug="track_refund", title="Where is my refund", mode="auto")
    Answer.objects.create(intent=intent, body="Refunds take five days.").approve(None)
    engine.says("track_refund", 0.99)
    return engine
