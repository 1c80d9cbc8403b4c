"""The demo's mail page: what the file backend wrote, readable; and no such page outside the demo."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.urls import include, path

from helpdesk import urls
from helpdesk.mail_files import MailFiles

pytestmark = [pytest.mark.django_db]

urlpatterns: list[Any] = [path("demo/", include("helpdesk.demo_urls")), *urls.urlpatterns]


@pytest.fixture
def demo(settings, tmp_path):
    settings.ROOT_URLCONF = "tests.tickets.mail.test_demo_mail_web"
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


def test_outside_the_demo_the_page_does_not_exist(web):
    assert web().get("/demo/mail/").status_code == 404
