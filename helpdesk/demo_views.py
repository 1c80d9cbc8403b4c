"""The demo's mail, read from the files that the worker wrote in place of sending it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from helpdesk.mail_files import SUFFIX

SHOWN = 100


@dataclass(frozen=True)
class Mail:
    name: str
    subject: str
    sender: str
    to: str
    sent: datetime
    body: str


@require_GET
@never_cache
def mail_list(request: HttpRequest) -> HttpResponse:
    return render(request, "demo/mail_list.html", {"mails": [read(file) for file in files()[:SHOWN]]})


@require_GET
@never_cache
def mail_one(request: HttpRequest, name: str) -> HttpResponse:
    file = next((file for file in files() if file.name == name), None)
    if file is None:
        raise Http404("No such mail.")
    return render(request, "demo/mail_one.html", {"mail": read(file)})


def files() -> list[Path]:
    """The mail files, newest first. A name from outside is only ever compared with these."""
    folder = Path(settings.EMAIL_FILE_PATH)
    found = folder.glob(f"*{SUFFIX}") if folder.is_dir() else []
    return sorted(found, key=lambda file: (file.stat().st_mtime, file.name), reverse=True)


def read(file: Path) -> Mail:
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    text = message.get_body(("plain",))
    return Mail(
        name=file.name,
        subject=str(message["Subject"] or "(no subject)"),
        sender=str(message["From"] or ""),
        to=str(message["To"] or ""),
        sent=datetime.fromtimestamp(file.stat().st_mtime, tz=UTC),
        body=(text.get_content() if text else "").rstrip(),
    )
