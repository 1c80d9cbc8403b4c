"""The first page says what needs somebody; the public page says what anybody may know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from triage.admin.oversight.home import needs, since_yesterday
from triage.models import Guard, Intent
from triage.oversight import evidence, switch, watch
from triage.oversight.evidence import Audit

Web = Callable[..., Client]


@pytest.mark.django_db
def test_nothing_needs_anybody_in_an_empty_house(web: Web, supervisor: User) -> None:
    assert needs() == []
    assert "Nothing at the moment." in web(supervisor).get(reverse("admin-home")).content.decode()


def test_what_waits_is_named_the_most_urgent_first(
    web: Web,
    supervisor: User,
    agent: User,
    answered: Callable[..., Audit],
    shadowed: Callable[..., Any],
    refund_intent: Intent,
) -> None:
    answered(drawn=True)
    shadowed().correct(None, by=agent)
    watch.Latch.objects.create(intent=refund_intent, reviewed=9, wrong=5, target=0.05)
    switch.set_stopped(True, by=None)
    assert [need.text.split()[0] for need in needs()] == [
        "stop",
        "alarms",
        "answers",
        "candidates",
        "tickets",
    ]
    evidence.give_verdict(Audit.objects.get(drawn=True, part="answered"), Audit.Verdict.RIGHT, by=supervisor)
    page = web(supervisor).get(reverse("admin-home")).content.decode()
    assert "Distance to the alarm" in page
    assert "alarms to look at" in page
    moved = {one.name: one.now for one in since_yesterday()}
    assert (moved["New tickets"], moved["Answered automatically"], moved["Handed to people"]) == (2, 1, 1)


@pytest.mark.django_db
def test_there_is_no_public_page_unless_the_house_wants_one(web: Web) -> None:
    assert web().get("/trust/").status_code == 404


def test_the_public_page_claims_only_what_was_reviewed(
    web: Web, answered: Callable[..., Audit], supervisor: User, settings: Any
) -> None:
    settings.TRUST_PAGE = True
    Guard.objects.create(topic="data_protection", pattern="gdpr")
    audit = answered(drawn=True)
    page = web().get("/trust/").content.decode()
    assert "received 1 messages and answered 1 of them automatically" in page
    assert "we make no claim" in page
    assert "data protection" in page
    evidence.give_verdict(audit, Audit.Verdict.RIGHT, by=supervisor)
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    assert "Of 100 automatic answers, 100 were right" in web().get("/trust/").content.decode()
