"""All that is kept of one person, for that person."""

from __future__ import annotations

import shutil
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import privacy
from tickets.own_data import archive


class Command(BaseCommand):
    help = "Write all that is kept of one person into a zip file: data.json and their attachments."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="the person's e-mail address")
        parser.add_argument("file", type=Path, help="zip file to write; it must not exist")

    def handle(self, *args: Any, address: str, file: Path, **options: Any) -> None:
        if file.exists():
            raise CommandError(f"{file} exists already. Name another file.")
        person = privacy.find(address)
        with tempfile.TemporaryFile() as target:
            number, files = archive.write(person, target)
            if not number:
                raise CommandError(f"Nothing is kept of {address}.")
            target.seek(0)
            with file.open("xb") as kept:
                shutil.copyfileobj(target, kept)
        file.chmod(0o600)
        self.stdout.write(f"Wrote {number} rows and {files} files to {file}.")
