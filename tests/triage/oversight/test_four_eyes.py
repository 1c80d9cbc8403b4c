"""Where the house wants it, nobody approves what they wrote themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from triage.models import Answer, Intent

Web = Callable[..., Client]


def drafted(client: Client, intent: Intent) -> Answer:
    client.post(
        reverse("admin:triage_answer_add"), {"intent": intent.pk, "language": "en", "body": "It takes a week.", "guest_body": "", "summary": ""},
    )  # fmt: skip
    return Answer.objects.get(state="draft")


def approve(client: Client, answer: Answer) -> str:
    said = {"body": answer.body, "guest_body": "", "summary": "", "triage_answer_approve": "1"}
    page = client.post(reverse("admin:triage_answer_change", args=[answer.pk]), said, follow=True)
    answer.refresh_from_db()
    return page.content.decode()


@pytest.mark.django_db
def test_the_drafter_may_not_approve_and_another_may(
    web: Web, supervisor: User, second_supervisor: User, refund_intent: Intent, settings: Any
) -> None:
    settings.TRIAGE_FOUR_EYES = True
    answer = drafted(web(supervisor), refund_intent)
    assert answer.drafted_by == supervisor
    assert "another supervisor must approve" in approve(web(supervisor), answer)
    assert answer.state == "draft"
    approve(web(second_supervisor), answer)
    assert answer.state == "approved"


@pytest.mark.django_db
@pytest.mark.parametrize(("wanted", "others"), [(False, True), (True, False)])
def test_it_is_no_matter_where_it_is_not_wanted_or_there_is_nobody_else(
    web: Web, supervisor: User, refund_intent: Intent, settings: Any, wanted: bool, others: bool, request: Any
) -> None:
    settings.TRIAGE_FOUR_EYES = wanted
    if others:
        request.getfixturevalue("second_supervisor")
    answer = drafted(web(supervisor), refund_intent)
    approve(web(supervisor), answer)
    assert answer.state == "approved"
