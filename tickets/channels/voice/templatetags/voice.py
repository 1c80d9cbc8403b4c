"""The recorder of a form, and what was understood of a recording."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from tickets.channels.voice import work
from tickets.channels.voice.hearing import LARGEST_BYTES, LONGEST_SECONDS
from tickets.channels.voice.models import Recording
from tickets.channels.voice.wording import why_not
from tickets.conversation import Attachment

register = template.Library()
NO_TOKEN = "00000000-0000-0000-0000-000000000000"  # noqa: S105  # its place in the address


@register.inclusion_tag("voice/recorder.html")
def recorder() -> dict[str, Any]:
    """Nothing where no model is set up; hidden until a script finds that the browser can record."""
    return {
        "is_on": work.is_on(),
        "longest": LONGEST_SECONDS,
        "largest": LARGEST_BYTES,
        "status": reverse("recording", args=[NO_TOKEN]),
        "no_token": NO_TOKEN,
    }


@register.inclusion_tag("voice/recording.html")
def recording(file: Attachment) -> dict[str, Any]:
    """A player, and the words by their time where they are known."""
    found: Recording | None = getattr(file, "recording", None)
    return {"file": file, "recording": found, "why": why_not(found) if found else ""}
