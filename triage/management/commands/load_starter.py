"""Install the starter pack, or a pack of your own in the same format."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from triage.learning.pack import STARTER, PackError, install, read_pack


class Command(BaseCommand):
    help = "Install intents, rules, answers, examples and past tickets. Adds what is missing, overwrites nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "folder", type=Path, nargs="?", default=STARTER, help="a pack (default: the starter pack)"
        )

        parser.add_argument(
            "--keep-auto",
            action="store_true",
            help="answer automatically where the pack says so, although nobody here has read its answers",
        )

    def handle(self, *args: Any, folder: Path, keep_auto: bool, **options: Any) -> None:
        try:
            added = install(read_pack(folder), keep_auto=keep_auto or settings.DEMO)
        except PackError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Added {added.intents} intents, {added.examples} examples, {added.contrast} contrast texts, "
            f"{added.guards} never-automate rules, {added.tickets} past tickets."
        )
