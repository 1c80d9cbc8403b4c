"""The search index: how it stands, and building it anew."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tickets.search import catch_up
from tickets.search.models import Entry


class Command(BaseCommand):
    help = "Tell how the search index stands; with --rebuild make it anew (searching goes on meanwhile)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rebuild", action="store_true", help="index every ticket anew, newest first")
        parser.add_argument(
            "--trigrams", action="store_true", help="PostgreSQL: add the indexes that need pg_trgm"
        )

    def handle(self, *args: Any, rebuild: bool, trigrams: bool, **options: Any) -> None:
        if trigrams:
            refused = catch_up.add_trigrams()
            if refused:
                raise CommandError(
                    f"The database refused: {refused}. Have a superuser say CREATE EXTENSION pg_trgm; and try again."
                )
        if rebuild:
            self.rebuild()
        self.tell()

    def rebuild(self) -> None:
        last, started, shown = catch_up.start_over(), time.monotonic(), 0.0

        def told(done: int, below: int) -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown > 1:
                shown = now
                share = 100 if not last else round(100 * (last - below + 1) / last)
                self.stderr.write(f"{share} %: {done:,} tickets, {done / (now - started):,.0f} a second")

        done = catch_up.rebuild(told)
        self.stdout.write(f"{done:,} tickets indexed in {time.monotonic() - started:.0f} s.")

    def tell(self) -> None:
        below = catch_up.waiting()
        self.stdout.write(f"{Entry.objects.count():,} tickets are indexed.")
        if below:
            self.stdout.write(f"Those before number {below} are not yet; the worker goes on with them.")
        if catch_up.missing_trigrams():
            self.stdout.write(
                "Parts of names are found slowly: as a superuser say CREATE EXTENSION pg_trgm; then --trigrams."
            )
