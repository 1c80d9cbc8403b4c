"""What files are taken: one rule, whichever door they come through."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from accounts.models import Role, User
from tickets.api.serializers import NewMessageWithFilesSerializer
from tickets.desk import drafts
from tickets.errors import AttachmentRefused
from tickets.intake.attachments import check_all, hint
from tickets.intake.submit import Submission, submit_ticket
from tickets.web.files import taken
from tickets.web.forms import ReplyForm

pytestmark = pytest.mark.django_db

Files = list[SimpleUploadedFile]
LIMIT = 1024 * 1024


def of_the_form(files: Files) -> list[str]:
    request = RequestFactory().post("/", {"body": "See this.", "attachments": files})
    request.session = {}  # type: ignore[assignment]
    form = ReplyForm(request.POST, taken=taken(request))
    return form.errors.get("attachments", [])


def of_the_desk(files: Files) -> list[str]:
    agent = User.objects.create_user("anna@example.com", None, role=Role.AGENT)
    ticket = submit_ticket(Submission(subject="Lamp", body="It broke.", guest_email="rita@example.org"))
    try:
        drafts.keep_files(agent, ticket, files)
    except AttachmentRefused as refused:
        return [str(refused)]
    return []


def of_the_api(files: Files) -> list[str]:
    user = SimpleNamespace(is_agent=True)
    form = NewMessageWithFilesSerializer(
        data={"body": "See this.", "files": files}, context={"request": SimpleNamespace(user=user)}
    )
    form.is_valid()
    errors: Any = form.errors.get("files", [])
    return [str(error) for error in errors]


DOORS = {"form": of_the_form, "desk": of_the_desk, "api": of_the_api}
TAKEN: dict[str, Callable[[], Files]] = {
    "none": list,
    "as many as may be": lambda: [SimpleUploadedFile(f"{n}.txt", b"text") for n in range(10)],
    "as large as may be": lambda: [SimpleUploadedFile("a.txt", b"x" * LIMIT)],
    "a picture": lambda: [SimpleUploadedFile("a.PNG", b"\x89PNG\r\n\x1a\n")],
}
REFUSED: dict[str, Callable[[], Files]] = {
    "a type": lambda: [SimpleUploadedFile("a.exe", b"MZ")],
    "no type": lambda: [SimpleUploadedFile("a", b"text")],
    "a false name": lambda: [SimpleUploadedFile("a.png", b"<svg/>")],
    "a text with NUL": lambda: [SimpleUploadedFile("a.txt", b"a\0b")],
    "too large": lambda: [SimpleUploadedFile("a.txt", b"x" * (LIMIT + 1))],
    "too many": lambda: [SimpleUploadedFile(f"{n}.txt", b"text") for n in range(11)],
    "one of two": lambda: [SimpleUploadedFile("a.txt", b"text"), SimpleUploadedFile("b.html", b"<b>")],
}


@pytest.fixture(autouse=True)
def small_limit(settings: Any) -> None:
    settings.ATTACHMENT_MAX_BYTES = LIMIT


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("files", TAKEN)
def test_what_is_taken_is_taken_at_every_door(door: str, files: str) -> None:
    assert DOORS[door](TAKEN[files]()) == []


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("files", REFUSED)
def test_what_is_refused_is_refused_at_every_door_in_the_same_words(door: str, files: str) -> None:
    with pytest.raises(AttachmentRefused) as refusal:
        check_all(REFUSED[files]())
    assert DOORS[door](REFUSED[files]()) == [str(refusal.value)]


def test_the_hint_names_the_limits_that_hold(settings: Any) -> None:
    settings.ATTACHMENTS_PER_MESSAGE = 3
    assert hint() == "Pictures, videos, documents or logs: up to 3 files, 1 MB each."
