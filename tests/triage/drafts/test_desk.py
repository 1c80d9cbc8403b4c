"""The desk: drafts beside the plain suggestion, which never waits for them; and what agents did with them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import privacy
from accounts.models import User
from tests.conftest import FakeEngine
from tests.triage.drafts import scene
from tests.triage.drafts.conftest import Model
from tickets.models import Ticket
from triage.drafts import letters, limits, outcomes
from triage.drafts.models import Proposal

pytestmark = pytest.mark.django_db
SUGGESTED = "You find the state of yours on the page of your order."
JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def ticket(submit: Any, engine: FakeEngine) -> Ticket:
    scene.house()
    return scene.ticket(submit, engine, guest_name="Robin Rider")


@pytest.fixture
def client(web: Any, agent: User) -> Client:
    return web(agent)  # type: ignore[no-any-return]


def page(client: Client, ticket: Ticket, query: str = "") -> str:
    return client.get(reverse("desk-ticket", args=[ticket.pk]) + query).content.decode()


def ask(client: Client, ticket: Ticket, kind: str = "reply", **facts: Any) -> Any:
    return client.post(reverse("desk-written", args=[ticket.pk]), {"kind": kind, **facts}, **JSON)


def html(client: Client, ticket: Ticket) -> str:
    return client.get(reverse("desk-written", args=[ticket.pk]), **JSON).json()["html"]  # type: ignore[no-any-return]


def test_without_a_model_there_is_no_button_and_no_address(client: Client, ticket: Ticket) -> None:
    assert 'id="written"' not in page(client, ticket)
    assert ask(client, ticket).status_code == 404


def test_a_draft_is_asked_for_written_and_shown_with_its_sources(
    client: Client, ticket: Ticket, model: Model, write: Any
) -> None:
    asked = ask(client, ticket)
    assert (asked.status_code, asked.json()["waiting"]) == (202, True)
    write()
    found = client.get(reverse("desk-written", args=[ticket.pk]), **JSON).json()
    assert not found["waiting"]
    assert "Answer: Where is my refund" in found["html"]
    assert "Refunds take five working days" in page(client, ticket)


def test_what_agents_are_shown_is_text_and_no_markup(
    client: Client, ticket: Ticket, model: Model, write: Any
) -> None:
    Proposal.objects.create(
        ticket=ticket, agent=User.objects.get(email="anna@example.com"), kind="reply", model="<b>", prompt="[]", state="ready",
        parts=[{"text": "<script>alert(1)</script>", "kind": "answer", "source": "<i>"}],
    )  # fmt: skip
    assert not {"<script>alert", "<i>", "<b>"} & set(html(client, ticket).split())
    assert "&lt;script&gt;" in html(client, ticket)


@pytest.mark.parametrize("status", [429, 500])
def test_a_model_that_fails_leaves_the_suggestion(
    client: Client, ticket: Ticket, model: Model, write: Any, status: int
) -> None:
    model.sends = lambda handler: handler.send_error(status)
    ask(client, ticket)
    write()
    shown = page(client, ticket)
    assert "What is suggested stands." in shown
    assert SUGGESTED in shown


def test_a_model_that_hangs_keeps_nobody_waiting(
    client: Client, ticket: Ticket, model: Model, settings: Any
) -> None:
    """No worker has even begun: the page and the call answer at once, with the plain suggestion."""
    began = time.monotonic()
    assert ask(client, ticket).status_code == 202
    assert SUGGESTED in page(client, ticket)
    assert time.monotonic() - began < 2
    assert model.asked == []


def test_without_scripts_what_is_typed_is_kept_and_the_page_comes_back(
    client: Client, ticket: Ticket, agent: User, model: Model, write: Any
) -> None:
    address = reverse("desk-written", args=[ticket.pk])
    assert (
        client.post(address, {"kind": "reply", "reply-body": "Dear Robin", "version": "0"}).status_code == 302
    )
    write()
    assert "Dear Robin" in page(client, ticket)
    inserted = page(client, ticket, "?insert=reply")
    assert inserted.count("Refunds take five working days") > page(client, ticket).count(
        "Refunds take five working days"
    )


def test_why_nothing_was_asked_is_said(client: Client, submit: Any, engine: FakeEngine, model: Model) -> None:
    said = ask(client, scene.ticket(submit, engine))
    assert (said.status_code, said.json()["message"][:28]) == (409, "There is no approved text th")


def test_an_agent_s_wishes_are_limited(client: Client, ticket: Ticket, model: Model, settings: Any) -> None:
    settings.LIMITS = {**settings.LIMITS, "draft": {"person": (1, 3600)}}
    assert [ask(client, ticket).status_code for _ in range(2)] == [202, 409]


def test_a_colleague_s_draft_is_not_shown_but_their_summary_is(
    client: Client, web: Any, ticket: Ticket, other_agent: User, model: Model, write: Any
) -> None:
    ticket.reply("It was the blue kettle.", author=None)
    model.says = lambda given: json.dumps({"use": list(given.get("paragraphs") or given["sentences"])[:2]})
    ask(client, ticket)
    ask(client, ticket, "summary")
    write()
    theirs = html(web(other_agent), ticket)
    assert "Summary" in theirs
    assert "Draft of a reply" not in theirs


def test_a_refused_draft_goes_and_counts(client: Client, ticket: Ticket, model: Model, write: Any) -> None:
    ask(client, ticket)
    write()
    proposal = Proposal.objects.get()
    gone = client.post(reverse("desk-refuse-written", args=[ticket.pk, proposal.pk]), **JSON)
    assert "written-one" not in gone.json()["html"]
    proposal.refresh_from_db()
    assert proposal.outcome == "refused"


def test_a_draft_of_another_ticket_cannot_be_refused_from_here(
    client: Client, ticket: Ticket, submit: Any, model: Model
) -> None:
    ask(client, ticket)
    other = submit(body="Something else")
    assert (
        client.post(reverse("desk-refuse-written", args=[other.pk, Proposal.objects.get().pk])).status_code
        == 404
    )


@pytest.mark.parametrize(
    ("change", "outcome", "kept"),
    [(lambda text: text, "same", 1.0), (lambda text: text + " Best wishes to you and your family.", "edited", 1.0), (lambda text: "No.", "other", 0.0)],
)  # fmt: skip
def test_what_the_reply_keeps_is_measured_beside_the_plain_suggestion(
    client: Client,
    ticket: Ticket,
    agent: User,
    model: Model,
    write: Any,
    change: Any,
    outcome: str,
    kept: float,
) -> None:
    model.says = lambda given: json.dumps({"use": ["A1"]})
    ask(client, ticket)
    write()
    ticket.reply(change(letters.letter(Proposal.objects.get().parts)), author=agent)
    found = Proposal.objects.get()
    assert (found.outcome, found.kept) == (outcome, kept)
    assert found.suggestion_kept is not None
    assert found.suggestion_kept < 1.0
    assert outcomes.figures().both == 1
    assert "written-one" not in html(client, ticket)


def test_a_reply_of_somebody_else_settles_nothing(
    client: Client, ticket: Ticket, other_agent: User, model: Model, write: Any
) -> None:
    ask(client, ticket)
    write()
    ticket.reply("Done.", author=other_agent)
    assert Proposal.objects.get().outcome == ""


def test_supervisors_see_the_record_and_the_figures(
    client: Client, web: Any, supervisor: User, ticket: Ticket, model: Model, write: Any
) -> None:
    ask(client, ticket)
    write()
    boss = web(supervisor)
    listed = boss.get(reverse("admin:drafts_proposal_changelist")).content.decode()
    assert "Asked in 30 days" in listed
    one = boss.get(reverse("admin:drafts_proposal_change", args=[Proposal.objects.get().pk])).content.decode()
    assert "Refunds take five working days" in one
    assert "choose those" in one
    assert "Answer: Where is my refund" in one


def test_what_is_kept_of_a_person_is_shown_to_them_and_erased(
    client: Client, ticket: Ticket, model: Model, write: Any
) -> None:
    ask(client, ticket)
    write()
    person = privacy.find(ticket.requester_email)
    assert len(privacy.export(person)["drafts"]["drafts_by_a_language_model"]) == 1
    assert privacy.erase_rows(person)["erased"]["drafts"] == {"drafts_by_a_language_model": 1}
    assert not Proposal.objects.exists()


def test_the_page_costs_one_query_more_where_drafts_are_on(
    client: Client, ticket: Ticket, settings: Any, django_assert_max_num_queries: Any
) -> None:
    page(client, ticket)
    with django_assert_max_num_queries(200) as off:
        page(client, ticket)
    settings.LLM_URL = "http://127.0.0.1:9"
    with django_assert_max_num_queries(len(off) + 1):
        page(client, ticket)
    assert limits.is_on()
