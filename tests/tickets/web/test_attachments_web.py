"""Files: what is taken, how it is served, and to whom."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tickets.intake import attachments, replies
from tickets.models import Attachment, Ticket

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32


@pytest.fixture
def ticket(submit, requester, engine) -> Ticket:
    return submit(requester=requester, files=[SimpleUploadedFile("Blick <1>.png", PNG)])


@pytest.fixture
def file(ticket) -> Attachment:
    return Attachment.objects.get()


def address(attachment: Attachment) -> str:
    return reverse("attachment", args=[attachment.token])


def reply(browser, ticket: Ticket, *files: SimpleUploadedFile):
    return browser.post(
        reverse("ticket-reply", args=[ticket.reference]), {"body": "See this.", "attachments": list(files)}
    )


def test_it_is_served_only_as_a_download_that_no_browser_interprets(web, requester, file):
    response = web(requester).get(address(file))
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "private, no-store"
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["Content-Type"] == "image/png"
    assert b"".join(response.streaming_content) == PNG


@pytest.mark.parametrize(("who", "status"), [("requester", 200), ("agent", 200), ("stranger", 404)])
def test_whoever_may_see_the_ticket_may_have_the_file(web, file, request, who, status):
    assert web(request.getfixturevalue(who)).get(address(file)).status_code == status


def test_a_guest_without_the_link_gets_nothing(web, file):
    assert web().get(address(file)).url.startswith("/accounts/login/")


def test_a_guest_gets_the_file_of_the_ticket_this_browser_sent(web, engine):
    browser = web()
    form = {
        "email": "gus@example.com",
        "body": "See the picture.",
        "attachments": [SimpleUploadedFile("a.png", PNG)],
    }
    browser.post("/tickets/new/", form)
    assert browser.get(address(Attachment.objects.get())).status_code == 200


def test_a_notes_file_is_for_agents_only(web, requester, agent, ticket):
    note = ticket.note("Internal", author=agent)
    (kept,) = attachments.attach(note, [SimpleUploadedFile("plan.txt", b"secret")])
    assert web(agent).get(address(kept)).status_code == 200
    assert web(requester).get(address(kept)).status_code == 404
    assert "plan.txt" not in web(requester).get(ticket.get_absolute_url()).content.decode()


def test_an_absent_file_and_a_strangers_look_the_same(web, stranger, file):
    absent = reverse("attachment", args=[uuid.uuid4()])
    for browser, status in ((web(stranger), 404), (web(), 302)):
        answers = [browser.get(address(file)), browser.get(absent)]
        assert [answer.status_code for answer in answers] == [status, status]
    pages = [web(stranger).get(path).content.decode() for path in (address(file), absent)]
    masked = [
        re.sub(r'(csrfmiddlewaretoken|name="next)" value="[^"]+"|nonce="[^"]+"', "", page) for page in pages
    ]
    assert masked[0] == masked[1]


def test_neither_address_nor_place_on_disk_tells_the_name_or_number(file):
    assert "Blick" not in address(file)
    assert str(file.pk) != address(file).strip("/").rpartition("/")[2]
    assert file.token.hex in file.file.name
    assert "Blick" not in file.file.name


def test_nothing_serves_the_media_folder(web, agent, file):
    assert web(agent).get(f"/media/{file.file.name}").status_code == 404


def test_a_file_that_is_gone_from_the_disk_is_not_found(web, requester, file):
    Path(file.file.path).unlink()
    assert web(requester).get(address(file)).status_code == 404


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.html", b"<script>alert(1)</script>"),
        ("picture.svg", b"<svg/>"),
        ("run.exe", b"MZ"),
        ("noname", b"text"),
        ("false.png", b"<html>"),
        ("binary.txt", b"a\0b"),
        ("empty.txt", b""),
        ("double.png.js", b"alert(1)"),
    ],
)
def test_what_is_not_on_the_list_or_not_what_it_says_is_refused(web, requester, ticket, name, content):
    response = reply(web(requester), ticket, SimpleUploadedFile(name, content))
    assert response.status_code == 422
    assert name in response.content.decode()
    assert Attachment.objects.count() == 1


def test_a_file_over_the_limit_is_refused_one_at_the_limit_is_not(web, requester, ticket, settings):
    settings.ATTACHMENT_MAX_BYTES = 100
    assert reply(web(requester), ticket, SimpleUploadedFile("a.txt", b"x" * 101)).status_code == 422
    assert reply(web(requester), ticket, SimpleUploadedFile("b.txt", b"x" * 100)).status_code == 302


def test_one_bad_file_leaves_the_good_ones_and_the_text_ready_to_be_sent(web, requester, ticket):
    browser = web(requester)
    files = [SimpleUploadedFile(name, content) for name, content in [("good.png", PNG), ("bad.exe", b"MZ")]]
    page = reply(browser, ticket, *files).content.decode()
    assert "good.png" in page
    assert "bad.exe: we can’t take files of this type" in page
    token = re.search(r'name="staged" value="([^"]+)"', page)[1]
    browser.post(reverse("ticket-reply", args=[ticket.reference]), {"body": "See this.", "staged": [token]})
    assert [file.name for file in ticket.messages.last().attachments.all()] == ["good.png"]


def test_the_page_lists_it_by_its_name_as_text(web, requester, ticket):
    assert "Blick &lt;1&gt;.png" in web(requester).get(ticket.get_absolute_url()).content.decode()


def test_a_disk_that_fills_up_leaves_neither_message_nor_files(ticket, requester, monkeypatch, settings):
    real_save = FileSystemStorage._save

    def save_until_full(storage, name, content):
        if content.name == "second.txt":
            raise OSError("No space left on device")
        return real_save(storage, name, content)

    monkeypatch.setattr(FileSystemStorage, "_save", save_until_full)
    before = stored_files(settings)
    files = [SimpleUploadedFile(name, b"text") for name in ("first.txt", "second.txt")]
    with pytest.raises(OSError, match="No space left"):
        replies.send_reply(ticket, requester, "Both are attached.", files)
    assert stored_files(settings) == before
    assert ticket.messages.filter(body="Both are attached.").count() == 0


def stored_files(settings):
    return sorted(path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file())
