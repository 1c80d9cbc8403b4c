"""Throw the demo's data away."""

from __future__ import annotations

import shutil
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections


class Command(BaseCommand):
    help = "Delete everything under VAR_DIR (database, models, mail, attachments). Only where DEMO=on, on SQLite."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO or settings.PRODUCTION:
            raise CommandError("This is no demo (DEMO is off). Nothing was deleted.")
        if connections["default"].vendor != "sqlite":
            raise CommandError(
                "The demo reset is for the embedded SQLite database only. Nothing was deleted."
            )
        connections.close_all()
        for entry in settings.VAR_DIR.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        self.stdout.write(f"Emptied {settings.VAR_DIR}. 'make run' starts afresh.")
