"""Submitting by the form: as a guest, logged in, twice by accident, and as a follow-up."""

from __future__ import annotations

import re
import uuid
from datetime import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tickets.models import Closure, Status, Ticket
from tickets.service.models import Calendar, Opening, Target

pytestmark = pytest.mark.django_db

NEW = "/tickets/new/"
GUEST = {"email": "Gus@Example.com", "name": "Gus Guest", "body": "Where is my refund?"}


@pytest.fixture
def confident(engine, refund_intent):
    engine.says("track_refund", 0.97)
    return engine


def once() -> str:
    return str(uuid.uuid4())


def test_a_guest_sees_the_answer_right_after_sending(web, confident):
    response = web().post(NEW, GUEST, follow=True)
    page = response.content.decode()
    assert "Hello Gus, refunds take five days." in page
    assert "Did this solve it?" in page
    assert Ticket.objects.get().requester_email == "gus@example.com"


def test_whoever_is_logged_in_gives_no_address(web, requester, confident):
    response = web(requester).get(NEW)
    assert 'name="email"' not in response.content.decode()
    web(requester).post(NEW, {"body": "Where is my refund?"})
    assert Ticket.objects.get().requester == requester


def test_the_ticket_page_opens_at_the_latest_message(web, requester, confident):
    response = web(requester).post(NEW, {"body": "Where is my refund?"})
    ticket = Ticket.objects.get()
    assert response.url == f"/tickets/{ticket.reference}/#latest"


def test_an_unsure_engine_leads_to_a_person_and_says_why_and_when(web, engine, refund_intent):
    calendar, _ = Calendar.objects.get_or_create(is_default=True, defaults={"name": "Office hours"})
    Opening.objects.get_or_create(calendar=calendar, weekday=0, opens=time(9), closes=time(17))
    Target.objects.get_or_create(urgency=0, defaults={"first_reply": 480, "next_reply": 480})
    engine.says("track_refund", 0.4)
    page = web().post(NEW, GUEST, follow=True).content.decode()
    assert "A person will answer" in page
    assert "We weren’t sure of the right answer" in page
    assert "usually by" in page


def test_the_tick_for_a_person_wins_over_a_sure_engine(web, confident):
    page = web().post(NEW, {**GUEST, "human_requested": "on"}, follow=True).content.decode()
    assert "You asked for a person" in page
    assert "Did this solve it?" not in page


@pytest.mark.parametrize("missing", ["email", "body"])
def test_a_missing_field_is_named_and_nothing_typed_is_lost(web, missing):
    response = web().post(NEW, {**GUEST, missing: "", "subject": "My refund"})
    page = response.content.decode()
    assert response.status_code == 422
    assert f'id="id_{missing}_error"' in page
    assert 'role="alert"' in page
    assert "My refund" in page
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("body", [" \n\t ", "\u200b\u200d\ufeff", "\u2060 \u00ad", "\u3164\u2800", "\u0301"])
def test_a_message_with_nothing_to_see_is_no_message(web, body):
    response = web().post(NEW, {**GUEST, "body": body})
    assert response.status_code == 422
    assert "Tell us how we can help." in response.content.decode()


def test_a_subject_with_nothing_to_see_gives_way_to_the_first_words(web, confident):
    web().post(NEW, {**GUEST, "subject": "\u200b\u200b"})
    assert Ticket.objects.get().subject.startswith(GUEST["body"][:10])


