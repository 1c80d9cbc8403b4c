"""No word and no file is lost: logged out, logged in elsewhere, sent twice, too late, or with a bad file."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.conftest import PASSWORD
from tickets.intake import uploads
from tickets.intake.once import SAME_WITHIN
from tickets.mail import guest_links
from tickets.models import Attachment, Closure, Message, Status, Ticket

pytestmark = pytest.mark.django_db

NEW = "/tickets/new/"
PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0"
    b"\xf0\x1f\0\5\0\1\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82"
)


@pytest.fixture
def ticket(submit, requester, engine) -> Ticket:
    return submit(requester=requester)


def reply_to(ticket: Ticket) -> str:
    return reverse("ticket-reply", args=[ticket.reference])


def text(response: Any) -> str:
    return response.content.decode()


def field(page: str, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1]


def log_in(browser: Client, email: str, login_url: str) -> Any:
    target = parse_qs(urlsplit(login_url).query)["next"][0]
    form = {"login": email, "password": PASSWORD, "next": target}
    return browser.post("/accounts/login/", form, follow=True)


# --- Logged out ---------------------------------------------------------------------------------------


def test_a_reply_sent_after_the_session_ended_waits_behind_the_login(web, ticket, requester):
    browser = web()
    response = browser.post(reply_to(ticket), {"body": "It came with a broken lamp."})
    assert "Your text is safe" in text(browser.get(response.url))
    page = text(log_in(browser, requester.email, response.url))
    assert "It came with a broken lamp." in page
    assert ticket.messages.count() == 1
    browser.post(reply_to(ticket), {"body": "It came with a broken lamp.", "once": field(page, "once")})
    assert ticket.messages.last().body == "It came with a broken lamp."


def test_absent_and_foreign_tickets_lead_to_the_same_login(web, ticket):
    for name in (
        "ticket",
        "ticket-reply",
        "ticket-person",
        "ticket-feedback",
        "ticket-settle",
        "ticket-undo",
    ):
        answers = []
        for reference in (ticket.reference, "AAAA-AAAA-AAAA"):
            path = reverse(name, args=[reference])
            response = web().get(path) if name == "ticket" else web().post(path, {})
            answers.append((response.status_code, response.url.replace(reference, "REF")))
        assert answers[0] == answers[1]
        assert answers[0][0] == 302


def test_what_waits_is_shown_to_nobody_in_another_session(web, ticket, requester, stranger):
    response = web().post(reply_to(ticket), {"body": "My secret."})
    page = text(log_in(web(), requester.email, response.url))
    assert "My secret." not in page


def test_a_form_that_was_opened_logged_in_is_not_sent_as_a_guest(web, requester, engine):
    browser = web()
    response = browser.post(NEW, {"body": "Where is it?", "signed_in": "yes"})
    page = text(log_in(browser, requester.email, response.url))
    assert "Where is it?" in page
    assert not Ticket.objects.exists()


def test_logging_in_from_the_form_keeps_what_was_written(web, requester, engine):
    browser = web()
    response = browser.post(NEW, {"body": "Where is it?", "subject": "Lamp", "login": "yes"})
    page = text(log_in(browser, requester.email, response.url))
    assert "Where is it?" in page
    assert field(page, "subject") == "Lamp"


def test_a_guests_open_page_survives_that_the_ticket_joins_an_account(web, requester, engine):
    browser = web()
    browser.post(NEW, {"body": "Where is it?", "email": requester.email})
    ticket = Ticket.objects.get()
    ticket.claim(requester)
    assert browser.get(reverse("ticket-live", args=[ticket.reference])).status_code == 401
    response = browser.post(reply_to(ticket), {"body": "One more thing"})
    assert "One more thing" in text(log_in(browser, requester.email, response.url))


# --- A token that is out of date ----------------------------------------------------------------------


def test_a_form_of_before_the_login_is_shown_again_with_its_words(ticket, requester):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(requester, backend="allauth.account.auth_backends.AuthenticationBackend")
    response = browser.post(reply_to(ticket), {"body": "A long <story>"})
    page = text(response)
    assert response.status_code == 403
    assert "A long &lt;story&gt;" in page
    assert f'action="{reply_to(ticket)}"' in page
    again = {"body": "A long <story>", "csrfmiddlewaretoken": field(page, "csrfmiddlewaretoken")}
    assert browser.post(reply_to(ticket), again).status_code == 302


@pytest.mark.parametrize(
    "sign", [{"HTTP_ORIGIN": "https://evil.example"}, {"HTTP_SEC_FETCH_SITE": "cross-site"}]
)
def test_a_form_from_another_site_is_not_made_ready_to_be_sent(ticket, sign):
    page = text(Client(enforce_csrf_checks=True).post(reply_to(ticket), {"body": "Send me money"}, **sign))
    assert "Send me money" not in page


# --- Sent twice ---------------------------------------------------------------------------------------


def test_the_same_words_from_a_page_loaded_anew_are_the_same_ticket(web, requester, engine):
    browser = web(requester)
    for _ in range(2):
        once = field(text(browser.get(NEW)), "once")
        response = browser.post(NEW, {"body": "Where is it?", "once": once})
    assert Ticket.objects.count() == 1
    assert Ticket.objects.get().reference in response.url


def test_the_same_words_later_or_with_a_file_are_a_new_ticket(web, requester, engine):
    browser = web(requester)
    browser.post(NEW, {"body": "Where is it?"})
    browser.post(NEW, {"body": "Where is it?", "attachments": [SimpleUploadedFile("a.txt", b"text")]})
    Ticket.objects.update(created_at=timezone.now() - SAME_WITHIN * 2)
    browser.post(NEW, {"body": "Where is it?"})
    assert Ticket.objects.count() == 3


def test_the_same_words_of_somebody_else_open_nothing(web, engine):
    form = {"body": "Where is it?", "email": "gus@example.com"}
    web().post(NEW, form)
    other = web()
    response = other.post(NEW, form)
    assert Ticket.objects.count() == 1
    assert other.get(response.url).status_code == 302


def test_a_reply_sent_twice_is_one_reply(web, ticket, requester):
    browser = web(requester)
    for once in ("", "", "6fb8a12c-6a1c-4f06-9e0c-3b3f8f4f9a11", "6fb8a12c-6a1c-4f06-9e0c-3b3f8f4f9a11"):
        browser.post(reply_to(ticket), {"body": "Still nothing.", "once": once})
    assert ticket.messages.filter(body="Still nothing.").count() == 1


def test_the_same_word_after_a_question_of_ours_is_another_reply(web, ticket, requester, agent):
    browser = web(requester)
    for question in ("Is it plugged in?", "Is it on?"):
        ticket.reply(question, author=agent)
        browser.post(reply_to(ticket), {"body": "Yes"})
    assert ticket.messages.filter(body="Yes").count() == 2


# --- Too late -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ticket-person", "ticket-feedback", "ticket-settle", "ticket-undo"])
def test_a_stale_button_leads_to_the_ticket_as_it_is_now(web, ticket, requester, agent, name):
    ticket.resolve(actor=agent)
    ticket.close(Closure.SILENCE)
    page = text(web(requester).post(reverse(name, args=[ticket.reference]), {"solved": "no"}, follow=True))
    assert "This ticket is closed" in page
    assert reverse("ticket-follow-up", args=[ticket.reference]) in page


def test_yes_can_be_undone_on_the_page(web, requester, submit, engine, refund_intent):
    engine.says("track_refund", 0.97)
    ticket = submit(requester=requester)
    browser = web(requester)
    page = text(
        browser.post(reverse("ticket-feedback", args=[ticket.reference]), {"solved": "yes"}, follow=True)
    )
    assert (undo := reverse("ticket-undo", args=[ticket.reference])) in page
    assert "Did this solve it?" in text(browser.post(undo, follow=True))


def test_no_asks_one_line_once(web, requester, submit, engine, refund_intent):
    engine.says("track_refund", 0.97)
    ticket = submit(requester=requester)
    browser = web(requester)
    page = text(
        browser.post(reverse("ticket-feedback", args=[ticket.reference]), {"solved": "no"}, follow=True)
    )
    assert "What was missing?" in page
    page = text(browser.post(reply_to(ticket), {"body": "The amount."}, follow=True))
    assert "What was missing?" not in page
    assert "The amount." in page
    assert ticket.messages.last().sender == Message.Sender.REQUESTER


def test_thanks_to_an_agents_reply_closes_it_and_says_so(web, ticket, requester, agent):
    ticket.reply("It left on Monday.", author=agent)
    page = text(web(requester).post(reply_to(ticket), {"body": "Thank you!"}, follow=True))
    ticket.refresh_from_db()
    assert ticket.state is Status.CLOSED
    assert "You told us it’s solved, so we closed your ticket." in page


# --- Files --------------------------------------------------------------------------------------------


def upload(browser: Client, name: str, content: bytes) -> Any:
    return browser.post("/uploads/", {"file": SimpleUploadedFile(name, content)})


def test_a_file_goes_up_alone_and_is_sent_with_the_message(web, requester, ticket):
    browser = web(requester)
    token = upload(browser, "a.png", PNG).json()["token"]
    assert ticket.messages.last().attachments.count() == 0
    browser.post(reply_to(ticket), {"body": "See this", "staged": [token]})
    assert ticket.messages.last().attachments.get().name == "a.png"


def test_a_file_uploaded_before_the_login_is_still_there_behind_it(web, requester, ticket):
    browser = web()
    token = upload(browser, "a.png", PNG).json()["token"]
    response = browser.post(reply_to(ticket), {"body": "See this", "staged": [token]})
    assert field(text(log_in(browser, requester.email, response.url)), "staged") == token


def test_nobody_sees_sends_or_removes_anothers_file(web, requester, stranger, agent, ticket, submit):
    token = upload(web(requester), "a.png", PNG).json()["token"]
    theirs = submit(requester=stranger)
    for other in (stranger, agent):
        browser = web(other)
        assert browser.get(f"/attachments/{token}/").status_code == 404
        assert browser.post(f"/uploads/{token}/remove/").status_code == 404
    web(stranger).post(reply_to(theirs), {"body": "Mine now", "staged": [token]})
    assert theirs.messages.last().attachments.count() == 0


def test_a_file_can_be_removed_and_leaves_nothing_on_the_disk(web, requester, settings):
    browser = web(requester)
    said = upload(browser, "a.png", PNG).json()
    name = Attachment.objects.get().file.name
    assert browser.post(said["remove"]).status_code == 204
    assert not Attachment.objects.exists()
    assert not list(settings.MEDIA_ROOT.glob(f"{name}*"))


def test_what_nobody_sends_is_thrown_away_after_a_day(web, requester, ticket):
    browser = web(requester)
    upload(browser, "old.txt", b"text")
    upload(browser, "new.txt", b"text")
    sent = upload(browser, "sent.txt", b"text").json()["token"]
    browser.post(reply_to(ticket), {"body": "See this", "staged": [sent]})
    old = timezone.now() - uploads.KEPT_FOR * 2
    Attachment.objects.exclude(name="new.txt").update(created_at=old)
    uploads.discard_stale()
    assert set(Attachment.objects.values_list("name", flat=True)) == {"new.txt", "sent.txt"}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("phone.heic", b"\0\0\0\x18ftypheic\0\0\0\0"),
        ("film.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0"),
        ("film.mov", b"\0\0\0\x14ftypqt  \0\0\0\0"),
        ("picture.webp", b"RIFF\x10\0\0\0WEBPVP8 "),
        ("letter.docx", b"PK\x03\x04rest"),
        ("sheet.xlsx", b"PK\x03\x04rest"),
        ("slides.pptx", b"PK\x03\x04rest"),
        ("mail.eml", b"From: a@example.com\r\n\r\nHello"),
        ("app.log", b"started"),
        ("all.zip", b"PK\x03\x04rest"),
    ],
)
def test_the_types_that_people_send_are_taken(web, name, content):
    assert upload(web(), name, content).status_code == 201


@pytest.mark.parametrize("name", ["film.mp4", "picture.webp", "phone.heic", "letter.docx"])
def test_a_false_name_is_refused(web, name):
    response = upload(web(), name, b"<html><script>alert(1)</script>")
    assert response.status_code == 422
    assert name in response.json()["error"]


def test_one_browser_cannot_pile_up_files(web, settings, monkeypatch):
    monkeypatch.setattr(uploads, "WAITING_AT_MOST", 2)
    browser = web()
    codes = [upload(browser, "a.txt", b"text").status_code for _ in range(3)]
    assert codes == [201, 201, 422]


def test_a_picture_has_a_small_one_and_can_be_looked_at_in_place(web, requester, ticket):
    browser = web(requester)
    token = upload(browser, "a.png", PNG).json()["token"]
    browser.post(reply_to(ticket), {"body": "See this", "staged": [token]})
    small = browser.get(f"/attachments/{token}/small/")
    assert small["Content-Type"] == "image/webp"
    assert small["Content-Disposition"].startswith("inline")
    assert "sandbox" in browser.get(f"/attachments/{token}/?view")["Content-Security-Policy"]
    assert browser.get(f"/attachments/{token}/")["Content-Disposition"].startswith("attachment")


def test_a_decompression_bomb_is_kept_as_a_file_and_never_decoded(web):
    header = b"\0\0\0\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\6\0\0\0"
    bomb = b"\x89PNG\r\n\x1a\n" + header + b"\0" * 64
    browser = web()
    token = upload(browser, "bomb.png", bomb).json()["token"]
    file = Attachment.objects.get(token=token)
    assert not file.file.storage.exists(f"{file.file.name}.small")


# --- Browsers that are shared -------------------------------------------------------------------------


def test_a_browser_forgets_what_was_sent_and_opened(web, engine):
    browser = web()
    browser.post(NEW, {"body": "Where is my parcel?", "email": "gus@example.com", "subject": "Parcel"})
    ticket = Ticket.objects.get()
    assert "Parcel" in text(browser.get("/"))
    page = text(browser.post("/forget/", follow=True))
    assert "This browser has forgotten" in page
    assert "Parcel" not in page
    assert browser.get(ticket.get_absolute_url()).status_code == 302


def test_a_ticket_opened_by_its_link_is_not_listed(web, submit, engine):
    from_link = submit(guest_email="gus@example.com", subject="From a link")
    browser = web()
    browser.get(reverse("guest-link", args=[guest_links.token_for(from_link)]))
    assert browser.get(from_link.get_absolute_url()).status_code == 200
    assert "From a link" not in text(browser.get("/"))


# --- The open page ------------------------------------------------------------------------------------


def test_an_open_page_is_told_only_what_is_new(web, ticket, requester, agent, django_assert_num_queries):
    browser = web(requester)
    live = reverse("ticket-live", args=[ticket.reference])
    tag = browser.get(live)["ETag"]
    with django_assert_num_queries(4):  # session, user, ticket, latest message
        unchanged = browser.get(live, headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    ticket.reply("It left on Monday.", author=agent)
    changed = browser.get(live, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert "It left on Monday." in text(changed)
    assert changed["ETag"] != tag


def test_an_unread_reply_is_marked_until_it_was_seen(web, ticket, requester, agent):
    browser = web(requester)
    browser.get(ticket.get_absolute_url())
    ticket.reply("It left on Monday.", author=agent)
    assert "New reply" in text(browser.get("/tickets/"))
    web(agent).get(ticket.get_absolute_url())
    assert "New reply" in text(browser.get("/tickets/"))
    browser.get(ticket.get_absolute_url())
    assert "New reply" not in text(browser.get("/tickets/"))


def test_the_ticket_that_moved_last_stands_first(web, submit, requester, agent, engine):
    old, _ = submit(requester=requester, subject="Old"), submit(requester=requester, subject="New")
    old.reply("It left on Monday.", author=agent)
    rows = web(requester).get("/tickets/").context["tickets"]
    assert [row.subject for row in rows] == ["Old", "New"]


@pytest.mark.parametrize("path", ["/", NEW, "/tickets/", "/accounts/profile/"])
def test_programs_may_ask_for_the_head_of_a_page(web, requester, path):
    assert web(requester).head(path).status_code == 200
