"""The demo's mail page: what the file backend wrote, readable; and no such page outside the demo."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.urls import include, path

from helpdesk import preparation, urls
from helpdesk.mail_files import MailFiles
from tickets.channels.email.models import Mailbox
from tickets.models import Channel, OutgoingMail, Ticket

pytestmark = [pytest.mark.django_db]

urlpatterns: list[Any] = [path("demo/", include("helpdesk.demo.urls")), *urls.urlpatterns]


@pytest.fixture
def demo(settings, tmp_path):
    settings.ROOT_URLCONF = "tests.helpdesk.demo.test_demo_mail"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    return tmp_path / "mail"


def write(folder, subject: str, body: str = "Guten Tag", at: int = 0) -> str:
    """One mail as the worker delivers it; returns the name of its file."""
    known = set(folder.glob("*")) if folder.exists() else set()
    MailFiles().send_messages([EmailMessage(subject, body, "us@example.com", ["gus@example.com"])])
    (file,) = set(folder.glob("*")) - known
    os.utime(file, (at, at))
    return file.name


def test_a_hundred_mails_of_one_moment_are_a_hundred_files(demo):
    for number in range(100):
        write(demo, f"Mail {number}")
    assert len(list(demo.iterdir())) == 100


def test_it_lists_the_newest_first(web, demo):
    write(demo, "Older", at=100)
    write(demo, "Newer – später", at=200)
    page = web().get("/demo/mail/").content.decode()
    assert page.index("Newer – später") < page.index("Older")
    assert "gus@example.com" in page


def test_it_shows_one_mail_with_links_and_without_the_backends_rule(web, demo):
    name = write(demo, "Hello", "Open http://testserver/g/x/ please – <b>now</b>")
    page = web().get(f"/demo/mail/{name}/").content.decode()
    assert '<a href="http://testserver/g/x/"' in page
    assert "please – &lt;b&gt;now" in page
    assert "-----" not in page


def test_no_mail_yet_is_no_error(web, demo):
    assert "No mail yet" in web().get("/demo/mail/").content.decode()


@pytest.mark.parametrize("name", ["absent.eml", "..%2f..%2fhelpdesk.sqlite3", ".."])
def test_no_other_file_can_be_read(web, demo, name):
    write(demo, "Hello")
    assert web().get(f"/demo/mail/{name}/").status_code == 404


@pytest.fixture
def mailbox(demo):
    return Mailbox.objects.create(address="support@example.com", way=Mailbox.Way.HANDED)


def test_a_mail_that_is_written_becomes_a_ticket(web, mailbox):
    wrote = {
        "email": "gina@example.org",
        "name": "Gina Guest",
        "subject": "My parcel",
        "body": "Where is it?",
    }
    page = web().post("/demo/mail/new/", wrote, follow=True).content.decode()
    ticket = Ticket.objects.get()
    assert f"Your mail is ticket {ticket.reference} now." in page
    assert (ticket.channel, ticket.requester_email, ticket.requester_name) == (
        Channel.EMAIL,
        "gina@example.org",
        "Gina Guest",
    )
    assert ticket.messages.get().body == "Where is it?"


def test_a_reply_joins_its_ticket_without_what_it_quotes(web, mailbox, demo, agent):
    web().post(
        "/demo/mail/new/", {"email": "gina@example.org", "subject": "My parcel", "body": "Where is it?"}
    )
    ticket = Ticket.objects.get()
    ticket.reply("It is on its way.", author=agent)
    MailFiles().send_messages([OutgoingMail.objects.order_by("-id")[0].as_email()])
    (name,) = [file.name for file in demo.iterdir()]
    page = web().post(f"/demo/mail/{name}/", {"body": "Thank you, when exactly?"}, follow=True)
    assert f"Your mail is on ticket {ticket.reference} now." in page.content.decode()
    assert ticket.messages.order_by("-id")[0].body == "Thank you, when exactly?"


def test_somebody_logged_in_need_not_type_their_address(web, mailbox, requester):
    assert requester.email in web(requester).get("/demo/mail/new/").content.decode()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"email": "nobody"}, "Enter an email address"), ({"body": " "}, "This field is required")],
)
def test_what_cannot_be_sent_is_said_and_kept(web, mailbox, wrong, told):
    wrote = {"email": "gina@example.org", "subject": "My parcel", "body": "Where is it?", **wrong}
    page = web().post("/demo/mail/new/", wrote).content.decode()
    assert told in page
    assert "My parcel" in page
    assert not Ticket.objects.exists()


def test_preparing_the_demo_sets_up_one_mailbox(db, settings):
    settings.SUPPORT_EMAIL = "help@shop.example"
    told: list[str] = []
    preparation.set_up_demo_mailbox(told.append)
    preparation.set_up_demo_mailbox(told.append)
    assert [box.address for box in Mailbox.objects.in_use()] == ["help@shop.example"]
    assert len(told) == 1


def test_outside_the_demo_the_page_does_not_exist(web):
    assert web().get("/demo/mail/").status_code == 404
