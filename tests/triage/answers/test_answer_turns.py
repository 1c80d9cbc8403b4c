"""Two supervisors at the same answer: they take turns, and one text at most is approved."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from triage.models import Answer, Intent

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(
        "connection.vendor != 'postgresql'", reason="needs TEST_DATABASE_URL of a PostgreSQL server"
    ),
    pytest.mark.django_db(transaction=True),
]


def at_once(*steps: Callable[[], object]) -> list[Exception]:
    start, failures = threading.Barrier(len(steps)), []

    def take(step: Callable[[], object]) -> None:
        start.wait()
        try:
            step()
        except Exception as error:
            failures.append(error)
        connection.close()

    threads = [threading.Thread(target=take, args=[step]) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_drafts_written_at_once_get_versions_of_their_own() -> None:
    intent = Intent.objects.create(slug="refund")
    assert at_once(*[lambda: Answer.objects.create(intent=intent, body="Text") for _ in range(4)]) == []
    assert sorted(Answer.objects.values_list("version", flat=True)) == [1, 2, 3, 4]


def test_of_drafts_approved_at_once_one_stays_approved() -> None:
    intent = Intent.objects.create(slug="refund")
    drafts = [Answer.objects.create(intent=intent, body="Text") for _ in range(4)]
    assert at_once(*[lambda draft=draft: draft.approve(None) for draft in drafts]) == []
    assert Answer.objects.approved().count() == 1
