"""A ticket's page in the admin: every step of an agent, per person, and what happens when somebody was faster."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.models import Closure, Message, Status, Ticket, Urgency
from triage.core.types import Objection, SimilarTicket, Stance, StanceFound, Term
from triage.models import Example, Intent

pytestmark = pytest.mark.django_db
Web = Callable[..., Client]


@pytest.fixture
def escalated(submit: Callable[..., Ticket], engine: FakeEngine, refund_intent: Intent) -> Ticket:
    engine.says(refund_intent.slug, 0.6)
    return submit(guest_name="Lee Wong")


@pytest.fixture
def answered(submit: Callable[..., Ticket], engine: FakeEngine, refund_intent: Intent) -> Ticket:
    engine.says(refund_intent.slug, 0.97)
    return submit()


def page(ticket: Ticket) -> str:
    return f"/admin/tickets/ticket/{ticket.pk}/change/"


def step(client: Client, ticket: Ticket, name: str, **fields: Any) -> HttpResponse:
    seen = ticket.messages.order_by("-id").values_list("pk", flat=True).first() or 0
    holder = Ticket.objects.values_list("assignee", flat=True).get(pk=ticket.pk) or ""
    return client.post(page(ticket), {"step": name, "resolve-seen": seen, "holder": holder, **fields})


def reply(client: Client, ticket: Ticket, name: str = "send_and_wait", **fields: Any) -> HttpResponse:
    seen = ticket.messages.order_by("-id")[0].pk
    known = {"reply-body": "It is on its way.", "reply-seen": seen, "reply-page": uuid.uuid4()}
    return step(client, ticket, name, **{**known, **fields})


def state(ticket: Ticket) -> Status:
    ticket.refresh_from_db()
    return ticket.state


# --- who ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["requester", "stranger"])
def test_requesters_are_refused(
    web: Web, escalated: Ticket, request: pytest.FixtureRequest, who: str
) -> None:
    client = web(request.getfixturevalue(who))
    assert client.get(page(escalated), follow=True).status_code == 403
    step(client, escalated, "resolve")
    assert state(escalated) is Status.ESCALATED


def test_a_guest_can_do_nothing(web: Web, escalated: Ticket) -> None:
    step(web(), escalated, "resolve")
    assert state(escalated) is Status.ESCALATED


def test_an_agent_who_was_switched_off_can_do_nothing(web: Web, escalated: Ticket, agent: User) -> None:
    client = web(agent)
    User.objects.filter(pk=agent.pk).update(is_active=False)
    step(client, escalated, "resolve")
    assert state(escalated) is Status.ESCALATED


@pytest.mark.parametrize("who", ["agent", "supervisor"])
def test_the_team_may_open_it(web: Web, escalated: Ticket, request: pytest.FixtureRequest, who: str) -> None:
    assert web(request.getfixturevalue(who)).get(page(escalated)).status_code == 200


@pytest.mark.parametrize("key", ["999999", "abc", "0"])
def test_an_unknown_ticket_is_not_found(web: Web, agent: User, key: str) -> None:
    assert web(agent).get(f"/admin/tickets/ticket/{key}/change/").status_code == 404


def test_a_step_without_its_token_is_refused(escalated: Ticket, agent: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(agent, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert step(client, escalated, "resolve").status_code == 403
    assert state(escalated) is Status.ESCALATED


# --- what the page shows ---------------------------------------------------------------------------------


def test_the_page_holds_what_the_agent_needs(web: Web, escalated: Ticket, agent: User) -> None:
    content = web(agent).get(page(escalated)).content.decode()
    for words in (
        "I sent the shoes back last week.", "Where is my refund", "60 % sure", "75 % needed",
        "The confidence is below the limit", "Hello Lee, refunds take five days.", "unverified", "Audit trail",
    ):  # fmt: skip
        assert words in content


def test_markup_in_a_message_stays_text(web: Web, escalated: Ticket, agent: User) -> None:
    escalated.reply("<script>alert(1)</script>", author=None)
    content = web(agent).get(page(escalated)).content.decode()
    assert "<script>alert(1)" not in content
    assert "&lt;script&gt;alert(1)" in content


def test_without_javascript_a_link_puts_the_suggestion_into_the_box(
    web: Web, escalated: Ticket, agent: User
) -> None:
    response = web(agent).get(f"{page(escalated)}?insert=suggestion")
    assert response.context["reply"] == "Hello Lee, refunds take five days.\n\nAnna Agent"


def test_the_page_says_which_outcome_lowered_the_confidence(
    web: Web, escalated: Ticket, submit: Callable[..., Ticket], engine: FakeEngine, agent: User
) -> None:
    Intent.objects.create(slug="login_issue", title="Cannot sign in")
    escalated.resolve(actor=agent)
    settled = SimilarTicket(escalated.pk, 0.83, "login_issue", confirmed=True)
    objection = Objection(escalated.pk, 0.83, "login_issue", before=0.91)
    engine.says("track_refund", 0.6, similar=(settled,), objection=objection)
    content = web(agent).get(page(submit())).content.decode()
    assert "Lowered from 91 %: a similar ticket, 83 % alike, was settled as “Cannot sign in”." in content
    assert "Cannot sign in, says a person" in content


def test_without_javascript_a_link_puts_a_colleague_s_reply_into_the_box(
    web: Web, escalated: Ticket, submit: Callable[..., Ticket], engine: FakeEngine, agent: User
) -> None:
    escalated.reply("The bank needs five days.", author=agent)
    escalated.resolve(actor=agent)
    engine.says("track_refund", 0.4, similar=(SimilarTicket(escalated.pk, 0.9),))
    ticket = submit()
    response = web(agent).get(f"{page(ticket)}?use={escalated.pk}")
    assert response.context["reply"] == "The bank needs five days."


def test_the_page_s_queries_do_not_grow(web: Web, escalated: Ticket, agent: User, other_agent: User) -> None:
    client = web(agent)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page(escalated)).status_code == 200
        return len(captured)

    escalated.assign(other_agent, actor=agent)
    before = queries()
    for at in range(5):
        escalated.note(f"Note {at}", author=other_agent)
        escalated.assign(agent if at % 2 else other_agent, actor=agent)
    assert queries() <= before


# --- steps --------------------------------------------------------------------------------------------


def test_a_reply_goes_to_the_customer(
    web: Web, escalated: Ticket, agent: User, time_is_up: Callable[[], None]
) -> None:
    assert reply(web(agent), escalated).status_code == 302
    assert state(escalated) is Status.ESCALATED
    time_is_up()
    assert state(escalated) is Status.PENDING
    assert escalated.messages.get(sender=Message.Sender.AGENT).body == "It is on its way."


def test_send_and_resolve_settles_it(
    web: Web, escalated: Ticket, agent: User, time_is_up: Callable[[], None]
) -> None:
    reply(web(agent), escalated, "send_and_resolve")
    time_is_up()
    assert state(escalated) is Status.RESOLVED


def test_files_go_with_the_reply(
    web: Web, escalated: Ticket, agent: User, time_is_up: Callable[[], None]
) -> None:
    files = [SimpleUploadedFile("a.txt", b"one"), SimpleUploadedFile("b.txt", b"two")]
    reply(web(agent), escalated, **{"reply-files": files})
    time_is_up()
    message = escalated.messages.get(sender=Message.Sender.AGENT)
    assert [file.name for file in message.attachments.all()] == ["a.txt", "b.txt"]


def test_a_file_of_a_wrong_type_is_refused_and_the_text_kept(
    web: Web, escalated: Ticket, agent: User
) -> None:
    response = reply(web(agent), escalated, **{"reply-files": SimpleUploadedFile("run.exe", b"MZ")})
    assert response.status_code == 400
    assert "we can’t take files of this type" in response.content.decode()
    assert "It is on its way.</textarea>" in response.content.decode()
    assert state(escalated) is Status.ESCALATED


def test_an_empty_reply_is_refused(web: Web, escalated: Ticket, agent: User) -> None:
    response = reply(web(agent), escalated, **{"reply-body": "  "})
    assert (response.status_code, state(escalated)) == (400, Status.ESCALATED)
    assert "Write the reply first." in response.content.decode()


def test_a_note_stays_among_agents(web: Web, escalated: Ticket, agent: User) -> None:
    step(web(agent), escalated, "note", **{"note-body": "Called the bank."})
    assert state(escalated) is Status.ESCALATED
    assert escalated.messages.get(kind=Message.Kind.NOTE).body == "Called the bank."


def test_take_assign_and_give_back(web: Web, escalated: Ticket, agent: User, other_agent: User) -> None:
    client = web(agent)
    for name, chosen, expected in (
        ("take", "", agent), ("assign", other_agent.pk, other_agent), ("assign", "", None),
    ):  # fmt: skip
        step(client, escalated, name, assignee=chosen)
        escalated.refresh_from_db()
        assert escalated.assignee == expected


def test_a_ticket_is_not_assigned_to_a_customer(
    web: Web, escalated: Ticket, agent: User, requester: User
) -> None:
    assert step(web(agent), escalated, "assign", assignee=requester.pk).status_code == 400
    escalated.refresh_from_db()
    assert escalated.assignee is None


@pytest.mark.parametrize("named", ["double_charge", "Charged twice", "charged TWICE "])
def test_the_intent_is_corrected_by_code_or_title(
    web: Web, escalated: Ticket, agent: User, named: str
) -> None:
    other = Intent.objects.create(slug="double_charge", title="Charged twice")
    step(web(agent), escalated, "correct", intent=named)
    assert escalated.decisions.get().corrected_intent == other
    assert Example.objects.get(ticket=escalated).intent == other


def test_none_of_ours_is_a_correction_too(web: Web, escalated: Ticket, agent: User) -> None:
    step(web(agent), escalated, "none_of_ours")
    decision = escalated.decisions.get()
    assert (decision.corrected_intent, decision.corrected_by) == (None, agent)


@pytest.mark.parametrize("named", ["", "no_such_intent"])
def test_an_unknown_intent_is_refused(web: Web, escalated: Ticket, agent: User, named: str) -> None:
    assert step(web(agent), escalated, "correct", intent=named).status_code == 400
    assert escalated.decisions.get().corrected_at is None


def test_a_ticket_that_was_never_triaged_has_no_intent_to_correct(
    web: Web, agent: User, refund_intent: Intent
) -> None:
    ticket = Ticket.objects.create(requester_email="x@example.com", subject="Old", status=Status.ESCALATED)
    response = step(web(agent), ticket, "correct", intent=refund_intent.slug)
    assert response.status_code == 409
    assert "never triaged" in response.content.decode()


def test_resolve_and_reopen(web: Web, escalated: Ticket, agent: User) -> None:
    client = web(agent)
    step(client, escalated, "resolve")
    assert state(escalated) is Status.RESOLVED
    step(client, escalated, "reopen")
    assert state(escalated) is Status.ESCALATED


def test_an_automatic_answer_is_recalled(web: Web, answered: Ticket, agent: User) -> None:
    step(web(agent), answered, "recall")
    assert state(answered) is Status.ESCALATED
    assert answered.escalation_reason == "recalled"


def test_close_ends_it_as_the_agent_s_doing(web: Web, answered: Ticket, agent: User) -> None:
    step(web(agent), answered, "close")
    assert (state(answered), answered.closure) == (Status.CLOSED, Closure.AGENT)


@pytest.mark.parametrize("name", ["", "delete", "__init__"])
def test_an_unknown_step_changes_nothing(web: Web, escalated: Ticket, agent: User, name: str) -> None:
    events = escalated.events.count()
    assert step(web(agent), escalated, name).status_code == 302
    assert (state(escalated), escalated.events.count()) == (Status.ESCALATED, events)


# --- somebody was faster -----------------------------------------------------------------------------------


def test_a_reply_to_a_ticket_closed_meanwhile_says_so_and_keeps_the_text(
    web: Web, answered: Ticket, agent: User
) -> None:
    client = web(agent)
    client.get(page(answered))
    answered.close(Closure.CONFIRMED)
    response = reply(client, answered)
    assert response.status_code == 409
    content = response.content.decode()
    assert "it is closed" in content
    assert "It is on its way." in content


def test_the_customer_s_newer_message_is_shown_before_the_reply_is_sent(
    web: Web, escalated: Ticket, agent: User
) -> None:
    client, seen = web(agent), escalated.messages.order_by("-id")[0].pk
    newer = escalated.reply("It has arrived, thank you.", author=None)
    response = reply(client, escalated, **{"reply-seen": seen})
    content = response.content.decode()
    assert response.status_code == 409
    assert f'id="message-{newer.pk}"' in content
    assert "talk-new" in content
    assert "It is on its way.</textarea>" in content
    assert state(escalated) is Status.ESCALATED


def test_a_message_that_nobody_has_read_is_not_resolved_away(
    web: Web, escalated: Ticket, agent: User
) -> None:
    client, seen = web(agent), escalated.messages.order_by("-id")[0].pk
    newer = escalated.reply("It broke again.", author=None)
    response = step(client, escalated, "resolve", **{"resolve-seen": seen})
    assert response.status_code == 409
    assert f'id="message-{newer.pk}"' in response.content.decode()
    assert state(escalated) is Status.ESCALATED


def test_sending_again_after_reading_sends(
    web: Web, escalated: Ticket, agent: User, time_is_up: Callable[[], None]
) -> None:
    client, seen = web(agent), escalated.messages.order_by("-id")[0].pk
    escalated.reply("One more thing.", author=None)
    refused = reply(client, escalated, **{"reply-seen": seen}).context
    again = {"reply-body": refused["reply"], "reply-seen": refused["desk"].seen}
    assert reply(client, escalated, **again).status_code == 302
    time_is_up()
    assert state(escalated) is Status.PENDING


def test_resolving_twice_is_told_not_done(
    web: Web, escalated: Ticket, agent: User, other_agent: User
) -> None:
    step(web(other_agent), escalated, "resolve")
    response = step(web(agent), escalated, "resolve")
    assert response.status_code == 409
    assert "it is resolved" in response.content.decode()


def test_a_long_message_scrolls_in_itself(
    web: Web, agent: User, submit: Callable[..., Ticket], engine: FakeEngine
) -> None:
    engine.says("refund", 0.4)
    long, short = (web(agent).get(page(submit(body="It rained. " * times))) for times in (400, 1))
    assert 'class="talk-body talk-body-long" tabindex="0" role="region"' in long.content.decode()
    assert "talk-body-long" not in short.content.decode()


def test_spam_is_put_aside_and_released_at_the_desk(web: Web, escalated: Ticket, agent: User) -> None:
    client = web(agent)
    step(client, escalated, "spam")
    escalated.refresh_from_db()
    assert escalated.is_quarantined
    shown = client.get(page(escalated)).content.decode()
    assert "Not spam" in shown
    assert 'value="send_and_next"' not in shown
    assert reply(client, escalated).status_code == 409
    step(client, escalated, "not_spam")
    escalated.refresh_from_db()
    assert not escalated.is_quarantined


def test_an_agent_sets_the_urgency(web: Web, escalated: Ticket, agent: User) -> None:
    client = web(agent)
    step(client, escalated, "prioritise", urgency="2")
    escalated.refresh_from_db()
    assert escalated.urgency == Urgency.URGENT
    shown = client.get(page(escalated)).content.decode()
    assert '<span class="desk-tag desk-tag-bad">Urgent</span>' in shown
    assert "Urgency changed: urgent" in client.get(f"/admin/desk/{escalated.pk}/trail/").content.decode()
    assert step(client, escalated, "prioritise", urgency="9").status_code == 400


def test_the_page_tells_what_the_writer_does_and_each_thing_that_is_asked(
    web: Web, agent: User, submit: Callable[..., Ticket], engine: FakeEngine, refund_intent: Intent
) -> None:
    found = StanceFound(
        Stance.GRAVE, 0.4, topic="death", terms=(Term("passed away", 0.9),), nearest="My father passed away."
    )
    questions = ("How do I close <his> account?", "Where is my refund?")
    engine.says(refund_intent.slug, 0.97, stance=found, questions=questions, several_questions=True)
    shown = web(agent).get(page(submit())).content.decode()
    assert "Something grave is told: death" in shown
    assert "Words that spoke: “passed away”" in shown
    assert "Nearest taught text: “My father passed away.”" in shown
    assert "<li>How do I close &lt;his&gt; account?</li>" in shown


def test_another_open_ticket_on_the_matter_is_linked(
    web: Web, agent: User, escalated: Ticket, submit: Callable[..., Ticket]
) -> None:
    client = web(agent)
    assert "another open ticket on this matter" not in client.get(page(escalated)).content.decode()
    escalated.assign(agent, actor=agent)
    second = submit()
    shown = client.get(page(second)).content.decode()
    notice = shown[shown.index("another open ticket on this matter") :][:300]
    assert page(escalated) in notice
    assert "assigned to Anna Agent" in notice
    assert "same matter" in shown


def test_what_its_requester_closed_in_quarantine_offers_no_way_into_the_queue(
    web: Web, escalated: Ticket, agent: User
) -> None:
    escalated.quarantine("spam", agent)
    page = f"/admin/tickets/ticket/{escalated.pk}/change/"
    assert "Not spam" in web(agent).get(page).content.decode()
    escalated.settle(actor=None)
    closed = web(agent).get(page).content.decode()
    assert "Not spam" not in closed
    assert "This ticket is closed." in closed
