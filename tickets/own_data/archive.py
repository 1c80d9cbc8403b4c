"""All that is kept of one person as a zip: ``data.json``, and their files beside it."""

from __future__ import annotations

import json
import shutil
import zipfile
from typing import IO

from django.db.models import QuerySet, Sum

from accounts import privacy
from accounts.privacy import Person
from tickets.conversation import Attachment, Message
from tickets.privacy import tickets_of


def files_of(person: Person) -> QuerySet[Attachment]:
    """What was sent to and fro; not what stands in the team's notes."""
    return Attachment.objects.filter(
        message__ticket__in=tickets_of(person), message__kind=Message.Kind.REPLY
    ).order_by("pk")


def bytes_of(person: Person) -> int:
    return files_of(person).aggregate(sum=Sum("size"))["sum"] or 0


def write(person: Person, target: IO[bytes]) -> tuple[int, int]:
    """Write the archive; returns how many rows and files stand in it. A file that is gone is left out."""
    data = privacy.export(person)
    number = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(data, indent=2, ensure_ascii=False))
        for one in files_of(person).iterator(chunk_size=100):
            if not one.file.storage.exists(one.file.name or ""):
                continue
            with one.file.open() as source, archive.open(f"attachments/{one.token}/{one.name}", "w") as kept:
                shutil.copyfileobj(source, kept)
            number += 1
    return sum(len(rows) for kinds in data.values() for rows in kinds.values()), number
