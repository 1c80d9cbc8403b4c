"""The cockpit over the API: recall, candidates, runs, models, other policies, what nobody can answer, what comes in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Role, User
from tests.conftest import FakeEngine, person
from tickets.background import jobs
from tickets.models import Ticket
from triage.learning.runs.models import Run
from triage.models import Decision, Example, Intent, ModelVersion
from triage.oversight import drift, incoming
from triage.oversight.drift import Baseline
from triage.oversight.incoming import Incoming, Kind
from triage.oversight.models import PolicyVersion, Recall

pytestmark = pytest.mark.django_db
Api = Callable[..., APIClient]
READS = (
    "recalls", "recalls/preview?intent=track_refund", "candidates", "unanswered", "runs", "models", "precision", "drift",
)  # fmt: skip


@pytest.fixture
def auditor(db: None) -> User:
    return person("ada@example.com", Role.AUDITOR, "Ada Auditor")


@pytest.fixture
def two_answered(engine: FakeEngine, refund_intent: Intent, submit: Callable[..., Ticket]) -> list[Ticket]:
    engine.says("track_refund", 0.99)
    return [submit(guest_name="Gus", guest_email=f"g{at}@example.com") for at in range(2)]


def test_auditors_read_all_of_it_and_change_nothing(
    api: Api, auditor: User, agent: User, refund_intent: Intent
) -> None:
    for path in READS:
        assert api(auditor).get(f"/api/{path}").status_code == 200, path
        assert api(agent).get(f"/api/{path}").status_code == 403, path
    for path in (
        "recalls",
        "candidates/take",
        "trainings",
        "models/rollback",
        "policy/apply",
        "drift/accept",
    ):
        assert api(auditor).post(f"/api/{path}", {}).json()["code"] == "read_only", path


def test_a_recall_is_looked_at_begun_once_and_followed(
    api: Api, supervisor: User, agent: User, two_answered: list[Ticket]
) -> None:
    client = api(supervisor)
    assert client.get("/api/recalls/preview").status_code == 400  # nobody recalls everything
    assert client.get("/api/recalls/preview?intent=none_such").json()["errors"].keys() == {"intent"}
    seen = client.get("/api/recalls/preview?intent=track_refund").json()
    assert (seen["tickets"], seen["answered_since"], len(seen["newest"])) == (2, 0, 2)
    assert client.post("/api/recalls", {"text": "Sorry."}).status_code == 400
    body = {"intent": "track_refund", "text": "It is six days.", "assignee": agent.email}
    made = [client.post("/api/recalls", body, headers={"Idempotency-Key": "r1"}) for _ in range(2)]
    assert [one.status_code for one in made] == [201, 200]
    assert Recall.objects.count() == 1
    jobs.run_due()
    report = client.get(f"/api/recalls/{made[0].json()['id']}").json()
    assert (report["counts"]["written"], report["counts"]["waiting"]) == (2, 0)
    assert report["finished_at"] is not None
    assert set(Ticket.objects.values_list("assignee", flat=True)) == {agent.pk}


def test_a_recall_is_assigned_to_agents_alone(api: Api, supervisor: User, refund_intent: Intent) -> None:
    body = {"intent": "track_refund", "assignee": "nobody@example.com"}
    assert api(supervisor).post("/api/recalls", body).json()["errors"].keys() == {"assignee"}


def test_candidates_are_listed_taken_and_left(
    api: Api, supervisor: User, agent: User, refund_intent: Intent
) -> None:
    texts = ("Where is it?", "When do I get it?", "My money?")
    made = [
        Example.objects.create(
            text=text, intent=refund_intent, is_active=False, proposed_by=agent, teaches=at / 10
        )
        for at, text in enumerate(texts)
    ]
    client = api(supervisor)
    listed = client.get("/api/candidates?intent=track_refund").json()["results"]
    assert [one["text"] for one in listed] == list(reversed(texts))
    assert client.get("/api/candidates?intent=other").json()["results"] == []
    taken = client.post("/api/candidates/take", {"candidates": [made[0].pk, made[1].pk, 10**9]})
    assert taken.json() == {"decided": 2, "beyond_share": 0}
    left = client.post("/api/candidates/leave", {"candidates": [made[0].pk, made[2].pk]})
    assert left.json()["decided"] == 1  # what is taken already is no candidate
    assert set(Example.objects.filter(is_active=True)) == set(made[:2])
    assert client.post("/api/candidates/take", {"candidates": []}).status_code == 400


def test_a_backtest_and_a_training_are_begun_watched_and_cancelled(api: Api, supervisor: User) -> None:
    client = api(supervisor)
    begun = client.post("/api/backtests", {"months": 6})
    assert (begun.status_code, begun.json()["state"]) == (202, "waiting")
    path = f"/api/runs/{begun.json()['id']}"
    assert client.get(path).json()["result"] is None
    assert client.post(f"{path}/cancel").json()["state"] == "cancelled"
    assert client.post("/api/trainings").status_code == 202
    again = client.post("/api/trainings")
    assert (again.status_code, again.json()["code"]) == (409, "refused")
    assert [one["kind"] for one in client.get("/api/runs?kind=training").json()["results"]] == ["training"]
    Run.objects.filter(kind="backtest").update(state="done", result={"first": "Of your last six months …"})
    assert client.get(path).json()["result"] == {"first": "Of your last six months …"}
    assert client.post(f"{path}/cancel").json()["state"] == "done"
    assert client.post("/api/backtests", {"months": 6.0}, format="json").status_code == 202
    assert client.post("/api/backtests", {"months": 6.5}, format="json").status_code == 400
    assert client.post("/api/backtests", {"months": 0}).json()["errors"].keys() == {"months"}


@pytest.fixture
def models(tmp_path: Path, settings: Any) -> list[ModelVersion]:
    settings.TRIAGE_MODEL_DIR = tmp_path
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    worse = {"comparison": {"lines": [{"worse": True}, {"worse": False}]}}
    old = ModelVersion.objects.create(folder="old", training_fingerprint="a")
    old.promote()
    return [old, ModelVersion.objects.create(folder="new", training_fingerprint="b", metrics=worse)]


def test_a_worse_model_decides_only_if_that_is_said_and_goes_back(
    api: Api, supervisor: User, models: list[ModelVersion]
) -> None:
    client, (old, new) = api(supervisor), models
    assert client.post("/api/models/rollback").status_code == 409
    assert "worse in 1 parts" in client.post(f"/api/models/{new.pk}/promote").json()["detail"]
    assert client.post(f"/api/models/{new.pk}/promote", {"even_if_worse": True}).json()["id"] == new.pk
    assert client.post(f"/api/models/{new.pk}/promote", {"even_if_worse": True}).status_code == 409
    assert client.post("/api/models/rollback").json()["id"] == old.pk
    assert [one["worse"] for one in client.get("/api/models").json()["results"]] == [1, 0]
    assert PolicyVersion.objects.filter(action="champion").count() == 2
    new.path.rmdir()
    assert client.post(f"/api/models/{new.pk}/promote", {"even_if_worse": True}).status_code == 409


def test_another_policy_is_tried_without_a_change_then_applied(
    api: Api, supervisor: User, two_answered: list[Ticket]
) -> None:
    client = api(supervisor)
    wish = {"threshold": 0.75, "margin": 0.0, "modes": {"track_refund": "suggest"}}
    found = client.post("/api/policy/try", wish).json()
    assert (found["seen"], found["now"]["answered"], found["then"]["answered"]) == (2, 2, 0)
    assert (found["fewer_count"], {one["ticket"] for one in found["fewer"]}) == (
        2,
        {ticket.reference for ticket in two_answered},
    )
    assert Intent.objects.get().mode == "auto"
    strange = {**wish, "modes": {"none_such": "off"}}
    assert client.post("/api/policy/try", strange).json()["errors"].keys() == {"modes"}
    assert client.post("/api/policy/apply", {**wish, "modes": {"track_refund": "always"}}).status_code == 400
    client.post("/api/policy/apply", wish)
    assert Intent.objects.get().mode == "suggest"


def test_an_intent_is_made_of_what_nobody_could_answer(
    api: Api, engine: FakeEngine, supervisor: User, submit: Callable[..., Ticket]
) -> None:
    engine.says(None, 0.2)
    for at in range(4):
        submit(subject="Lost parcel", body=f"My parcel number {at} was lost on the way, please help.")
    (group,) = api(supervisor).get("/api/unanswered?days=7").json()
    assert (group["count"], len(group["questions"])) == (4, 4)
    wish = {"key": group["key"], "title": "Lost parcel"}
    made = api(supervisor).post("/api/unanswered", wish)
    assert (made.status_code, made.json()) == (
        201,
        {"slug": "lost_parcel", "title": "Lost parcel", "mode": "shadow"},
    )
    assert api(supervisor).post("/api/unanswered", wish).status_code == 409


def test_what_the_audit_says_comes_with_its_interval(
    api: Api, supervisor: User, two_answered: list[Ticket]
) -> None:
    found = api(supervisor).get("/api/precision?days=7").json()
    assert (found["house"]["total"], found["house"]["share"], found["incoming"]) == (2, None, 2)
    assert Decision.objects.count() == 2


def test_a_change_of_what_comes_in_is_told_and_accepted(api: Api, supervisor: User) -> None:
    client = api(supervisor)
    assert client.get("/api/drift").json()["latest"] is None
    assert client.post("/api/drift/accept", {"why": "Austria"}).status_code == 409
    last = incoming.last_finished_day()
    for at in range(35):
        german = 30 if at < 7 else 3 + at % 3
        day = last - timedelta(days=at)
        Incoming.objects.create(day=day, kind=Incoming.DAY, n=60)
        Incoming.objects.create(day=day, kind=Kind.LANGUAGE, value="de", n=german)
        Incoming.objects.create(day=day, kind=Kind.LANGUAGE, value="en", n=60 - german)
    Baseline.objects.create(first=last - timedelta(days=34))
    drift.look()
    found = {one["kind"]: one for one in client.get("/api/drift").json()["kinds"]}
    assert found["language"]["warns"]
    assert found["language"]["since"] is not None
    assert {part["value"] for part in found["language"]["parts"]} == {"de", "en"}
    assert (found["intent"]["warns"], found["intent"]["parts"]) == (False, [])
    assert client.post("/api/drift/accept", {"why": ""}).status_code == 400
    assert client.post("/api/drift/accept", {"why": "Austria"}).json()["latest"] is None
    assert Baseline.objects.first().by == supervisor  # type: ignore[union-attr]
