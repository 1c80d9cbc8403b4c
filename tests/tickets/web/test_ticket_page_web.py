"""The ticket page: who sees it, what it says in each state, what its buttons do."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from tickets.models import Closure, Feedback, Message, Status, Ticket
from tickets.service.models import Clock

pytestmark = pytest.mark.django_db

ACTIONS = ["ticket-reply", "ticket-person", "ticket-feedback", "ticket-settle", "ticket-undo"]


@pytest.fixture
def answered(submit, requester, engine, refund_intent) -> Ticket:
    engine.says("track_refund", 0.97)
    return submit(requester=requester)


@pytest.fixture
def escalated(submit, requester, engine, refund_intent) -> Ticket:
    engine.says("track_refund", 0.2)
    return submit(requester=requester)


@pytest.fixture
def undecided(submit, requester, engine, monkeypatch) -> Ticket:
    """Submitted, but triage has not come to it yet."""
    monkeypatch.setattr("tickets.background.jobs.dispatch", lambda *args, **options: None)
    return submit(requester=requester)


def address(name: str, ticket: Ticket) -> str:
    return reverse(name, args=[ticket.reference])


def text(response: Any) -> str:
    return response.content.decode()


# --- Who sees it --------------------------------------------------------------------------------------


def test_the_requester_and_any_agent_see_it(web, requester, agent, answered):
    for person in (requester, agent):
        assert web(person).get(answered.get_absolute_url()).status_code == 200


def test_a_stranger_and_a_guest_do_not(web, stranger, answered):
    assert web(stranger).get(answered.get_absolute_url()).status_code == 404
    assert (
        web().get(answered.get_absolute_url()).url
        == f"/accounts/login/?next={quote(answered.get_absolute_url(), safe='')}"
    )


def test_a_strangers_ticket_and_an_absent_one_look_the_same(web, stranger, answered):
    browser = web(stranger)
    theirs = browser.get(answered.get_absolute_url())
    absent = browser.get("/tickets/AAAA-AAAA-AAAA/")
    masked = [
        re.sub(r'(csrfmiddlewaretoken|name="next)" value="[^"]+"|nonce="[^"]+"', "", text(page))
        for page in (theirs, absent)
    ]
    assert theirs.status_code == absent.status_code == 404
    assert masked[0] == masked[1]


@pytest.mark.parametrize("name", ACTIONS)
def test_a_stranger_can_do_nothing_to_it(web, stranger, answered, name):
    for browser, status in ((web(stranger), 404), (web(), 302)):
        response = browser.post(address(name, answered), {"body": "Hello", "solved": "yes"})
        assert response.status_code == status
    answered.refresh_from_db()
    assert answered.state is Status.AUTO_RESOLVED


@pytest.mark.parametrize("name", ACTIONS)
def test_an_agent_does_not_act_in_the_requesters_name(web, agent, answered, name):
    response = web(agent).post(address(name, answered), {"body": "Hello", "solved": "yes"})
    assert response.status_code == 403
    answered.refresh_from_db()
    assert answered.state is Status.AUTO_RESOLVED


def test_an_agent_is_sent_to_the_desk_and_sees_no_forms(web, agent, answered):
    page = text(web(agent).get(answered.get_absolute_url()))
    assert f"/admin/tickets/ticket/{answered.pk}/change/" in page
    assert address("ticket-reply", answered) not in page
    assert address("ticket-feedback", answered) not in page


def test_an_agents_own_ticket_is_a_requesters_ticket(web, agent, submit, engine, refund_intent):
    engine.says("track_refund", 0.97)
    ticket = submit(requester=agent)
    web(agent).post(address("ticket-reply", ticket), {"body": "It is not there yet."})
    assert ticket.messages.last().sender == Message.Sender.REQUESTER


@pytest.mark.parametrize("name", ACTIONS)
def test_nothing_is_done_by_following_a_link(web, requester, answered, name):
    assert web(requester).get(address(name, answered)).status_code == 405


def test_internal_notes_stay_inside(web, requester, agent, answered):
    answered.note("The customer seems upset.", author=agent)
    for person in (requester, agent):
        assert "seems upset" not in text(web(person).get(answered.get_absolute_url()))


def test_the_page_is_kept_out_of_shared_caches(web, requester, answered):
    assert "no-store" in web(requester).get(answered.get_absolute_url())["Cache-Control"]


def test_what_people_write_is_never_markup(web, requester, submit, engine):
    ticket = submit(requester=requester, subject="<b>bold</b>", body="<script>alert(1)</script>")
    page = text(web(requester).get(ticket.get_absolute_url()))
    assert "<script>alert" not in page
    assert "<b>bold</b>" not in page


# --- What it says -------------------------------------------------------------------------------------


def test_an_answered_ticket_asks_whether_that_solved_it(web, requester, answered):
    page = text(web(requester).get(answered.get_absolute_url()))
    assert "Hello Rita, refunds take five days." in page
    assert "Yes, that’s solved" in page
    assert "No, I need a person" in page


def test_an_undecided_ticket_refreshes_itself_with_and_without_javascript(web, requester, undecided):
    page = text(web(requester).get(undecided.get_absolute_url()))
    assert "We’re checking for an answer" in page
    assert "data-soon" in page
    assert '<noscript><meta http-equiv="refresh"' in page


def test_nobody_watches_a_page_for_long(web, requester, undecided):
    Ticket.objects.filter(pk=undecided.pk).update(created_at=timezone.now() - timedelta(minutes=5))
    page = text(web(requester).get(undecided.get_absolute_url()))
    assert "You don’t have to wait here" in page
    assert "http-equiv" not in page


def test_a_decided_ticket_no_longer_hurries(web, requester, escalated):
    assert "data-soon" not in text(web(requester).get(escalated.get_absolute_url()))


def test_a_late_answer_is_admitted(web, requester, escalated):
    Clock.objects.filter(pk=escalated.pk).update(reply_due=timezone.now() - timedelta(days=2))
    assert "We’re sorry" in text(web(requester).get(escalated.get_absolute_url()))


def test_the_agent_in_charge_is_named_by_first_name_only(web, requester, agent, escalated):
    escalated.assign(agent, actor=agent)
    page = text(web(requester).get(escalated.get_absolute_url()))
    assert "Anna is looking into it" in page
    assert "Anna Agent" not in page
    assert agent.email not in page


def test_the_words_of_our_codes_reach_no_customer(web, requester, escalated):
    assert "low_confidence" not in text(web(requester).get(escalated.get_absolute_url()))


def test_a_long_conversation_costs_no_more_queries(
    web, requester, agent, answered, django_assert_num_queries
):
    browser = web(requester)
    for turn in range(30):
        answered.reply(f"Turn {turn}", author=agent if turn % 2 else requester)
    browser.get(answered.get_absolute_url())  # which notes that it was seen
    with django_assert_num_queries(7):  # session, user, ticket, messages, files, follow-ups, copies
        page = browser.get(answered.get_absolute_url())
    assert all(f"Turn {turn}" in text(page) for turn in range(30))


# --- What its buttons do ------------------------------------------------------------------------------


def test_yes_closes_it_and_offers_a_rating(web, requester, answered):
    page = text(web(requester).post(address("ticket-feedback", answered), {"solved": "yes"}, follow=True))
    answered.refresh_from_db()
    assert (answered.state, answered.closure) == (Status.CLOSED, Closure.CONFIRMED)
    assert "Great, that’s solved" in page
    assert 'name="rating"' in page


def test_no_brings_a_person(web, requester, answered):
    page = text(web(requester).post(address("ticket-feedback", answered), {"solved": "no"}, follow=True))
    answered.refresh_from_db()
    assert (answered.state, answered.escalation_reason) == (Status.ESCALATED, "not_solved")
    assert "Sorry our answer didn’t solve it" in page


def test_rating_and_comment_may_follow_and_keep_the_verdict(web, requester, answered):
    browser, url = web(requester), address("ticket-feedback", answered)
    browser.post(url, {"solved": "yes"})
    browser.post(url, {"rating": "4", "comment": "Quick!"})
    said = Feedback.objects.get()
    assert (said.solved, said.rating, said.comment) == (True, 4, "Quick!")


@pytest.mark.parametrize(
    "form", [{}, {"rating": "6"}, {"rating": "0"}, {"solved": "maybe"}, {"comment": "x" * 2001}]
)
def test_feedback_that_says_nothing_or_nonsense_is_refused(web, requester, answered, form):
    assert web(requester).post(address("ticket-feedback", answered), form).status_code == 422
    assert not Feedback.objects.exists()


def test_feedback_on_a_ticket_without_an_answer_is_a_kind_no(web, requester, undecided):
    page = text(web(requester).post(address("ticket-feedback", undecided), {"solved": "yes"}, follow=True))
    assert "There’s no answer to rate yet" in page


@pytest.mark.parametrize("start", ["undecided", "answered"])
def test_a_person_is_one_click_away(web, requester, start, request):
    ticket = request.getfixturevalue(start)
    browser = web(requester)
    assert "Talk to a person" in text(browser.get(ticket.get_absolute_url()))
    page = text(browser.post(address("ticket-person", ticket), follow=True))
    ticket.refresh_from_db()
    assert (ticket.state, ticket.human_requested) == (Status.ESCALATED, True)
    assert "You asked for a person" in page
    assert "Talk to a person" not in page


def test_a_person_cannot_be_called_to_a_closed_ticket(web, requester, answered):
    answered.close(Closure.SILENCE)
    page = text(web(requester).post(address("ticket-person", answered), follow=True))
    assert "Write a follow-up" in page


def test_a_reply_reopens_and_carries_its_files(web, requester, answered):
    file = SimpleUploadedFile("log.txt", b"what happened")
    web(requester).post(address("ticket-reply", answered), {"body": "Still nothing.", "attachments": [file]})
    answered.refresh_from_db()
    assert (answered.state, answered.escalation_reason) == (Status.ESCALATED, "requester_replied")
    assert answered.messages.last().attachments.get().name == "log.txt"


def test_a_reply_whose_file_is_refused_changes_nothing(web, requester, answered):
    file = SimpleUploadedFile("page.html", b"<html>")
    response = web(requester).post(
        address("ticket-reply", answered), {"body": "Look at this.", "attachments": [file]}
    )
    answered.refresh_from_db()
    assert response.status_code == 422
    assert "Look at this." in text(response)
    assert answered.state is Status.AUTO_RESOLVED
    assert answered.messages.count() == 2


def test_a_reply_whose_file_cannot_be_kept_leaves_nothing_behind(web, requester, answered, monkeypatch):
    def full_disk(*args: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("tickets.models.Attachment.save", full_disk)
    with pytest.raises(OSError, match="No space"):
        web(requester).post(
            address("ticket-reply", answered),
            {"body": "Look.", "attachments": [SimpleUploadedFile("a.txt", b"a")]},
        )
    answered.refresh_from_db()
    assert answered.state is Status.AUTO_RESOLVED
    assert answered.messages.count() == 2


def test_an_empty_reply_is_refused(web, requester, answered):
    assert web(requester).post(address("ticket-reply", answered), {"body": " "}).status_code == 422


def test_a_reply_to_a_ticket_that_was_closed_meanwhile_keeps_the_text(web, requester, answered):
    answered.close(Closure.SILENCE)
    response = web(requester).post(address("ticket-reply", answered), {"body": "My long story."}, follow=True)
    assert response.request["PATH_INFO"] == address("ticket-follow-up", answered)
    assert "My long story." in text(response)
    assert "as a follow-up instead" in text(response)


def test_a_closed_ticket_offers_a_follow_up_and_no_reply(web, requester, answered):
    answered.close(Closure.SILENCE)
    page = text(web(requester).get(answered.get_absolute_url()))
    assert address("ticket-follow-up", answered) in page
    assert address("ticket-reply", answered) not in page


def test_a_poll_of_another_tab_takes_no_message_from_the_page_that_it_is_for(web, requester, submit, engine):
    ticket = submit(requester=requester)
    browser = web(requester)
    browser.post(f"{ticket.get_absolute_url()}reply/", {"body": "One more thing."})
    polled = browser.get(f"{ticket.get_absolute_url()}live/")
    assert (polled.status_code, "Your message has been sent" in polled.content.decode()) == (200, False)
    assert "sessionid" not in polled.cookies
    assert "Your message has been sent" in browser.get(ticket.get_absolute_url()).content.decode()


def test_where_a_person_has_written_nobody_is_offered_one(
    web, requester, agent, submit, engine, refund_intent
):
    engine.says("track_refund", 0.97)
    ticket = submit(requester=requester)
    browser = web(requester)
    assert "Talk to a person" in browser.get(ticket.get_absolute_url()).content.decode()
    ticket.refresh_from_db()
    ticket.reply("Which order is it?", author=agent)
    assert "Talk to a person" not in browser.get(ticket.get_absolute_url()).content.decode()
