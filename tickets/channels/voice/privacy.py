"""What was said in recordings is its speaker's; it goes with the file, which ``tickets.privacy`` erases."""

from __future__ import annotations

from typing import Any

from accounts import privacy
from accounts.privacy import Person
from tickets.channels.voice.models import Recording
from tickets.privacy import tickets_of


def recordings_of(person: Person) -> Any:
    return Recording.objects.filter(attachment__message__ticket__in=tickets_of(person))


def export_recordings(person: Person) -> dict[str, list[dict[str, Any]]]:
    found = recordings_of(person).select_related("attachment__message__ticket")
    return {
        "recordings": [
            {
                "ticket": one.attachment.message.ticket.reference,
                "name": one.attachment.name,
                "language": one.language,
                "text": one.text,
                "seconds": one.duration,
            }
            for one in found
        ]
    }


def erase_recordings(person: Person) -> dict[str, Any]:
    return {"recordings": recordings_of(person).update(segments=[], language="", confidence=0.0)}


privacy.register("voice", export_recordings, erase_recordings)
privacy.ERASERS["tickets"] = privacy.ERASERS.pop("tickets")  # it goes last
