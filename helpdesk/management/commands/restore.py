"""A backup into an empty installation."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from helpdesk import backups
from tickets.background import sealer


class Command(BaseCommand):
    help = (
        "Put a backup into an empty database and an empty VAR_DIR, bring it up to this release, and check that rows "
        "and trail are whole."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="archive that `backup` wrote")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            manifest = backups.restore(file)
        except backups.BackupError as error:
            raise CommandError(str(error)) from error
        call_command("migrate", verbosity=0, interactive=False)
        broken = sealer.first_broken_position()
        if broken is not None:
            raise CommandError(f"Everything is restored, but the trail is broken at position {broken}.")
        self.stdout.write(f"Restored what was backed up at {manifest['made_at']}; rows and trail are whole.")
