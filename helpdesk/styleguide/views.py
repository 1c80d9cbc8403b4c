"""The page is made of the templates, the sheet and the pictures that the product uses: it shows what there is now."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from django.conf import settings
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message as Flash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from tickets.models import Message, Status
from tickets.web.forms import GuestTicketForm

TOKEN: Final = re.compile(r"^  (--[\w-]+): ([^;]+);", re.MULTILINE)
SYMBOL: Final = re.compile(r'<symbol id="([\w-]+)"')
BUTTONS: Final = ("", "button-main", "button-bad", "button-wide", "button-link")
BANNERS: Final = (
    ("", "info"), ("banner-good", "check"), ("banner-wait", "clock"), ("banner-news", "mail"), ("banner-bad", "alert"),
    ("banner-grave", "person"), ("banner-quiet", "check"),
)  # fmt: skip
NOTES: Final = ("", "note-good", "note-wait", "note-bad")
LONG: Final = "Where is my order?\n\nIt was to come on Monday. " + "I have looked everywhere. " * 80


@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    """All of it on one page."""
    empty = GuestTicketForm()
    wrong = GuestTicketForm({"body": "", "email": "nobody", "name": "Gus"}, auto_id="wrong_%s")
    wrong.is_valid()
    context = {
        "tokens": tokens(), "icons": symbols("icons"), "drawings": symbols("drawings"), "buttons": BUTTONS,
        "banners": BANNERS, "notes": NOTES, "statuses": Status.values, "form": empty, "wrong": wrong,
        "flashes": flashes(), "rows": rows(), "talk": talk(), "ticket": SimpleNamespace(requester_email="gus@example.com"),
        "found": [SimpleNamespace(slug="refund", title="Where is my refund?", text="It takes **five days**.\n\n1. Wait.\n2. Write.", language="en")],
    }  # fmt: skip
    return render(request, "styleguide/guide.html", context)


def tokens() -> dict[str, list[tuple[str, str]]]:
    """Name and value of each token of the sheet, colours apart, as they are in light."""
    sheet = Path(settings.BASE_DIR / "static/css/variables.css").read_text(encoding="utf-8")
    known = dict(reversed(TOKEN.findall(sheet.partition("@media")[0])))
    colours = {name: value for name, value in known.items() if value.startswith(("#", "rgb"))}
    rest = known.keys() - colours
    return {
        "colours": sorted(colours.items()),
        "sizes": [(name, known[name]) for name in sorted(rest)],
    }


def symbols(name: str) -> list[str]:
    return SYMBOL.findall(Path(settings.BASE_DIR / f"static/img/{name}.svg").read_text(encoding="utf-8"))


def flashes() -> list[Flash]:
    words = {
        constants.SUCCESS: "Your message has been sent.", constants.ERROR: "That didn’t reach us.",
        constants.WARNING: "This ticket has moved on.", constants.INFO: "You’re logged out.",
    }  # fmt: skip
    return [Flash(level, text) for level, text in words.items()]


def rows() -> list[Any]:
    return [
        SimpleNamespace(
            subject=f"Ticket that is {status}", status=status, reference="MBJS-H973-FSFP", is_unread=status == Status.PENDING,
            updated_at=timezone.now() - timedelta(hours=number), get_absolute_url="#rows",
        )
        for number, status in enumerate(Status.values)
    ]  # fmt: skip


def talk() -> list[Any]:
    """A message of each sender, the first a long one, the last with files."""
    files = [SimpleNamespace(token=uuid.UUID(int=7), name="receipt.pdf", size=48_000, is_picture=False)]  # fmt: skip
    senders = [
        Message.Sender.REQUESTER,
        Message.Sender.MACHINE,
        Message.Sender.AGENT,
        Message.Sender.REQUESTER,
    ]
    texts = [
        LONG,
        "Refunds take **five days**:\n\n1. We look at it.\n2. Your bank pays.",
        "It left today.",
        "Here it is.",
    ]
    return [
        SimpleNamespace(
            sender=sender, body=text, created_at=timezone.now() - timedelta(hours=9 - number),
            author=SimpleNamespace(first_name="Anna"), attachments=SimpleNamespace(all=files if number == 3 else []),
        )
        for number, (sender, text) in enumerate(zip(senders, texts, strict=True))
    ]  # fmt: skip