def test_line_ends_are_kept_as_plain_ones_and_count_once(web, confident, settings):
    body = ("a\r\n" * (settings.MESSAGE_MAX_CHARS // 2))[:-2] + "b"
    web().post(NEW, {**GUEST, "body": body})
    assert Ticket.objects.get().messages.first().body == body.replace("\r\n", "\n")


def test_a_refused_file_is_explained(web):
    file = SimpleUploadedFile("virus.exe", b"MZ")
    response = web().post(NEW, {**GUEST, "attachments": [file]})
    assert "virus.exe: we can’t take files of this type" in response.content.decode()
    assert not Ticket.objects.exists()


def test_sending_twice_from_one_page_makes_one_ticket(web, confident):
    browser, form = web(), {**GUEST, "once": once()}
    first, second = browser.post(NEW, form), browser.post(NEW, form)
    assert first.url == second.url
    assert Ticket.objects.count() == 1


def test_a_send_that_loses_the_race_finds_the_winner(web, confident, monkeypatch):
    browser, form = web(), {**GUEST, "once": once()}
    browser.post(NEW, form)
    winner = Ticket.objects.get()
    # What the loser sees: no ticket yet when it looks, one when it writes.
    looks = iter([Ticket.objects.none(), Ticket.objects.filter(pk=winner.pk)])
    real = Ticket.objects.filter

    def filter_late(*args: Any, **wanted: Any) -> Any:
        return next(looks) if "external_id" in wanted else real(*args, **wanted)

    monkeypatch.setattr(Ticket.objects, "filter", filter_late)
    response = browser.post(NEW, form)
    assert winner.reference in response.url
    monkeypatch.undo()
    assert Ticket.objects.count() == 1


def test_a_changed_text_is_a_new_wish_even_from_the_same_page(web, confident):
    browser, form = web(), {**GUEST, "once": once()}
    browser.post(NEW, form)
    browser.post(NEW, {**form, "body": "Now about something else."})
    assert Ticket.objects.count() == 2


def test_nobody_reaches_anothers_ticket_by_its_once_token(web, requester, stranger, confident):
    form = {"body": "Where is my refund?", "once": once()}
    web(requester).post(NEW, form)
    web(stranger).post(NEW, form)
    assert {ticket.requester for ticket in Ticket.objects.all()} == {requester, stranger}


def test_every_page_carries_a_once_token_of_its_own(web):
    tokens = {re.search(r'name="once" value="([^"]+)"', web().get(NEW).content.decode())[1] for _ in range(2)}
    assert len(tokens) == 2


def test_the_draft_from_the_home_page_is_carried_over_and_not_sent(web):
    response = web().post(NEW, {"draft": "yes", "body": "Where is it?"})
    page = response.content.decode()
    assert response.status_code == 200
    assert "Where is it?" in page
    assert 'role="alert"' not in page
    assert not Ticket.objects.exists()


def test_a_mailbox_cannot_be_flooded_with_mail_however_its_address_is_written(web, engine, settings):
    settings.LIMITS = {**settings.LIMITS, "guest_ticket": {"mailbox": (3, 3600)}}
    for number, email in enumerate(["gus@gmail.com", "g.us+1@gmail.com", "GUS+2@googlemail.com"]):
        sent = web().post(NEW, {**GUEST, "body": f"Wish {number}", "email": email})
        assert sent.status_code == 302
    response = web().post(NEW, {**GUEST, "body": "Wish 4 of mine", "email": "gus+3@gmail.com"})
    assert response.status_code == 429
    assert 1100 <= int(response["Retry-After"]) <= 1200
    page = response.content.decode()
    assert "Please try again in 20 minutes" in page
    assert "Wish 4 of mine" in page


def test_the_form_says_the_same_whether_or_not_the_address_has_an_account(web, requester, confident):
    known = web().post(NEW, {**GUEST, "email": requester.email}, follow=True)
    unknown = web().post(NEW, {**GUEST, "email": "none@example.com"}, follow=True)

    def told(response: Any, email: str) -> str:
        page = response.content.decode().replace(email, "EMAIL")
        page = re.sub(r'data-version="[^"]+"|name="once" value="[^"]+"|nonce="[^"]+"', "", page)
        page = re.sub(r"[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}", "REFERENCE", page)
        page = re.sub(
            r"<time [^>]+>[^<]*</time>", "TIME", page
        )  # "now" on one page, "1 second ago" on the other
        return re.sub(r'csrfmiddlewaretoken" value="[^"]+"', "", page)

    assert told(known, requester.email) == told(unknown, "none@example.com")


def test_an_unconfirmed_claim_to_an_address_shows_nothing_in_its_owners_account(web, requester, confident):
    web().post(NEW, {**GUEST, "email": requester.email})
    assert Ticket.objects.get().requester is None


# --- Follow-ups ---------------------------------------------------------------------------------------


@pytest.fixture
def closed(submit, requester, confident):
    ticket = submit(requester=requester)
    ticket.close(Closure.CONFIRMED, actor=requester)
    return ticket


def follow_up(ticket: Ticket) -> str:
    return reverse("ticket-follow-up", args=[ticket.reference])


def test_a_closed_ticket_goes_on_as_a_linked_one(web, requester, closed):
    web(requester).post(follow_up(closed), {"body": "It came back.", "subject": closed.subject})
    later = Ticket.objects.get(follow_up_of=closed)
    assert later.requester == requester
    assert later.reference in web(requester).get(closed.get_absolute_url()).content.decode()


def test_a_ticket_that_is_not_closed_takes_a_reply_instead(web, requester, submit, confident):
    ticket = submit(requester=requester)
    assert web(requester).get(follow_up(ticket)).url == ticket.get_absolute_url()


def test_a_stranger_cannot_follow_up(web, stranger, closed):
    assert web(stranger).get(follow_up(closed)).status_code == 404
    assert web(stranger).post(follow_up(closed), {"body": "Hello"}).status_code == 404


def test_a_guests_follow_up_keeps_the_address_without_asking_for_it(web, confident):
    browser = web()
    browser.post(NEW, GUEST)
    earlier = Ticket.objects.get()
    earlier.close(Closure.CONFIRMED)
    browser.post(follow_up(earlier), {"body": "It came back."})
    later = Ticket.objects.get(follow_up_of=earlier)
    assert (later.requester_email, later.requester_name) == ("gus@example.com", "Gus Guest")
    assert browser.get(later.get_absolute_url()).status_code == 200
    assert earlier.state is Status.CLOSED


def test_follow_ups_flood_an_address_no_more_than_new_tickets_do(web, confident, settings):
    settings.LIMITS = {**settings.LIMITS, "guest_ticket": {"mailbox": (3, 3600)}}
    browser = web()
    browser.post(NEW, GUEST)
    earlier = Ticket.objects.get()
    earlier.close(Closure.CONFIRMED)
    answers = [
        browser.post(follow_up(earlier), {"body": f"Again {number}."}).status_code for number in range(3)
    ]
    assert answers == [302, 302, 429]


def test_too_many_files_are_refused_together(web):
    files = [SimpleUploadedFile(f"{n}.txt", b"text") for n in range(11)]
    response = web().post(NEW, {**GUEST, "attachments": files})
    assert "up to 10 files" in response.content.decode()
