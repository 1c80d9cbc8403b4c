"""The step to Auto needs evidence, or a written word and a second supervisor's yes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.triage.oversight.conftest import ANSWER
from triage.models import Answer, Decision, Intent, Mode
from triage.oversight import ladder, versions, watch
from triage.oversight.evidence import Trial
from triage.oversight.ladder import Override, Refused, Standing

Web = Callable[..., Client]
Shadowed = Callable[..., Decision]


@pytest.fixture
def intent(refund_intent: Intent) -> Intent:
    """On Shadow, with an answer that somebody has read."""
    refund_intent.mode = Mode.SHADOW
    refund_intent.save()
    Answer.objects.update(reviewed_at="2026-01-01T00:00Z")
    return refund_intent


@pytest.fixture
def proven(shadowed: Shadowed, intent: Intent, agent: User) -> None:
    """45 people have answered as the machine would have."""
    shadowed().ticket.reply(ANSWER, author=agent)
    (first,) = Trial.objects.all()
    for at in range(44):
        decision = Decision.objects.get(pk=first.pk)
        ticket = decision.ticket
        ticket.pk, ticket.reference = None, f"HD-{at}"
        ticket.save(force_insert=True)
        decision.pk, decision.ticket = None, ticket
        decision.save(force_insert=True)
        Trial.objects.create(decision=decision, intent_slug=intent.slug, result=Trial.Result.SAME, kept=1.0)


def test_with_the_evidence_it_goes_to_auto_and_says_on_what(
    proven: None, intent: Intent, supervisor: User
) -> None:
    assert "answered automatically" in ladder.set_mode(intent, Mode.AUTO, by=supervisor)
    intent.refresh_from_db()
    standing = Standing.objects.get()
    assert (intent.mode, standing.ground, standing.seen, standing.wrong) == ("auto", "evidence", 45, 0)
    assert ladder.ground(Intent.objects.get()) == "on evidence"
    latest = versions.latest()
    assert latest is not None
    assert (latest.action, latest.by) == ("mode", supervisor)


def test_one_disagreement_is_enough_to_refuse(proven: None, intent: Intent, supervisor: User) -> None:
    Trial.objects.filter(pk=Trial.objects.latest("pk").pk).update(result=Trial.Result.OTHER)
    with pytest.raises(Refused, match="1 wrong of 45"):
        ladder.set_mode(intent, Mode.AUTO, by=supervisor)
    intent.refresh_from_db()
    assert intent.mode == "shadow"


def test_without_evidence_a_reason_and_a_second_supervisor_are_needed(
    intent: Intent, supervisor: User, second_supervisor: User, agent: User
) -> None:
    with pytest.raises(Refused, match="Say in writing"):
        ladder.set_mode(intent, Mode.AUTO, by=supervisor, why="  ")
    assert "Another supervisor" in ladder.set_mode(intent, Mode.AUTO, by=supervisor, why="a campaign")
    intent.refresh_from_db()
    assert (intent.mode, Override.objects.get().why) == ("shadow", "a campaign")
    with pytest.raises(Refused, match="Somebody else"):
        ladder.confirm(intent, by=supervisor)
    ladder.confirm(intent, by=second_supervisor)
    intent.refresh_from_db()
    assert (intent.mode, Standing.objects.get().ground, Override.objects.count()) == ("auto", "override", 0)
    with pytest.raises(Refused, match="Nobody asks"):
        ladder.confirm(intent, by=second_supervisor)


def test_the_only_supervisor_is_marked(intent: Intent, supervisor: User) -> None:
    ladder.set_mode(intent, Mode.AUTO, by=supervisor, why="a campaign")
    assert ladder.ground(Intent.objects.get()) == "by override of the only supervisor"


def test_a_step_down_needs_nothing_and_ends_an_override(
    intent: Intent, supervisor: User, second_supervisor: User
) -> None:
    ladder.set_mode(intent, Mode.AUTO, by=supervisor, why="a campaign")
    ladder.set_mode(intent, Mode.OFF, by=second_supervisor)
    intent.refresh_from_db()
    assert (intent.mode, Override.objects.count()) == ("off", 0)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda intent: Answer.objects.update(reviewed_at=None), "read its answer"),
        (lambda intent: Answer.objects.update(state="retired"), "no approved answer"),
        (
            lambda intent: watch.Latch.objects.create(intent=intent, reviewed=9, wrong=5, target=0.05),
            "alarm has paused",
        ),
    ],
)
def test_what_is_not_ready_is_refused_whatever_the_reason(
    intent: Intent, supervisor: User, spoil: Callable[[Intent], Any], words: str
) -> None:
    spoil(intent)
    with pytest.raises(Refused, match=words):
        ladder.set_mode(Intent.objects.get(), Mode.AUTO, by=supervisor, why="a campaign")


@pytest.mark.parametrize(("demo", "words"), [(False, "before evidence"), (True, "demo")])
def test_what_was_on_auto_before_is_marked(
    refund_intent: Intent, settings: Any, demo: bool, words: str
) -> None:
    settings.DEMO = demo
    assert ladder.ground(refund_intent) == words


# --- pages -----------------------------------------------------------------------------------------------


def test_the_ladder_is_walked_on_its_pages(web: Web, proven: None, intent: Intent, supervisor: User) -> None:
    browser, at = web(supervisor), reverse("oversight-intent", args=[intent.pk])
    listed = browser.get(reverse("oversight-ladder")).content.decode()
    assert "enough" in listed
    shown = browser.get(at).content.decode()
    assert "45 compared with people" in shown
    browser.post(at, {"mode": "auto"})
    assert Intent.objects.get().mode == "auto"
    assert "on evidence" in browser.get(at).content.decode()


def test_the_override_is_asked_and_confirmed_on_the_page(
    web: Web, intent: Intent, supervisor: User, second_supervisor: User
) -> None:
    at = reverse("oversight-intent", args=[intent.pk])
    browser = web(supervisor)
    assert "evidence is not enough" in browser.post(at, {"mode": "auto"}, follow=True).content.decode()
    browser.post(at, {"mode": "auto", "why": "a campaign"})
    assert "Yes, automate it" not in browser.get(at).content.decode()
    other = web(second_supervisor)
    assert "Yes, automate it" in other.get(at).content.decode()
    other.post(at, {"step": "confirm"})
    assert Intent.objects.get().mode == "auto"


def test_the_form_of_an_intent_is_no_way_round(web: Web, intent: Intent, supervisor: User) -> None:
    form = {
        "title": "R", "slug": intent.slug, "group": "", "mode": "auto", "rules-TOTAL_FORMS": 0,
        "rules-INITIAL_FORMS": 0, "answers-TOTAL_FORMS": 0, "answers-INITIAL_FORMS": 0,
    }  # fmt: skip
    refused = web(supervisor).post(f"/admin/triage/intent/{intent.pk}/change/", form)
    assert "made on the ladder" in refused.content.decode()
    assert Intent.objects.get().mode == "shadow"


@pytest.mark.parametrize(
    "name", ["oversight-ladder", "oversight-alarms", "oversight-review", "oversight-precision"]
)
def test_only_supervisors_see_the_pages(web: Web, agent: User, supervisor: User, name: str) -> None:
    assert web(agent).get(reverse(name)).status_code == 403
    assert web(supervisor).get(reverse(name)).status_code == 200
