"""All that is kept of one person, for that person."""

from __future__ import annotations

import json
import zipfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import privacy
from tickets.conversation import Attachment, Message
from tickets.privacy import tickets_of


class Command(BaseCommand):
    help = "Write all that is kept of one person into a zip file: data.json and their attachments."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="the person's e-mail address")
        parser.add_argument("file", type=Path, help="zip file to write; it must not exist")

    def handle(self, *args: Any, address: str, file: Path, **options: Any) -> None:
        if file.exists():
            raise CommandError(f"{file} exists already. Name another file.")
        person = privacy.find(address)
        data = privacy.export(person)
        number = sum(len(rows) for kinds in data.values() for rows in kinds.values())
        if not number:
            raise CommandError(f"Nothing is kept of {address}.")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("data.json", json.dumps(data, indent=2, ensure_ascii=False))
            files = Attachment.objects.filter(
                message__ticket__in=tickets_of(person), message__kind=Message.Kind.REPLY
            )
            for one in files:
                with one.file.open() as stream:
                    archive.writestr(f"attachments/{one.token}/{one.name}", stream.read())
        file.chmod(0o600)
        self.stdout.write(f"Wrote {number} rows and {files.count()} files to {file}.")
