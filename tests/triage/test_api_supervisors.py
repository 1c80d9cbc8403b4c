"""What supervisors decide, over the API: by the pages' own forms and steps, with the same powers and four eyes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Role, User
from accounts.tokens import families
from accounts.tokens.models import TokenFamily
from tests.conftest import person
from triage.api.supervising import SupervisorView
from triage.models import Answer, Intent, Mode
from triage.oversight import evidence, versions
from triage.oversight.models import Latch
from triage.oversight.switch import is_stopped

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]


@pytest.fixture
def second(db: None) -> User:
    return person("tom@example.com", Role.SUPERVISOR, "Tom Second")


def test_an_intent_is_made_and_changed_as_versions_of_the_policy(api: Api, supervisor: User) -> None:
    client = api(supervisor)
    made = client.post("/api/intents", {"slug": "track", "title": "Where is it?"})
    assert (made.status_code, made.json()["mode"]) == (201, Mode.SUGGEST)
    assert client.post("/api/intents", {"slug": "track", "title": "x"}).json()["errors"].keys() == {"slug"}
    changed = client.patch("/api/intents/track", {"threshold": 0.9})
    assert (changed.json()["threshold"], changed.json()["title"]) == (0.9, "Where is it?")
    assert client.patch("/api/intents/track", {"threshold": None}).json()["threshold"] is None
    assert client.patch("/api/intents/track", {"mode": "auto"}).json()["errors"].keys() == {"mode"}
    (newest, *_) = client.get("/api/policy/versions").json()["results"]
    assert (newest["action"], newest["by"], newest["changes"]) == ("intent", supervisor.name, 1)


def test_auto_needs_evidence_or_a_reason_and_a_second_supervisor(
    api: Api, supervisor: User, second: User, refund_intent: Intent
) -> None:
    Intent.objects.update(mode=Mode.SUGGEST)
    Answer.objects.update(reviewed_at=timezone.now())
    path = "/api/intents/track_refund"
    refused = api(supervisor).post(f"{path}/mode", {"mode": "auto"})
    assert (refused.status_code, refused.json()["code"]) == (409, "refused")
    asked = api(supervisor).post(f"{path}/mode", {"mode": "auto", "why": "A campaign."}).json()
    assert (asked["mode"], asked["override_asked"]) == ("suggest", True)
    assert api(supervisor).post(f"{path}/confirm").status_code == 409
    confirmed = api(second).post(f"{path}/confirm").json()
    assert (confirmed["mode"], confirmed["ground"]) == ("auto", "by override of a second supervisor")
    assert api(second).post(f"{path}/mode", {"mode": "off"}).json()["mode"] == "off"


def test_who_drafts_does_not_approve_where_four_eyes_are_asked_for(
    api: Api, supervisor: User, second: User, refund_intent: Intent, settings: Any
) -> None:
    settings.TRIAGE_FOUR_EYES = True
    body = {"intent": "track_refund", "language": "en", "body": "Hello {requester_name}, in a week."}
    draft = api(supervisor).post("/api/answers", body, headers={"Idempotency-Key": "d1"})
    again = api(supervisor).post("/api/answers", body, headers={"Idempotency-Key": "d1"})
    assert (draft.status_code, again.status_code, draft.json()["version"]) == (201, 200, 2)
    path = f"/api/answers/{draft.json()['id']}"
    own = api(supervisor).post(f"{path}/approve")
    assert (own.status_code, own.json()["code"]) == (403, "other_eyes")
    assert api(second).patch(path, {"summary": "A week."}).json()["summary"] == "A week."
    assert api(second).post(f"{path}/approve").status_code == 403  # now their own words stand in it
    approved = api(supervisor).post(f"{path}/approve").json()
    assert (approved["state"], approved["approved_by"]) == ("approved", supervisor.name)
    assert api(supervisor).patch(path, {"summary": "x"}).status_code == 409
    assert api(supervisor).delete(path).status_code == 409
    assert Answer.objects.get(version=1).state == Answer.State.RETIRED


def test_a_text_that_the_page_refuses_is_refused_here(
    api: Api, supervisor: User, refund_intent: Intent
) -> None:
    body = {"intent": "track_refund", "language": "en", "body": "Hello {no_such_variable}."}
    assert "body" in api(supervisor).post("/api/answers", body).json()["errors"]
    assert "language" in api(supervisor).post("/api/answers", {**body, "language": "??"}).json()["errors"]


def test_the_last_answer_of_auto_is_retired_only_if_that_is_said(
    api: Api, supervisor: User, refund_intent: Intent
) -> None:
    path = f"/api/answers/{Answer.objects.get().pk}/retire"
    assert api(supervisor).post(path).status_code == 409
    assert api(supervisor).post(path, {"demote": True}).json()["state"] == "retired"
    assert Intent.objects.get().mode == Mode.SUGGEST
    assert versions.latest().action == "answer"


def test_a_draft_is_thrown_away(api: Api, supervisor: User, refund_intent: Intent) -> None:
    draft = Answer.objects.create(intent=refund_intent, body="Soon.")
    assert api(supervisor).delete(f"/api/answers/{draft.pk}").status_code == 204
    listed = api(supervisor).get("/api/answers?state=approved&intent=track_refund").json()["results"]
    assert [one["version"] for one in listed] == [1]


def test_all_is_stopped_and_resumed(api: Api, supervisor: User) -> None:
    stopped = api(supervisor).post("/api/automation/stop", {"why": "Old prices."}).json()
    assert (stopped["stopped"], stopped["why"], stopped["by"]) == (True, "Old prices.", supervisor.name)
    assert is_stopped()
    assert api(supervisor).post("/api/automation/resume").json()["stopped"] is False
    assert api(supervisor).get("/api/automation").json()["stopped"] is False


def test_an_alarm_is_lifted_with_a_word(api: Api, supervisor: User, refund_intent: Intent) -> None:
    latch = Latch.objects.create(intent=refund_intent, reviewed=20, wrong=5, target=0.05, mode_before="auto")
    assert api(supervisor).get("/api/automation").json()["alarms"][0]["intent"] == "track_refund"
    path = f"/api/alarms/{latch.pk}/resume"
    assert api(supervisor).post(path).status_code == 400
    assert api(supervisor).post(path, {"why": "It is mended."}).json()["alarms"] == []


def test_the_policy_goes_back(api: Api, supervisor: User, refund_intent: Intent) -> None:
    client = api(supervisor)
    for threshold in (0.8, 0.9, 0.95):
        client.patch("/api/intents/track_refund", {"threshold": threshold})
    newest, before, first = (one["id"] for one in client.get("/api/policy/versions").json()["results"][:3])
    change = client.get(f"/api/policy/versions/{before}").json()["changed"][0]
    assert (change["part"], change["key"], change["before"], change["after"]) == (
        "limit", "track_refund", 0.8, 0.9,
    )  # fmt: skip
    assert client.post(f"/api/policy/versions/{before}/undo").status_code == 409
    assert client.post(f"/api/policy/versions/{newest}/undo").json()["version"]["action"] == "undo"
    assert Intent.objects.get().threshold == 0.9
    restored = client.post(f"/api/policy/versions/{first}/restore").json()
    assert (restored["left"], restored["version"]["action"]) == ([], "restore")
    assert Intent.objects.get().threshold == 0.8


def test_verdicts_are_given(
    api: Api, supervisor: User, engine: Any, refund_intent: Intent, submit: Any
) -> None:
    engine.says("track_refund", 0.95)
    ticket = submit()
    evidence.refuse(ticket.pk)
    (due,) = api(supervisor).get("/api/audits").json()["results"]
    assert (due["ticket"], due["intent"], due["verdict"]) == (ticket.reference, "track_refund", "")
    path = f"/api/audits/{due['id']}/verdict"
    judged = api(supervisor).post(path, {"verdict": "wrong", "why": "Another question."}).json()
    assert (judged["verdict"], judged["judged_by"]) == ("wrong", supervisor.name)
    assert api(supervisor).post(path, {"verdict": "maybe"}).status_code == 400
    assert api(supervisor).get("/api/audits").json()["results"] == []
    assert len(api(supervisor).get("/api/audits?state=wrong").json()["results"]) == 1


@pytest.mark.parametrize(
    "path", ["/api/intents", "/api/answers", "/api/policy/versions", "/api/audits?state=all"]
)
def test_a_list_costs_the_same_however_long_it_is(
    api: Api, supervisor: User, engine: Any, submit: Any, path: str
) -> None:
    def grow(number: int) -> int:
        for at in range(number):
            with versions.changing("intent", by=supervisor):
                intent = Intent.objects.create(slug=f"i{number}-{at}", title="x", mode="auto")
                Answer.objects.create(intent=intent, body="Soon.").approve(supervisor)
            engine.says(intent.slug, 0.95)
            evidence.refuse(submit().pk)
        with CaptureQueriesContext(connection) as asked:
            api(supervisor).get(path)
        return len(asked)

    assert grow(1) == grow(3)


# --- powers ----------------------------------------------------------------------------------------------

#: Changes what is sent without a person. Everything else that supervisors can send is listed as harmless.
POWERS = {
    ("intents", "POST"), ("intents/<slug:slug>", "PATCH"), ("intents/<slug:slug>/confirm", "POST"), ("answers", "POST"),
    ("answers/<int:answer_id>", "PATCH"), ("answers/<int:answer_id>", "DELETE"), ("answers/<int:answer_id>/approve", "POST"),
    ("answers/<int:answer_id>/retire", "POST"), ("policy/versions/<int:version_id>/restore", "POST"),
    ("policy/versions/<int:version_id>/undo", "POST"), ("automation/resume", "POST"), ("alarms/<int:alarm_id>/resume", "POST"),
    ("recalls", "POST"), ("unanswered", "POST"), ("models/<int:model_id>/promote", "POST"), ("models/rollback", "POST"),
    ("policy/apply", "POST"),
}  # fmt: skip
HARMLESS = {
    ("automation/stop", "POST"), ("audits/<int:audit_id>/verdict", "POST"),
    ("candidates/take", "POST"), ("candidates/leave", "POST"), ("backtests", "POST"), ("trainings", "POST"),
    ("runs/<int:run_id>/cancel", "POST"), ("policy/try", "POST"), ("drift/accept", "POST"),
    ("intents/<slug:slug>/mode", "POST"),  # a power for Auto alone, see below
}  # fmt: skip


def test_every_endpoint_of_supervisors_is_a_power_or_listed_as_harmless() -> None:
    found = {}
    (api,) = (one for one in get_resolver().url_patterns if str(one.pattern) == "api/")
    for part in api.url_patterns:
        for pattern in getattr(part, "url_patterns", ()):
            view = getattr(pattern.callback, "cls", None)
            if view and issubclass(view, SupervisorView):
                found |= {
                    (str(pattern.pattern), method): method in view.powers
                    for method in ("POST", "PUT", "PATCH", "DELETE")
                    if hasattr(view, method.lower())
                }
    assert {key for key, is_power in found.items() if is_power} >= POWERS
    assert found.keys() - POWERS <= HARMLESS, "a new endpoint: is it a power?"


def bearing(user: User, *, minutes: float, factor_minutes: float | None) -> APIClient:
    """A program whose log-in, and whose person's second factor, are so old."""
    now = timezone.now()
    if factor_minutes is not None:
        factor = Authenticator.objects.create(user=user, type="totp", data={})
        Authenticator.objects.filter(pk=factor.pk).update(created_at=now - timedelta(minutes=factor_minutes))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {families.begin(user)['access']}")
    TokenFamily.objects.update(began_at=now - timedelta(minutes=minutes))
    return client


@pytest.mark.parametrize(
    ("minutes", "factor_minutes", "status"),
    [(1, 60, 200), (16, 60, 401), (5, 1, 401), (60, None, 200)],
)
def test_a_power_asks_for_a_fresh_second_factor(
    supervisor: User, refund_intent: Intent, minutes: float, factor_minutes: float | None, status: int
) -> None:
    client = bearing(supervisor, minutes=minutes, factor_minutes=factor_minutes)
    answer = client.post("/api/automation/resume", {})
    assert answer.status_code == status
    if status == 401:
        assert answer.json()["code"] == "second_factor_stale"
        assert client.post("/api/automation/stop", {}).status_code == 200
        assert client.post("/api/intents/track_refund/mode", {"mode": "auto", "why": "x"}).status_code == 401
        assert client.post("/api/intents/track_refund/mode", {"mode": "off"}).status_code == 200


def test_an_api_token_proves_no_second_factor(api: Api, supervisor: User) -> None:
    bearing(supervisor, minutes=1, factor_minutes=60)
    assert api(supervisor).post("/api/automation/resume").status_code == 401
