"""Database, files and models into one verified archive, while everything runs."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from helpdesk import backups


class Command(BaseCommand):
    help = (
        "Write database, attachments and models into one archive and verify it, while the helpdesk runs. "
        "It holds everything but .env: keep SECRET_KEY elsewhere, and the archive where nobody else reads it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="tar file to write; with --verify, to read")
        parser.add_argument("--verify", action="store_true", help="only check an archive that is there")

    def handle(self, *args: Any, file: Path, verify: bool, **options: Any) -> None:
        try:
            manifest = backups.verify(file) if verify else backups.make(file.absolute())
        except backups.BackupError as error:
            raise CommandError(str(error)) from error
        rows = ", ".join(f"{number} {table.split('_')[1]}s" for table, number in manifest["rows"].items())
        self.stdout.write(
            f"{file} is whole: {len(manifest['sha256'])} parts of {manifest['made_at']}, {rows}."
        )
