"""The supervisors' side of the policy: intents, rules, answers, examples, models, the decisions' log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.models import Job, Status, Ticket
from triage.models import Answer, Decision, Example, Guard, Intent, ModelVersion, PolicyRevision, Rule

pytestmark = pytest.mark.django_db
Web = Callable[..., Client]

LISTS = [
    "triage/intent", "triage/answer", "triage/guard", "triage/example", "triage/modelversion", "triage/decision",
    "tickets/job", "tickets/feedback", "accounts/user",
]  # fmt: skip
NO_RULES = {
    "rules-TOTAL_FORMS": 0, "rules-INITIAL_FORMS": 0, "answers-TOTAL_FORMS": 0, "answers-INITIAL_FORMS": 0,
}  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_only_supervisors_see_the_list(web: Web, agent: User, supervisor: User, name: str) -> None:
    assert web(agent).get(f"/admin/{name}/").status_code == 403
    assert web(supervisor).get(f"/admin/{name}/").status_code == 200


@pytest.mark.parametrize("name", LISTS)
def test_requesters_and_guests_do_not(web: Web, requester: User, name: str) -> None:
    assert web(requester).get(f"/admin/{name}/", follow=True).status_code == 403
    assert web().get(f"/admin/{name}/").status_code == 302


@pytest.mark.parametrize(
    "name", ["triage/decision", "tickets/job", "tickets/feedback", "triage/modelversion"]
)
def test_records_are_not_written_by_hand(web: Web, supervisor: User, name: str) -> None:
    assert web(supervisor).get(f"/admin/{name}/add/").status_code == 403


def test_nobody_changes_a_decision(
    web: Web, supervisor: User, submit: Callable[..., Ticket], engine: FakeEngine, refund_intent: Intent
) -> None:
    engine.says(refund_intent.slug, 0.4)
    decision = submit().decisions.get()
    address = f"/admin/triage/decision/{decision.pk}/change/"
    assert web(supervisor).get(address).status_code == 200
    assert web(supervisor).post(address, {"action": "auto_resolve"}).status_code == 403
    decision.refresh_from_db()
    assert decision.action == "escalate"


# --- intents and rules -----------------------------------------------------------------------------------


def intent_form(intent: Intent, **facts: Any) -> dict[str, Any]:
    return {"title": intent.title, "slug": intent.slug, "group": "", "mode": intent.mode, **NO_RULES, **facts}


def test_a_decision_is_told_in_words(
    web: Web, supervisor: User, submit: Callable[..., Ticket], engine: FakeEngine, refund_intent: Intent
) -> None:
    engine.says(refund_intent.slug, 0.4)
    decision, near = submit().decisions.get(), submit()
    decision.similar = [{"id": near.pk, "similarity": 0.5, "intent": None}, {"id": 0, "similarity": 0.4}]
    decision.terms = [{"text": "refund", "weight": 0.8}, {"text": "shoes", "weight": -0.2}]
    decision.save()
    page = web(supervisor).get(f"/admin/triage/decision/{decision.pk}/change/").content.decode()
    for words in ("40 %, 75 % needed", "for 0.80", "against -0.20", near.subject, "50 % alike"):
        assert words in page
    assert "{&#x27;" not in page


def test_a_rule_is_added_and_the_processes_learn_of_it(
    web: Web, supervisor: User, refund_intent: Intent
) -> None:
    before = PolicyRevision.current()
    rule = {
        "rules-TOTAL_FORMS": 1,
        "rules-0-pattern": "refund|money back",
        "rules-0-weight": 0.9,
        "rules-0-is_active": "on",
    }
    response = web(supervisor).post(
        f"/admin/triage/intent/{refund_intent.pk}/change/", intent_form(refund_intent, **rule)
    )
    assert response.status_code == 302
    assert Rule.objects.get().pattern == "refund|money back"
    assert PolicyRevision.current() > before


def test_a_broken_rule_is_refused_with_the_reason(web: Web, supervisor: User, refund_intent: Intent) -> None:
    rule = {"rules-TOTAL_FORMS": 1, "rules-0-pattern": '"where is', "rules-0-weight": 0.9}
    response = web(supervisor).post(
        f"/admin/triage/intent/{refund_intent.pk}/change/", intent_form(refund_intent, **rule)
    )
    assert response.status_code == 200
    assert not Rule.objects.exists()
    assert "quot" in response.content.decode().lower()


def test_auto_without_an_approved_answer_is_warned_of(web: Web, supervisor: User) -> None:
    mute = Intent.objects.create(slug="mute", title="Mute", mode="auto")
    client = web(supervisor)
    assert "has no approved answer" in client.get(f"/admin/triage/intent/{mute.pk}/change/").content.decode()
    assert "Missing on Auto" in client.get("/admin/triage/intent/").content.decode()
    assert "1 automated without an approved answer" in client.get("/admin/").content.decode()


def test_an_answered_intent_is_not_warned_of(web: Web, supervisor: User, refund_intent: Intent) -> None:
    content = web(supervisor).get(f"/admin/triage/intent/{refund_intent.pk}/change/").content.decode()
    assert "has no approved answer" not in content


def test_switching_off_counts_from_the_next_ticket(web: Web, supervisor: User, refund_intent: Intent) -> None:
    before = PolicyRevision.current()
    web(supervisor).post(
        "/admin/triage/intent/", {"action": "switch_off", "_selected_action": [refund_intent.pk], "sure": "1"}
    )
    refund_intent.refresh_from_db()
    assert refund_intent.mode == "off"
    assert PolicyRevision.current() > before


def test_an_intent_that_decided_stays(
    web: Web, supervisor: User, submit: Callable[..., Ticket], engine: FakeEngine, refund_intent: Intent
) -> None:
    engine.says(refund_intent.slug, 0.4)
    submit()
    assert (
        web(supervisor).post(f"/admin/triage/intent/{refund_intent.pk}/delete/", {"post": "yes"}).status_code
        == 403
    )


def test_a_guard_s_pattern_is_checked(web: Web, supervisor: User) -> None:
    client = web(supervisor)
    client.post("/admin/triage/guard/add/", {"topic": "legal", "pattern": '"open', "is_active": "on"})
    assert not Guard.objects.exists()
    client.post("/admin/triage/guard/add/", {"topic": "legal", "pattern": "lawyer|court", "is_active": "on"})
    assert Guard.objects.get().topic == "legal"


# --- answers ----------------------------------------------------------------------------------------------


def draft(client: Client, intent: Intent, body: str) -> HttpResponse:
    return client.post("/admin/triage/answer/add/", {"intent": intent.pk, "language": "en", "body": body})


def press(client: Client, answer: Answer, button: str, **fields: Any) -> HttpResponse:
    return client.post(
        f"/admin/triage/answer/{answer.pk}/change/", {f"triage_answer_{button}": "1", **fields}
    )


def test_an_edit_is_a_new_version_and_approving_it_retires_the_one_before(
    web: Web, supervisor: User, refund_intent: Intent
) -> None:
    client, first = web(supervisor), refund_intent.answers.get()
    draft(client, refund_intent, "Hello {requester_name}, it takes three days.")
    second = refund_intent.answers.get(version=2)
    assert second.state == Answer.State.DRAFT
    press(client, second, "approve", body=second.body)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state, second.approved_by) == ("retired", "approved", supervisor)


def test_a_browser_s_line_ends_are_not_sent_on(web: Web, supervisor: User, refund_intent: Intent) -> None:
    draft(web(supervisor), refund_intent, "Hello,\r\n\r\nthree days.")
    assert refund_intent.answers.latest("pk").body == "Hello,\n\nthree days."


def test_a_language_is_stored_in_one_form(web: Web, supervisor: User, refund_intent: Intent) -> None:
    wish = {"intent": refund_intent.pk, "language": "PT_br", "body": "Cinco dias."}
    web(supervisor).post("/admin/triage/answer/add/", wish)
    assert refund_intent.answers.latest("pk").language == "pt-BR"


@pytest.mark.parametrize("language", ["english", "xx", "12", "e n"])
def test_a_language_that_no_ticket_can_be_in_is_refused(
    web: Web, supervisor: User, refund_intent: Intent, language: str
) -> None:
    wish = {"intent": refund_intent.pk, "language": language, "body": "Text"}
    page = web(supervisor).post("/admin/triage/answer/add/", wish)
    assert "Use a code such as en, de or pt-BR" in page.content.decode()
    assert refund_intent.answers.count() == 1


def test_an_unknown_variable_is_refused_with_the_known_ones(
    web: Web, supervisor: User, refund_intent: Intent
) -> None:
    response = draft(web(supervisor), refund_intent, "Hello {nmae}")
    content = response.content.decode()
    assert "Unknown variable {nmae}. Use only: {requester_name}" in content
    assert refund_intent.answers.count() == 1


def test_what_was_approved_cannot_be_rewritten(web: Web, supervisor: User, refund_intent: Intent) -> None:
    answer = refund_intent.answers.get()
    before = answer.body
    web(supervisor).post(
        f"/admin/triage/answer/{answer.pk}/change/", {"body": "Something else", "_save": "1"}
    )
    answer.refresh_from_db()
    assert (answer.body, answer.state) == (before, "approved")


def test_an_approved_answer_is_retired_but_not_deleted(
    web: Web, supervisor: User, refund_intent: Intent
) -> None:
    client, answer = web(supervisor), refund_intent.answers.get()
    Intent.objects.update(mode="suggest")  # where it is automated, a page of its own asks first
    assert client.post(f"/admin/triage/answer/{answer.pk}/delete/", {"post": "yes"}).status_code == 403
    press(client, answer, "retire")
    answer.refresh_from_db()
    assert answer.state == "retired"


def test_the_preview_fills_the_variables(web: Web, supervisor: User, refund_intent: Intent) -> None:
    answer = refund_intent.answers.get()
    content = web(supervisor).get(f"/admin/triage/answer/{answer.pk}/change/").content.decode()
    assert "Hello Robin, refunds take five days." in content


@pytest.mark.parametrize("kind", ["answer", "example"])
@pytest.mark.parametrize("named", ["abc", "-1", "9" * 30])
def test_an_intent_that_cannot_be_is_ignored_in_a_link_and_refused_in_a_form(
    web: Web, supervisor: User, kind: str, named: str
) -> None:
    client, address = web(supervisor), f"/admin/triage/{kind}/add/"
    assert client.get(address, {"intent": named}).status_code == 200
    wish = {"intent": named, "language": "en", "body": "Text", "text": "Text"}
    sent = client.post(address, wish)
    assert sent.status_code == 200
    assert "not one of the available choices" in sent.content.decode()


def test_agents_cannot_approve(web: Web, agent: User, refund_intent: Intent) -> None:
    answer = Answer.objects.create(intent=refund_intent, body="Draft.")
    assert press(web(agent), answer, "approve", body="Draft.").status_code == 403
    answer.refresh_from_db()
    assert answer.state == "draft"


# --- examples and models ------------------------------------------------------------------------------------


def test_a_known_text_is_refused_with_its_place(web: Web, supervisor: User, refund_intent: Intent) -> None:
    Example.objects.create(text="Where is my money?", intent=refund_intent)
    response = web(supervisor).post(
        "/admin/triage/example/add/", {"text": "where is  MY money?", "is_active": "on"}
    )
    assert "already an example of “Where is my refund”" in response.content.decode()
    assert Example.objects.count() == 1


def test_examples_are_found_by_intent_and_out_of_scope(
    web: Web, supervisor: User, refund_intent: Intent
) -> None:
    ours = Example.objects.create(text="Where is my money?", intent=refund_intent)
    theirs = Example.objects.create(text="Will it rain?")
    client = web(supervisor)

    def found(query: str) -> list[Example]:
        return list(client.get(f"/admin/triage/example/?{query}").context["cl"].result_list)

    assert found("intent=track_refund") == [ours]
    assert found("intent=-") == [theirs]
    assert found("q=rain") == [theirs]


def test_examples_are_found_by_stance(web: Web, supervisor: User, refund_intent: Intent) -> None:
    plain = Example.objects.create(text="Where is my money?", intent=refund_intent)
    foreign = Example.objects.create(text="Will it rain?")
    grave = Example.objects.create(text="He has died.", stance="grave", topic="death")
    client = web(supervisor)

    def found(query: str) -> list[Example]:
        return list(client.get(f"/admin/triage/example/?{query}").context["cl"].result_list)

    assert found("stance=grave") == found("topic__exact=death") == [grave]
    assert found("stance=-") == [foreign, plain]
    assert found("intent=-") == [foreign]
    assert "Grave (death)" in client.get("/admin/triage/example/?stance=grave").content.decode()


@pytest.mark.parametrize(("stance", "saved"), [("grave", 1), ("settled", 0), ("", 0)])
def test_only_a_grave_text_has_a_topic(web: Web, supervisor: User, stance: str, saved: int) -> None:
    wish = {"text": "He has died.", "stance": stance, "topic": "death", "is_active": "on"}
    response = web(supervisor).post("/admin/triage/example/add/", wish)
    assert Example.objects.count() == saved
    assert saved or "Only a grave text has a topic" in response.content.decode()


def test_another_model_is_promoted(web: Web, supervisor: User, agent: User) -> None:
    old = ModelVersion.objects.create(folder="m1", training_fingerprint="a", is_champion=True)
    new = ModelVersion.objects.create(folder="m2", training_fingerprint="b", metrics={"accuracy": 0.9})
    promote = {"triage_modelversion_promote": "1"}
    assert web(agent).post(f"/admin/triage/modelversion/{new.pk}/change/", promote).status_code == 403
    web(supervisor).post(f"/admin/triage/modelversion/{new.pk}/change/", promote)
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.is_champion, new.is_champion) == (False, True)


def test_a_model_s_figures_are_told_in_words(web: Web, supervisor: User) -> None:
    version = ModelVersion.objects.create(folder="m", metrics={"unknown_above_75": 0.27, "texts": 6279.0})
    page = web(supervisor).get(f"/admin/triage/modelversion/{version.pk}/change/").content.decode()
    for words in ("unknown above 75", "27.0 %", "6,279", "Promote"):
        assert words in page
    assert 'name="_save"' not in page


def test_the_log_is_filtered_by_what_agents_said(
    web: Web,
    supervisor: User,
    agent: User,
    submit: Callable[..., Ticket],
    engine: FakeEngine,
    refund_intent: Intent,
) -> None:
    engine.says(refund_intent.slug, 0.4)
    right, wrong, unseen = (submit().decisions.get() for _ in range(3))
    right.correct(refund_intent, by=agent)
    wrong.correct(None, by=agent)
    client = web(supervisor)
    found = {
        name: list(client.get(f"/admin/triage/decision/?agreement={name}").context["cl"].result_list)
        for name in ("agreed", "corrected", "unseen")
    }
    assert found == {"agreed": [right], "corrected": [wrong], "unseen": [unseen]}


def test_feedback_is_filtered_by_rating(web: Web, supervisor: User) -> None:
    for at, rating in enumerate((2, 5)):
        ticket = Ticket.objects.create(requester_email="x@example.com", subject=str(at), status=Status.CLOSED)
        ticket.record_feedback(solved=None, rating=rating)
    found = web(supervisor).get("/admin/tickets/feedback/?rating=2").context["cl"].result_list
    assert [feedback.rating for feedback in found] == [2]


# --- background work and people --------------------------------------------------------------------------------


def test_a_job_that_was_given_up_runs_again(web: Web, supervisor: User) -> None:
    job = Job.objects.create(kind="deliver_mail", subject_id=1, unique_key="k", attempts=12)
    job.failed_at = job.created_at
    job.save()
    web(supervisor).post("/admin/tickets/job/", {"action": "run_again", "_selected_action": [job.pk]})
    job.refresh_from_db()
    assert (job.failed_at, job.attempts) == (None, 0)


def test_a_role_is_given(web: Web, supervisor: User, requester: User) -> None:
    facts = {"name": "Rita", "role": "agent", "is_active": "on"}
    web(supervisor).post(f"/admin/accounts/user/{requester.pk}/change/", facts)
    requester.refresh_from_db()
    assert requester.is_agent


def test_nobody_changes_their_own_role(web: Web, supervisor: User) -> None:
    facts = {"name": "Sue", "role": "requester", "is_active": "on"}
    web(supervisor).post(f"/admin/accounts/user/{supervisor.pk}/change/", facts)
    supervisor.refresh_from_db()
    assert supervisor.is_supervisor


def test_a_supervisor_does_not_change_a_superuser(web: Web, supervisor: User) -> None:
    root = User.objects.create_superuser("root@example.com")
    web(supervisor).post(f"/admin/accounts/user/{root.pk}/change/", {"name": "x", "role": "requester"})
    root.refresh_from_db()
    assert root.is_active


def test_a_new_colleague_can_set_a_password_by_mail(web: Web, supervisor: User) -> None:
    facts = {"email": "New@Example.com", "name": "New", "role": "agent", "is_active": "on"}
    web(supervisor).post("/admin/accounts/user/add/", facts)
    colleague = User.objects.get(email="new@example.com")
    assert colleague.is_agent
    assert colleague.email_is_verified
    assert not colleague.has_usable_password()


def test_a_password_s_hash_cannot_be_searched_for(web: Web, supervisor: User) -> None:
    assert web(supervisor).get("/admin/accounts/user/?password__startswith=md5").status_code == 400


def test_people_are_not_deleted(web: Web, supervisor: User, agent: User) -> None:
    assert (
        web(supervisor).post(f"/admin/accounts/user/{agent.pk}/delete/", {"post": "yes"}).status_code == 403
    )


# --- cost -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LISTS)
def test_the_list_s_queries_do_not_grow_with_its_rows(
    web: Web, supervisor: User, agent: User, submit: Callable[..., Ticket], engine: FakeEngine, name: str
) -> None:
    client = web(supervisor)

    def grow(at: int) -> None:
        intent = Intent.objects.create(slug=f"i{at}", title=f"Intent {at}", mode="auto")
        Answer.objects.create(intent=intent, body="Text").approve(supervisor)
        Guard.objects.create(topic=f"t{at}", pattern="court")
        Example.objects.create(text=f"Text {at}", intent=intent)
        ModelVersion.objects.create(folder=f"m{at}", training_fingerprint="a")
        User.objects.create_user(f"u{at}@example.com")
        engine.says(intent.slug, 0.4)
        ticket = submit()
        ticket.decisions.get().correct(intent if at % 2 else None, by=agent)
        ticket.resolve(actor=agent)
        ticket.record_feedback(solved=True, rating=5)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/admin/{name}/").status_code == 200
        return len(captured)

    grow(0), grow(1)
    before = queries()
    for at in range(2, 7):
        grow(at)
    assert queries() <= before
    assert Decision.objects.count() == Ticket.objects.filter(status=Status.CLOSED).count() == 7
