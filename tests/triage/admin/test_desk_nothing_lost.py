"""Whatever is pressed, refused or interrupted at the desk, no word is lost and no reply is sent twice."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from tests.conftest import FakeEngine
from tickets.desk.models import Draft, HeldReply, Presence
from tickets.models import Message, Status, Ticket
from triage.models import Intent

pytestmark = pytest.mark.django_db
Web = Callable[..., Client]
JSON = {"HTTP_ACCEPT": "application/json"}
TYPED = {"reply-body": "Dear Lee,", "note-body": "Call the bank.", "intent": "refund"}


@pytest.fixture
def ticket(submit: Callable[..., Ticket], engine: FakeEngine, refund_intent: Intent) -> Ticket:
    engine.says(refund_intent.slug, 0.6)
    return submit(guest_name="Lee Wong")


def page(ticket: Ticket) -> str:
    return f"/admin/tickets/ticket/{ticket.pk}/change/"


def call(ticket: Ticket, name: str) -> str:
    return f"/admin/desk/{ticket.pk}/{name}/"


def step(client: Client, ticket: Ticket, name: str, **fields: Any) -> HttpResponse:
    seen = ticket.messages.order_by("-id")[0].pk
    known = {
        "resolve-seen": seen,
        "reply-seen": seen,
        "reply-page": uuid.uuid4(),
        "holder": ticket.assignee_id or "",
    }
    return client.post(page(ticket), {"step": name, **known, **TYPED, **fields})


def kept(agent: User, ticket: Ticket) -> tuple[str, str, str]:
    draft = Draft.objects.get(agent=agent, ticket=ticket)
    return draft.reply, draft.note, draft.intent


@pytest.mark.parametrize(
    "name", ["take", "prioritise", "assign", "reopen", "close", "wake", "unknown", "recall"]
)
def test_every_other_step_keeps_all_that_was_typed(web: Web, agent: User, ticket: Ticket, name: str) -> None:
    step(web(agent), ticket, name)
    assert kept(agent, ticket) == ("Dear Lee,", "Call the bank.", "refund")


def test_saving_the_note_keeps_the_reply_and_shows_it(web: Web, agent: User, ticket: Ticket) -> None:
    client = web(agent)
    step(client, ticket, "note")
    assert kept(agent, ticket) == ("Dear Lee,", "", "refund")
    assert "Dear Lee,</textarea>" in client.get(page(ticket)).content.decode()
    assert ticket.messages.get(kind=Message.Kind.NOTE).body == "Call the bank."


def test_sending_the_reply_keeps_the_note(web: Web, agent: User, ticket: Ticket) -> None:
    step(web(agent), ticket, "send_and_wait")
    assert kept(agent, ticket) == ("", "Call the bank.", "refund")


def test_a_conflict_keeps_text_and_file(web: Web, agent: User, ticket: Ticket) -> None:
    client, seen = web(agent), ticket.messages.order_by("-id")[0].pk
    ticket.reply("It has come.", author=None)
    file = SimpleUploadedFile("label.txt", b"Return label")
    response = step(client, ticket, "send_and_next", **{"reply-seen": seen, "reply-files": file})
    assert response.status_code == 409
    shown = response.content.decode()
    assert "Dear Lee,</textarea>" in shown
    assert "label.txt" in shown
    assert Draft.objects.get().files.get().name == "label.txt"


def test_the_draft_is_there_after_a_crash_of_the_browser(web: Web, agent: User, ticket: Ticket) -> None:
    web(agent).post(call(ticket, "draft"), TYPED, **JSON)
    shown = web(agent).get(page(ticket)).content.decode()
    assert all(
        words in shown for words in ("Dear Lee,</textarea>", "Call the bank.</textarea>", 'value="refund"')
    )
    assert (
        'class="row-draft">draft<'
        in web(agent).get("/admin/tickets/ticket/?queue=unassigned").content.decode()
    )


def test_a_colleague_sees_nothing_of_it(web: Web, agent: User, other_agent: User, ticket: Ticket) -> None:
    web(agent).post(call(ticket, "draft"), TYPED, **JSON)
    assert "Dear Lee," not in web(other_agent).get(page(ticket)).content.decode()


def test_a_second_window_is_asked_and_both_texts_are_kept(web: Web, agent: User, ticket: Ticket) -> None:
    client = web(agent)
    assert (
        client.post(call(ticket, "draft"), {"reply-body": "One", "version": 0}, **JSON).json()["version"] == 1
    )
    behind = client.post(call(ticket, "draft"), {"reply-body": "Two", "version": 0}, **JSON)
    assert (behind.status_code, behind.json()["reply"]) == (409, "One")
    page_shown = step(
        client, ticket, "send_and_next", **{"reply-body": "Two", "note-body": "", "intent": "", "version": 0}
    )
    assert page_shown.status_code == 409
    assert "One" in page_shown.content.decode()
    assert "Two</textarea>" in page_shown.content.decode()
    assert not HeldReply.objects.exists()


def test_a_file_is_kept_when_it_is_chosen_and_taken_away_again(web: Web, agent: User, ticket: Ticket) -> None:
    client = web(agent)
    file = SimpleUploadedFile("label.txt", b"Return label")
    assert "label.txt" in client.post(call(ticket, "draft"), {"reply-files": file}, **JSON).json()["files"]
    row = Draft.objects.get().files.get()
    client.post(f"/admin/desk/{ticket.pk}/files/{row.pk}/drop/", TYPED)
    assert not Draft.objects.get().files.exists()
    assert kept(agent, ticket)[0] == "Dear Lee,"


def test_a_refused_file_is_told_and_the_text_kept(web: Web, agent: User, ticket: Ticket) -> None:
    file = SimpleUploadedFile("run.exe", b"MZ")
    answer = web(agent).post(call(ticket, "draft"), {**TYPED, "reply-files": file}, **JSON)
    assert answer.status_code == 400
    assert "can’t take files of this type" in answer.json()["message"]
    assert kept(agent, ticket)[0] == "Dear Lee,"


# --- a session that has ended ---------------------------------------------------------------------------------


def log_in(client: Client, person: User) -> None:
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")


def end_session(client: Client) -> None:
    del client.cookies[settings.SESSION_COOKIE_NAME]


@pytest.mark.parametrize("way", ["form", "call"])
def test_what_is_sent_after_the_session_is_the_draft_after_the_login(
    web: Web, agent: User, ticket: Ticket, way: str
) -> None:
    client = web(agent)
    client.get(page(ticket))
    end_session(client)
    if way == "form":
        answer = step(client, ticket, "send_and_next")
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/accounts/login/?next=")
    else:
        answer = client.post(call(ticket, "draft"), TYPED, **JSON)
        assert (answer.status_code, page(ticket).split("/")[-3] in answer.json()["login"]) == (401, True)
    log_in(client, agent)
    assert "Dear Lee,</textarea>" in client.get(page(ticket)).content.decode()
    assert kept(agent, ticket) == ("Dear Lee,", "Call the bank.", "refund")
    assert not HeldReply.objects.exists()


def test_another_person_who_logs_in_does_not_get_it(
    web: Web, agent: User, other_agent: User, ticket: Ticket
) -> None:
    client = web(agent)
    client.get(page(ticket))
    end_session(client)
    step(client, ticket, "send_and_next")
    log_in(client, other_agent)
    assert "Dear Lee," not in client.get(page(ticket)).content.decode()
    assert not Draft.objects.exists()


def test_a_browser_in_which_no_agent_worked_leaves_nothing(web: Web, ticket: Ticket) -> None:
    client = web()
    step(client, ticket, "send_and_next")
    assert "typed_after_the_session" not in client.session


def test_a_forged_mark_of_an_agent_leaves_nothing(web: Web, agent: User, ticket: Ticket) -> None:
    client = web()
    client.cookies["desk_agent"] = str(agent.pk)
    step(client, ticket, "send_and_next")
    assert "typed_after_the_session" not in client.session


# --- once ----------------------------------------------------------------------------------------------------


def test_sent_three_times_it_is_one_message(
    web: Web, agent: User, ticket: Ticket, time_is_up: Callable[[], None]
) -> None:
    client, same = web(agent), uuid.uuid4()
    for _ in range(3):
        step(client, ticket, "send_and_next", **{"reply-page": same})
    time_is_up()
    step(client, ticket, "send_and_next", **{"reply-page": same})
    time_is_up()
    assert ticket.messages.filter(sender=Message.Sender.AGENT).count() == 1


def test_taken_back_it_is_on_the_page_again(web: Web, agent: User, ticket: Ticket) -> None:
    client = web(agent)
    step(client, ticket, "send_and_next")
    row = HeldReply.objects.get()
    assert f"/admin/desk/undo/{row.pk}/" in client.get("/admin/tickets/ticket/").content.decode()
    response = client.post(f"/admin/desk/undo/{row.pk}/", follow=True)
    assert "Dear Lee,</textarea>" in response.content.decode()


def test_too_late_is_told(web: Web, agent: User, ticket: Ticket, time_is_up: Callable[[], None]) -> None:
    client = web(agent)
    step(client, ticket, "send_and_next")
    time_is_up()
    response = client.post(f"/admin/desk/undo/{HeldReply.objects.get().pk}/", follow=True)
    assert "can no longer be taken back" in response.content.decode()


def test_what_could_not_go_out_is_told_on_page_and_list(
    web: Web, agent: User, ticket: Ticket, time_is_up: Callable[[], None]
) -> None:
    client = web(agent)
    step(client, ticket, "send_and_next")
    ticket.reply("Never mind.", author=None)
    time_is_up()
    assert "Your reply was not sent." in client.get(page(ticket)).content.decode()
    assert ">not sent<" in client.get("/admin/tickets/ticket/?queue=drafts").content.decode()


def test_the_suggestion_is_inserted_once(web: Web, agent: User, ticket: Ticket) -> None:
    client = web(agent)
    client.post(call(ticket, "draft"), {"reply-body": "Dear Lee,"}, **JSON)
    once = client.get(f"{page(ticket)}?insert=suggestion").context["reply"]
    assert once.startswith("Dear Lee,\n\nHello Lee")
    client.post(call(ticket, "draft"), {"reply-body": once}, **JSON)
    assert client.get(f"{page(ticket)}?insert=suggestion").context["reply"] == once


# --- flow ----------------------------------------------------------------------------------------------------


def test_sending_leads_to_the_next_ticket_and_then_to_the_end(
    web: Web, agent: User, ticket: Ticket, submit: Callable[..., Ticket]
) -> None:
    client, other = web(agent), submit()
    assert step(client, ticket, "send_and_next").headers["Location"] == page(other)
    assert step(client, other, "send_and_resolve").headers["Location"] == "/admin/desk/all-seen/"


def test_what_was_skipped_is_told_and_offered_again(web: Web, agent: User, ticket: Ticket) -> None:
    client = web(agent)
    assert client.post("/admin/next/").headers["Location"] == page(ticket)
    end = client.post("/admin/next/", {"after": ticket.pk}, follow=True)
    assert "1 of your ticket still waits" in " ".join(end.content.decode().split())
    assert client.post("/admin/next/", {"again": "1"}).headers["Location"] == page(ticket)


def test_a_colleague_s_ticket_needs_a_yes(web: Web, agent: User, other_agent: User, ticket: Ticket) -> None:
    ticket.assign(other_agent, actor=other_agent)
    client = web(agent)
    asked = step(client, ticket, "take")
    assert asked.status_code == 409
    assert "Take it over from Otto Other" in asked.content.decode()
    ticket.refresh_from_db()
    assert ticket.assignee == other_agent
    step(client, ticket, "take_over", holder=other_agent.pk)
    ticket.refresh_from_db()
    assert ticket.assignee == agent


def test_the_yes_is_to_the_colleague_on_the_page_only(
    web: Web, agent: User, other_agent: User, supervisor: User, ticket: Ticket
) -> None:
    ticket.assign(supervisor, actor=supervisor)
    assert step(web(agent), ticket, "take_over", holder=other_agent.pk).status_code == 409
    assert step(web(agent), ticket, "assign", holder=other_agent.pk, assignee=agent.pk).status_code == 409
    ticket.refresh_from_db()
    assert ticket.assignee == supervisor


def test_snoozing_leads_on_and_enter_in_the_intent_box_names_it(
    web: Web, agent: User, ticket: Ticket, refund_intent: Intent
) -> None:
    client = web(agent)
    step(client, ticket, "keep")
    assert ticket.decisions.get().corrected_intent == refund_intent
    assert kept(agent, ticket) == ("Dear Lee,", "Call the bank.", "")
    assert step(client, ticket, "snooze", until="tomorrow").status_code == 302
    assert step(client, ticket, "snooze", until="2020-01-01").status_code == 409
    assert step(client, ticket, "snooze", until="2020-13-45").status_code == 400


# --- live ----------------------------------------------------------------------------------------------------


def test_who_is_here_and_what_is_new_comes_without_a_reload(
    web: Web, agent: User, other_agent: User, ticket: Ticket
) -> None:
    seen = ticket.messages.order_by("-id")[0].pk
    address = f"{call(ticket, 'live')}?seen={seen}&version=0"
    web(other_agent).get(f"{address}&writing=1")
    first = web(agent).get(address)
    assert "Otto Other is writing" in " ".join(first.json()["here"].split())
    same = web(agent).get(address, HTTP_IF_NONE_MATCH=first.headers["ETag"])
    assert (same.status_code, same.content) == (304, b"")
    ticket.reply("Are you <there>?", author=None)
    news = web(agent).get(address, HTTP_IF_NONE_MATCH=first.headers["ETag"]).json()
    assert "Are you &lt;there&gt;?" in news["messages"]
    assert news["seen"] > seen
    Presence.objects.update(seen_at="2020-01-01T00:00:00Z")
    assert web(agent).get(address).json()["here"].strip() == ""


def test_the_other_window_s_draft_comes_along(web: Web, agent: User, ticket: Ticket) -> None:
    client = web(agent)
    client.post(call(ticket, "draft"), TYPED, **JSON)
    assert client.get(f"{call(ticket, 'live')}?seen=0&version=0").json()["draft"]["reply"] == "Dear Lee,"
    assert client.get(f"{call(ticket, 'live')}?seen=0&version=1").json()["draft"] is None


@pytest.mark.parametrize("name", ["live", "earlier", "trail"])
@pytest.mark.parametrize("who", ["requester", "stranger"])
def test_the_calls_are_for_agents(
    web: Web, request: pytest.FixtureRequest, ticket: Ticket, name: str, who: str
) -> None:
    assert web(request.getfixturevalue(who)).get(call(ticket, name), follow=True).status_code == 403
    assert web().get(call(ticket, name)).status_code == 302


@pytest.mark.parametrize("who", ["requester", "stranger"])
def test_drafts_are_for_agents(web: Web, request: pytest.FixtureRequest, ticket: Ticket, who: str) -> None:
    web(request.getfixturevalue(who)).post(call(ticket, "draft"), TYPED, **JSON)
    assert not Draft.objects.exists()


def test_earlier_messages_are_loaded_in_pieces(web: Web, agent: User, ticket: Ticket) -> None:
    Message.objects.bulk_create(
        Message(ticket=ticket, sender="requester", body=f"Message {at}.") for at in range(200)
    )
    client = web(agent)
    shown = client.get(page(ticket)).content.decode()
    assert "Message 199." in shown
    assert "Message 100." not in shown
    first = ticket.messages.order_by("-id")[19].pk
    piece = client.get(f"{call(ticket, 'earlier')}?before={first}").content.decode()
    assert "Message 179." in piece
    assert "Show 131 earlier messages" in piece


def test_a_ticket_page_asks_at_most_so_often_and_is_small(
    web: Web, agent: User, ticket: Ticket, django_assert_max_num_queries: Any
) -> None:
    client = web(agent)
    client.get(page(ticket))
    with django_assert_max_num_queries(10):
        response = client.get(page(ticket))
    assert len(response.content) <= 60_000
    assert response.status_code == 200
    ticket.refresh_from_db()
    assert ticket.state is Status.ESCALATED


def test_the_palette_finds_references_and_people(
    web: Web, agent: User, ticket: Ticket, requester: User
) -> None:
    found = web(agent).get(f"/admin/desk/find/?q={ticket.reference[:4].lower()}").json()["found"]
    assert found[0]["url"] == page(ticket)
    assert "Rita" in web(agent).get("/admin/desk/find/?q=rita@").json()["found"][0]["title"]
    assert web(agent).get("/admin/desk/find/?q=").json()["found"] == []


def test_the_box_is_given_titles(web: Web, agent: User, refund_intent: Intent) -> None:
    found = web(agent).get("/admin/desk/intents/?q=refund").json()["intents"]
    assert found == [{"code": "track_refund", "title": "Where is my refund"}]


def test_the_list_beside_the_ticket(web: Web, agent: User, ticket: Ticket) -> None:
    assert page(ticket) in web(agent).get("/admin/desk/beside/?queue=unassigned").content.decode()


# --- scripts ---------------------------------------------------------------------------------------------------


def test_no_page_of_the_admin_may_run_an_inline_script(
    web: Web, agent: User, supervisor: User, ticket: Ticket
) -> None:
    for path in (page(ticket), "/admin/tickets/ticket/", "/admin/desk/all-seen/"):
        policy = web(agent).get(path).headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy, path
    for path in ("/admin/", "/admin/triage/intent/", "/admin/metrics/", "/admin/triage/answer/add/"):
        response = web(supervisor).get(path)
        assert "script-src 'self' 'unsafe-eval';" in response.headers["Content-Security-Policy"], path
        inline = re.findall(
            r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<[^>]*\son[a-z]+\s*=", response.content.decode()
        )
        assert inline == [], path
