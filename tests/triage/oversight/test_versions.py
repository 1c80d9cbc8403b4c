"""Every change of the policy is a version with its author, and there is a way back to each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.background import jobs
from tickets.models import Ticket
from triage.answers.facts import HouseFact, set_fact
from triage.models import Answer, Guard, Intent, Rule
from triage.oversight import preview, restoring, switch, versions
from triage.oversight.versions import PolicyContent, PolicyNote, PolicyVersion

pytestmark = pytest.mark.django_db
Web = Callable[..., Client]
NO_RULES = {
    "rules-TOTAL_FORMS": 0,
    "rules-INITIAL_FORMS": 0,
    "answers-TOTAL_FORMS": 0,
    "answers-INITIAL_FORMS": 0,
}


def newest() -> PolicyVersion:
    found = versions.latest()
    assert found is not None
    return found


def test_a_change_keeps_who_why_and_what(refund_intent: Intent, supervisor: User) -> None:
    with versions.changing("mode", by=supervisor, why="prices changed"):
        refund_intent.mode = "suggest"
        refund_intent.save()
    version = newest()
    assert (version.action, version.by, version.note.why, version.changes) == (
        "mode", supervisor, "prices changed", 1,
    )  # fmt: skip
    assert versions.changes_of(version) == [versions.Change("mode", "track_refund", "auto", "suggest")]


def test_nothing_changed_makes_no_version(refund_intent: Intent, supervisor: User) -> None:
    with versions.changing("mode", by=supervisor):
        pass
    assert newest().action == "first"
    with versions.changing("mode", by=supervisor):
        refund_intent.save()
    assert PolicyVersion.objects.count() == 1


def test_what_was_changed_elsewhere_is_told_apart(refund_intent: Intent, supervisor: User) -> None:
    versions.note_unrecorded()
    Guard.objects.create(topic="legal", pattern="court")
    with versions.changing("mode", by=supervisor):
        refund_intent.mode = "off"
        refund_intent.save()
    assert list(PolicyVersion.objects.values_list("action", "changes", "by")) == [
        ("mode", 1, supervisor.pk), ("unrecorded", 1, None), ("first", 0, None),
    ]  # fmt: skip


def test_the_worker_finds_what_was_changed_elsewhere(refund_intent: Intent) -> None:
    jobs.sweep()
    assert newest().action == "first"


def test_a_change_that_fails_leaves_nothing(refund_intent: Intent, supervisor: User) -> None:
    with pytest.raises(RuntimeError), versions.changing("mode", by=supervisor):
        refund_intent.mode = "off"
        refund_intent.save()
        raise RuntimeError
    refund_intent.refresh_from_db()
    assert (refund_intent.mode, PolicyVersion.objects.count()) == ("auto", 0)


def test_a_version_is_neither_edited_nor_deleted(refund_intent: Intent) -> None:
    versions.note_unrecorded()
    with pytest.raises(TypeError):
        PolicyVersion.objects.update(action="mode")
    with pytest.raises(TypeError):
        PolicyVersion.objects.all().delete()


def test_a_version_carries_no_words(refund_intent: Intent, supervisor: User) -> None:
    with versions.changing("facts", by=supervisor, why="Mr Smith asked"):
        set_fact("refund_days", "5", language="en", by=supervisor)
    stored = PolicyVersion.objects.values().get(pk=newest().pk)
    assert "Smith" not in str(stored)
    PolicyContent.objects.all().delete()
    PolicyNote.objects.all().delete()
    assert versions.changes_of(newest()) == []
    with pytest.raises(restoring.Gone):
        restoring.restore(newest(), by=supervisor)


def test_everything_comes_back(refund_intent: Intent, supervisor: User) -> None:
    rule = Rule.objects.create(intent=refund_intent, pattern="refund", weight=0.9)
    guard = Guard.objects.create(topic="legal", pattern="court")
    set_fact("refund_days", "5", language="en", by=None)
    versions.note_unrecorded()
    good = newest()
    second = Answer.objects.create(intent=refund_intent, body="Never.")
    with versions.changing("intent", by=supervisor):
        second.approve(supervisor)
        rule.delete()
        Rule.objects.create(intent=refund_intent, pattern="money", weight=0.5)
        guard.pattern = "the"
        guard.save()
        Guard.objects.create(topic="threat", pattern="bomb")
        refund_intent.mode, refund_intent.threshold = "off", 0.9
        refund_intent.save()
        set_fact("refund_days", "9", language="en", by=supervisor)
    assert newest().changes == 8
    assert restoring.restore(good, by=supervisor) == []
    assert newest().digest == good.digest
    assert versions.state() == versions.content_of(good)
    refund_intent.refresh_from_db()
    assert (refund_intent.mode, refund_intent.threshold) == ("auto", None)
    assert Rule.objects.get().pattern == "refund"
    assert Guard.objects.get().pattern == "court"
    assert HouseFact.objects.get().value.startswith("5")
    assert Answer.objects.get(state="approved").version == 1


def test_only_the_latest_change_is_undone(refund_intent: Intent, supervisor: User) -> None:
    for mode in ("suggest", "off"):
        with versions.changing("mode", by=supervisor):
            refund_intent.mode = mode
            refund_intent.save()
    with pytest.raises(restoring.Gone):
        restoring.undo(PolicyVersion.objects.get(pk=newest().pk - 1), by=supervisor)
    restoring.undo(newest(), by=supervisor)
    refund_intent.refresh_from_db()
    assert refund_intent.mode == "suggest"


def test_what_cannot_be_put_back_is_named(refund_intent: Intent, supervisor: User, settings: Any) -> None:
    versions.note_unrecorded()
    good = newest()
    settings.TRIAGE_THRESHOLD = 0.8
    assert restoring.restore(good, by=supervisor) == [
        "The threshold of the whole house is a setting, and was left as it is."
    ]


def test_the_switch_is_in_the_history(refund_intent: Intent, supervisor: User) -> None:
    switch.set_stopped(True, by=supervisor, why="wrong prices")
    switch.set_stopped(False, by=supervisor)
    assert list(PolicyVersion.objects.values_list("action", flat=True)) == ["resume", "stop", "first"]


# --- in the admin ----------------------------------------------------------------------------------------


def test_a_bulk_change_is_shown_asked_and_undone_by_one_click(
    web: Web, supervisor: User, refund_intent: Intent
) -> None:
    Intent.objects.create(slug="order", title="Order", mode="suggest")
    Intent.objects.create(slug="idle", title="Idle", mode="off")
    browser, at = web(supervisor), reverse("admin:triage_intent_changelist")
    form = {"action": "switch_off", "_selected_action": list(Intent.objects.values_list("pk", flat=True))}
    asked = browser.post(at, form).content.decode()
    assert "Put 2 intents on “Off”?" in asked
    assert "Where is my refund: Auto → Off" in asked
    assert "Idle" not in asked.split("<ul", 1)[1].split("ask-list")[1].split("</ul>")[0]
    assert Intent.objects.filter(mode="off").count() == 1
    browser.post(at, {**form, "sure": "1"})
    assert Intent.objects.filter(mode="off").count() == 3
    version = newest()
    assert (version.action, version.by, version.changes) == ("modes", supervisor, 2)
    assert "Undo it" in browser.get(at).content.decode()
    browser.post(reverse("oversight-undo", args=[version.pk]), {"next": at})
    assert dict(Intent.objects.values_list("slug", "mode")) == {
        "track_refund": "auto", "order": "suggest", "idle": "off",
    }  # fmt: skip


@pytest.mark.parametrize("fields", [{"threshold": "0.9"}, {"mode": "off"}])
def test_saving_an_intent_is_a_version(
    web: Web, supervisor: User, refund_intent: Intent, fields: dict[str, str]
) -> None:
    form = {"title": "R", "slug": "track_refund", "group": "", "mode": "auto", **NO_RULES, **fields}
    web(supervisor).post(f"/admin/triage/intent/{refund_intent.pk}/change/", form)
    assert (newest().action, newest().by, newest().changes) == ("intent", supervisor, 1)


def test_the_history_shows_each_change_in_words_and_restores(
    web: Web, supervisor: User, agent: User, refund_intent: Intent
) -> None:
    versions.note_unrecorded()
    first = newest()
    with versions.changing("mode", by=supervisor, why="wrong prices"):
        refund_intent.mode = "off"
        refund_intent.save()
    browser = web(supervisor)
    listed = browser.get(reverse("admin:oversight_policyversion_changelist")).content.decode()
    assert "wrong prices" in listed
    at = reverse("admin:oversight_policyversion_change", args=[newest().pk])
    shown = browser.get(at).content.decode()
    for words in ("Where is my refund", "Auto", "Off"):
        assert words in shown
    back = reverse("admin:oversight_policyversion_change", args=[first.pk])
    assert web(agent).post(back, {"oversight_policyversion_restore": "1"}).status_code == 403
    browser.post(back, {"oversight_policyversion_restore": "1"})
    refund_intent.refresh_from_db()
    assert (refund_intent.mode, newest().action) == ("auto", "restore")


def test_retiring_the_last_answer_of_an_automated_intent_asks(
    web: Web, supervisor: User, refund_intent: Intent
) -> None:
    answer, browser = refund_intent.answers.get(), web(supervisor)
    at = reverse("admin:triage_answer_change", args=[answer.pk])
    asked = browser.post(at, {"triage_answer_retire": "1"})
    assert asked.url == reverse("oversight-retire", args=[answer.pk])
    answer.refresh_from_db()
    assert answer.state == "approved"
    assert "Auto → Suggest" in browser.get(asked.url).content.decode()
    browser.post(asked.url)
    answer.refresh_from_db()
    refund_intent.refresh_from_db()
    assert (answer.state, refund_intent.mode) == ("retired", "suggest")
    assert (newest().action, newest().changes) == ("answer", 2)


# --- previews --------------------------------------------------------------------------------------------


def test_a_guard_shows_its_hits_and_a_greedy_one_asks_twice(
    web: Web, supervisor: User, engine: FakeEngine, refund_intent: Intent, submit: Callable[..., Ticket]
) -> None:
    engine.says("track_refund", 0.99)
    for at in range(40):
        submit(subject="Parcel" if at else "The court", guest_email=f"g{at}@example.com")
    browser, at = web(supervisor), "/admin/triage/guard/add/"
    rare = {"topic": "legal", "pattern": "court", "is_active": "on"}
    asked = browser.post(at, rare)
    assert (
        "It fits 1 of the last 40 tickets, 1 of which were answered automatically" in asked.content.decode()
    )
    assert not Guard.objects.exists()
    browser.post(at, {**rare, "seen": asked.context["adminform"].form["seen"].value()})
    assert Guard.objects.get().pattern == "court"
    greedy = {"topic": "legal", "pattern": "the|parcel", "is_active": "on"}
    first = browser.post(at, greedy).context["adminform"].form["seen"].value()
    again = browser.post(at, {**greedy, "seen": first})
    assert "Save once more if you are sure" in again.content.decode()
    assert Guard.objects.count() == 1
    browser.post(at, {**greedy, "seen": again.context["adminform"].form["seen"].value()})
    assert Guard.objects.count() == 2


def test_what_a_version_would_have_flipped_is_counted(
    engine: FakeEngine, refund_intent: Intent, submit: Callable[..., Ticket], supervisor: User
) -> None:
    engine.says("track_refund", 0.99)
    for at in range(3):
        submit(guest_email=f"g{at}@example.com", subject="A court case" if at == 0 else "Refund?")
    engine.says("track_refund", 0.7)
    submit(guest_email="unsure@example.com")
    with versions.changing("guard", by=supervisor):
        Guard.objects.create(topic="legal", pattern="court")
    jobs.run_due()
    assert newest().note.flips == {"more": 0, "fewer": 1, "seen": 4, "left_out": ""}
    with versions.changing("mode", by=supervisor):
        refund_intent.mode = "off"
        refund_intent.save()
    jobs.run_due()
    assert newest().note.flips["fewer"] == 2


def test_a_stored_decision_is_decided_anew_by_what_the_policy_moves() -> None:
    policy = {
        "mode": {"a": "auto"}, "limit": {"a": None}, "answer": {"a/en": 1}, "guard": {},
        "limits": {"threshold": 0.75, "margin": 0.05},
    }  # fmt: skip
    row = preview.Stored(1, "a", 0.8, 0.5, "en-GB", frozenset({"mode_not_auto"}))
    assert row.answered_under(policy)
    assert not row.answered_under({**policy, "limit": {"a": 0.9}})
    assert not row.answered_under({**policy, "answer": {}})
    assert not preview.Stored(1, "a", 0.8, 0.5, "en", frozenset({"grave"})).answered_under(policy)
